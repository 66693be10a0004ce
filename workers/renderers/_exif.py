"""What a camera wrote into a picture: when it was taken and with what, read from its EXIF block (CIPA DC-008).

Only a few fields are read, none of them says where. What is broken is skipped.
"""

from __future__ import annotations

import re
import struct
from typing import Any

MOST_FIELDS = 500
"""Fields of one directory that are looked at."""
LONGEST = 200
"""Characters of a text."""

_MAIN = {0x0112: "orientation", 0x010F: "make", 0x0110: "model", 0x0132: "changed"}
_INNER = {0x9003: "taken", 0x9011: "offset", 0xA434: "lens"}
_INNER_AT, _PLACE_AT = 0x8769, 0x8825
_TEXT, _SHORT, _LONG = 2, 3, 4
_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)")
_OFFSET = re.compile(r"[+-]\d\d:\d\d")


def exif(block: bytes) -> dict[str, Any]:
    """Orientation, date, camera and lens as far as they are told, and whether a place is, which is left out."""
    block = block.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None:
        return {}
    found = _fields(block, order, _number(block, order, 4), _MAIN | {_INNER_AT: "inner", _PLACE_AT: "place"})
    found |= _fields(block, order, found.pop("inner", 0), _INNER)
    told: dict[str, Any] = {"orientation": found.get("orientation")}
    told["date"] = _date(found.get("taken") or found.get("changed"), found.get("offset"))
    told["camera"] = _camera(found.get("make"), found.get("model"))
    told["lens"] = found.get("lens")
    return {name: value for name, value in told.items() if value} | {"has_place": "place" in found}


def _fields(block: bytes, order: str, at: Any, names: dict[int, str]) -> dict[str, Any]:
    """The named fields of the directory that begins there."""
    found: dict[str, Any] = {}
    if not isinstance(at, int) or not 0 < at <= len(block) - 2:
        return found
    (count,) = struct.unpack_from(f"{order}H", block, at)
    for start in range(at + 2, min(at + 2 + 12 * min(count, MOST_FIELDS), len(block) - 11), 12):
        tag, kind, length = struct.unpack_from(f"{order}HHI", block, start)
        if tag not in names:
            continue
        if kind == _TEXT:
            place = start + 8 if length <= 4 else _number(block, order, start + 8)  # noqa: PLR2004 - fits in the field
            raw = block[place : place + min(length, LONGEST)].partition(b"\0")[0]
            found[names[tag]] = "".join(raw.decode("utf-8", "replace").split("\n")).strip()
        elif kind in {_SHORT, _LONG} and length == 1:
            (found[names[tag]],) = struct.unpack_from(order + ("H" if kind == _SHORT else "I"), block, start + 8)
    return found


def _number(block: bytes, order: str, at: int) -> int:
    found = struct.unpack_from(f"{order}I", block, at) if at + 4 <= len(block) else (0,)
    return int(found[0])


def _date(text: Any, offset: Any) -> str:
    """As ISO 8601 writes it; without an offset where the camera knew none."""
    found = _TIME.match(text) if isinstance(text, str) else None
    if found is None or found[1] == "0000":
        return ""
    zone = offset if isinstance(offset, str) and _OFFSET.fullmatch(offset) else ""
    return f"{found[1]}-{found[2]}-{found[3]}T{found[4]}{zone}"


def _camera(make: Any, model: Any) -> str:
    """Maker and model, the maker once."""
    names = [one for one in (make, model) if isinstance(one, str) and one]
    if len(names) == 2 and names[1].lower().startswith(names[0].lower()):  # noqa: PLR2004 - both are told
        names = names[1:]
    return " ".join(names)
