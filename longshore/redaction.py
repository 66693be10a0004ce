"""Keep secrets out of what people read: those that this process has opened now, wherever a provider repeats them.

A provider may answer with the request that it refuses, and an SDK may put that into its error. So every message of ours
(`longshore.errors`) and every log line (`longshore.logs`) goes through `redacted`, whoever wrote it.
"""

from __future__ import annotations

import json
import re
import threading
import weakref
from collections import Counter, deque
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

SHORTEST = 8
"""Characters below which a text is no secret, but may be a word."""
HIDDEN = "***"
_LINE = re.compile(r"[A-Za-z0-9+/=_-]{32,}")
"""A line of a key in PEM."""

_lock = threading.Lock()
_known: Counter[str] = Counter()
_gone: deque[set[str]] = deque()
"""What holders left when they went: a finalizer may run anywhere, even here, and so it takes no lock."""
_pattern: re.Pattern[str] | None = None


def hide_while_alive(holder: object, values: Iterable[Any]) -> None:
    """Hide these secrets for as long as `holder`, which was given them, is alive.

    Of the key file of a service account, as text or as an object, it is the lines of its private key.
    """
    found = {form for value in values for form in _forms(value)}
    if not found:
        return
    weakref.finalize(holder, _gone.append, found)
    with _lock:
        _known.update(found)
        while _gone:
            _known.subtract(_gone.popleft())
        _compile()


def redacted(text: str) -> str:
    """The text with `***` in the place of every secret that is open now."""
    pattern = _pattern
    return pattern.sub(HIDDEN, text) if pattern else text


def _compile() -> None:
    global _pattern  # noqa: PLW0603 - one for the process; it is replaced whole, so it is read without the lock
    for value in [value for value, holders in _known.items() if holders <= 0]:
        del _known[value]
    longest_first = sorted(_known, key=len, reverse=True)
    _pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def _forms(value: Any) -> Iterable[str]:
    """How a secret may be written: as it is, and as an address has it."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            pass  # a secret may begin with a brace
    if isinstance(value, dict):
        for one in value.values():
            if isinstance(one, str) and "PRIVATE KEY" in one:
                yield from _LINE.findall(one)
    elif isinstance(value, str) and len(value) >= SHORTEST:
        yield from (value, quote(value, safe=""), quote_plus(value))
