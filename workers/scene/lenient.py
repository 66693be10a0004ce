"""Reading values from JSON that nobody promised anything about: every function answers, none raises."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Any, NamedTuple

from workers.scene.geometry import Point

FURTHEST = 1_000_000.0
"""Coordinates beyond this are mistakes: no editor's canvas is that large, and viewers lose precision there."""

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*(?:px)?\s*", re.ASCII)


MOST_LACKING = 300
"""Single things that are noted of one document; all are counted."""


class Lacking(NamedTuple):
    """One thing that is not drawn, or not as it was meant."""

    group: str
    id: str
    type: str
    name: str
    why: str


class Notes:
    """What reading left out or guessed, counted by sentence."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lacking: list[Lacking] = []

    def add(self, sentence: str, record: dict[str, Any] | None = None, group: str = "shapes", name: str = "") -> None:
        """Note once more. `{n}` in the sentence becomes the count and `{s}` the plural s.

        `record` is what is not drawn, or not as it was meant, if that can be told; the sentence says why.
        """
        self._counts[sentence] += 1
        if record is not None and len(self._lacking) < MOST_LACKING:
            why = sentence.replace("{n} ", "").replace("{s}", "").rstrip(".")
            told = identity(record.get("id")), text(record.get("type")), name or text(record.get("name"))
            self._lacking.append(Lacking(group, *told, why))

    def lacking(self) -> tuple[Lacking, ...]:
        """Every single thing that was noted with its record, in the order of the document."""
        return tuple(self._lacking)

    def sentences(self) -> tuple[str, ...]:
        """All notes, in the order of their first occurrence."""
        return tuple(
            sentence.replace("{n}", str(count)).replace("{s}", "" if count == 1 else "s")
            for sentence, count in self._counts.items()
        )


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """The value if it is a list, the values of an object, else nothing."""
    if isinstance(value, list):
        return value
    return list(value.values()) if isinstance(value, dict) else []


def optional(value: Any) -> float | None:
    """A finite number within `FURTHEST`, also from text such as "12" or "12px"; None for anything else."""
    if isinstance(value, str):
        match = _NUMBER.fullmatch(value) if len(value) <= 64 else None  # noqa: PLR2004
        value = float(match[1]) if match else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int) and abs(value) > FURTHEST:
        return None
    return float(value) if math.isfinite(value) and abs(value) <= FURTHEST else None


def number(value: Any, default: float = 0.0, *, least: float | None = None, most: float | None = None) -> float:
    """A number as `optional` reads it, or the default, kept between `least` and `most`."""
    found = optional(value)
    found = default if found is None else found
    if least is not None:
        found = max(found, least)
    return found if most is None else min(found, most)


def text(value: Any) -> str:
    """Text without characters that XML forbids; numbers become text, anything else nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if isinstance(value, int) and value.bit_length() > 256:  # noqa: PLR2004
        return ""
    shown = value if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
    return _UNPRINTABLE.sub("", shown.replace("\r\n", "\n").replace("\r", "\n"))


def identity(value: Any) -> str:
    """An id as text; empty where there is none."""
    return text(value) if isinstance(value, str | int) else ""


def point(value: Any) -> Point | None:
    """A point from `{"x", "y"}` or `[x, y]`; None where either is missing."""
    if isinstance(value, dict):
        x, y = optional(value.get("x")), optional(value.get("y"))
    elif isinstance(value, list) and len(value) >= 2:  # noqa: PLR2004
        x, y = optional(value[0]), optional(value[1])
    else:
        return None
    return None if x is None or y is None else Point(x, y)


def first(source: dict[str, Any], *names: str) -> Any:
    """The first of several fields that is there and not null."""
    for name in names:
        value = source.get(name)
        if value is not None:
            return value
    return None
