"""What files and folders are called: safely everywhere, with a number, with a date."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime

from longshore.errors import Refused

PACKED = (".gz", ".zst", ".age")
"""Endings that come after a name's own extension."""


def numbered(name: str, number: int) -> str:
    """The name for conflict policy `rename`: `a.png`, 2 -> `a (2).png`; `a.csv.gz` -> `a (2).csv.gz`."""
    bare, packed = name, ""
    while ending := next((one for one in PACKED if bare.endswith(one) and len(bare) > len(one)), ""):
        bare, packed = bare.removesuffix(ending), ending + packed
    stem, dot, extension = bare.rpartition(".")
    return f"{stem} ({number}){dot}{extension}{packed}" if stem else f"{bare} ({number}){packed}"


def next_free(taken: Callable[[int], bool], number: int) -> int:
    """The number to try for policy `rename` after this one, which is taken: the next one where that is free.

    Else one that is free and comes after one that is taken, found in steps that double and then halve: of a thousand
    numbers in a row some twenty are asked for. Somebody may take it before the caller does, who then asks again.
    """
    step, low = 1, number
    while taken(low + step):
        low += step
        step *= 2
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if taken(middle) else (low, middle)
    return high


def dated(name: str, moment: datetime, *, limit: int = 230) -> str:
    """The name for conflict policy `version` of what had it before: `a.png` -> `a (2026-11-21 14.03.05).png`, in UTC.

    `moment` is when the old one was last changed. The stem is shortened where the whole would be longer than `limit`
    bytes; the default leaves room for a number, should two be of one second.
    """
    stem, dot, extension = name.rpartition(".")
    if not stem:
        stem, dot, extension = name, "", ""
    tail = f" ({moment.astimezone(UTC):%Y-%m-%d %H.%M.%S}){dot}{extension}"
    if len(tail.encode()) > limit // 2:
        stem, tail = name, tail[: tail.index(")") + 1]
    return stem.encode()[: limit - len(tail.encode())].decode(errors="ignore") + tail


UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that no name may hold: controls, formats, lone surrogates, line and paragraph separators."""
JOINERS = "\u200c\u200d"
"""Formats that names do need: emoji sequences, Persian and Indic scripts."""


def safe_name(name: str, *, limit: int = 255) -> str:
    """The name as one path component that any provider takes: NFC, at most `limit` bytes of UTF-8, never `.` or `..`.

    Slashes, control characters and the invisible ones that reorder text become `_`; a long name keeps its extension.
    """
    clean = "".join(
        "_" if char in "/\\" or (unicodedata.category(char) in UNSAFE and char not in JOINERS) else char
        for char in unicodedata.normalize("NFC", name)
    ).strip()
    if not clean.strip("."):
        clean = "_"
    if len(clean.encode()) <= limit:
        return clean
    stem, dot, extension = clean.rpartition(".")
    tail = (dot + extension).encode()
    if not stem or len(tail) > limit // 2:
        stem, tail = clean, b""
    return (stem.encode()[: limit - len(tail)] + tail).decode(errors="ignore")


def folders(*paths: str) -> tuple[str, ...]:
    """The components of paths below each other, as `safe_name` makes them. Raises Refused for `..`."""
    parts = [part for path in paths for part in path.replace("\\", "/").split("/") if part.strip() not in {"", "."}]
    if any(part.strip() == ".." for part in parts):
        raise Refused("A folder may not contain `..`. Name the folder from the connection's own folder downwards.")
    return tuple(map(safe_name, parts))
