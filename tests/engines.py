"""Engines of tests: every test has a database of its own, and what was compiled for one serves all of its kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Dialect, Engine, event

_known: dict[str, tuple[Dialect, Any]] = {}
"""By the name of a kind: a dialect that has met a server, and the statements that were compiled for it."""


def sharing(open_engine: Callable[[str], Engine]) -> Callable[[str], Engine]:
    """`open_engine` with what SQLAlchemy compiled before: in a short test compiling is the most of its work."""

    def opened(url: str) -> Engine:
        made = open_engine(url)
        if made.dialect.name in _known:
            made.dialect, made._compiled_cache = _known[made.dialect.name]
        else:
            event.listen(made, "first_connect", lambda *_: _keep(made))
        return made

    return opened


def _keep(engine: Engine) -> None:
    _known.setdefault(engine.dialect.name, (engine.dialect, engine._compiled_cache))
