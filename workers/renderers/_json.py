"""JSON as every library and every format can hold it: finite numbers, whole characters, bounded depth."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from workers.renderers.base import BadDocument, Render

DEEPEST = 200
"""Lists and objects inside each other."""

LONGEST = 308
"""Digits of a whole number that still is one for JavaScript, to which a longer one is Infinity."""

_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_LONE = re.compile("[\ud800-\udfff]")


def read_json(text: str, what: str, render: Render) -> Any:
    """The content of JSON text, called `what` in messages ("The figure").

    NaN and numbers without end are None, as plotly.js takes them; halves of characters are U+FFFD, which is told.
    Raises BadDocument where it is not JSON, or nested deeper than DEEPEST.
    """
    try:
        found = json.loads(text, parse_constant=lambda _: None, parse_float=_finite, parse_int=_countable)
        _measure(found)
    except json.JSONDecodeError as error:
        raise BadDocument(f"{what} is not JSON: {error.msg} on line {error.lineno}, column {error.colno}.") from error
    except RecursionError as error:
        raise BadDocument(f"{what} is nested too deeply to be one.") from error
    except ValueError as error:
        raise BadDocument(f"{what} holds a number with thousands of digits. Shorten it.") from error
    return json.loads(whole(json.dumps(found, ensure_ascii=False), render)) if _HALF.search(text) else found


def whole(text: str, render: Render) -> str:
    """The text with U+FFFD for halves of characters, which is told."""
    written, halves = _LONE.subn("\ufffd", text)
    if halves:
        render.warn("Halves of characters, which no text can hold, were replaced by \ufffd.")
    return written


def _measure(value: Any) -> None:
    """Raise RecursionError where the value is too deep for whatever walks it."""
    level = [value]
    for _ in range(DEEPEST):
        level = [child for parent in level for child in _children(parent) if isinstance(child, dict | list)]
        if not level:
            return
    raise RecursionError


def _children(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _countable(digits: str) -> int | None:
    number = int(digits)
    return number if len(digits) <= LONGEST else None
