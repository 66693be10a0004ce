"""Reading and drawing ask now and then whether there is still time: whoever waits says how that is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_check: ContextVar[Callable[[], object]] = ContextVar("check", default=lambda: None)


@contextmanager
def patience(check: Callable[[], object]) -> Iterator[None]:
    """Within the block `tick` calls `check`, which raises when the time is up."""
    before = _check.set(check)
    try:
        yield
    finally:
        _check.reset(before)


def tick() -> None:
    """Called once for each shape and each word. Raises what the check raises."""
    _check.get()()
