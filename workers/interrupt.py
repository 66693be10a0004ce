"""Stop what the main thread does, at once, even while a system call holds it: a chunk on a slow line, a wait.

The same way as Celery's soft time limit: a signal whose handler raises. Outside the main thread there is no such way,
and the code must ask by itself.
"""

from __future__ import annotations

import signal
import threading
from contextlib import AbstractContextManager, nullcontext
from types import FrameType, TracebackType
from typing import Self

from longshore.errors import Cancelled

SIGNAL = signal.SIGUSR2
"""Unused by Celery's children, whose soft time limit is SIGUSR1."""

_current: Interrupt | None = None


class Interrupt:
    """`with Interrupt() as stop:` is left by Cancelled when any thread calls `stop.now()`. `held()` puts that off."""

    def __init__(self) -> None:
        self._main = threading.current_thread() is threading.main_thread()
        self._held = 0
        self._asked = threading.Event()
        if self._main:
            # Before anybody can call `now`, and never back: by default the signal ends a process.
            signal.signal(SIGNAL, _raise)

    def __enter__(self) -> Self:
        global _current  # noqa: PLW0603 - a handler of a signal knows nothing but its module
        self.check()
        _current = self if self._main else None
        try:
            self.check()
        except Cancelled:
            _current = None  # the signal may still be on its way: there is no block that it could end
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _current  # noqa: PLW0603
        _current = None

    def now(self) -> None:
        """Stop the block. For any thread; harmless when the block has been left."""
        self._asked.set()
        if self._main:
            signal.pthread_kill(threading.main_thread().ident or 0, SIGNAL)

    @property
    def asked(self) -> bool:
        """Whether somebody asked for it."""
        return self._asked.is_set()

    def check(self) -> None:
        """Raises Cancelled where it was asked for."""
        if self._asked.is_set():
            raise Cancelled("Stopped.")

    def held(self) -> _Held:
        """A block that is not interrupted in its middle: a transaction. Cancelled is raised at its end."""
        return _Held(self)

    def caught(self) -> None:
        """What the handler of the signal does."""
        if self._asked.is_set() and not self._held:
            raise Cancelled("Stopped.")


class _Held:
    def __init__(self, interrupt: Interrupt) -> None:
        self._interrupt = interrupt

    def __enter__(self) -> None:
        self._interrupt._held += 1  # noqa: SLF001 - the two are one

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._interrupt._held -= 1  # noqa: SLF001
        if error is None:
            self._interrupt.check()


def held() -> AbstractContextManager[None]:
    """A block that is not interrupted in its middle by whatever stops this process's work; see `Interrupt.held`."""
    return _current.held() if _current is not None else nullcontext()


def _raise(_signal: int, _frame: FrameType | None) -> None:
    if _current is not None:
        _current.caught()
