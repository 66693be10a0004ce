"""The points of tldraw's draw, highlight and line shapes, in every encoding that its versions have used.

Until 4.1 a segment held a list of points. Then `points` became base64 of half floats, three for each point; then
`path`: the first point as single floats, each further one as half floats relative to the one before it. A segment with
`dim: 2` has no pressure.
"""

from __future__ import annotations

import base64
import binascii
import math
import struct
from typing import Any

from workers.scene.geometry import Point
from workers.scene.lenient import FURTHEST, Notes, mapping, number, point, sequence, text

Record = dict[str, Any]
_UNREADABLE = "{n} stroke{s} left out: the points are in an encoding that is not known here."


def strokes(props: Record, notes: Notes) -> tuple[tuple[Point, ...], ...]:
    """The points of a freehand shape. Its segments follow each other without a gap, so they make one stroke."""
    scale = number(props.get("scale"), 1.0) or 1.0
    wide = scale * (number(props.get("scaleX"), 1.0) or 1.0)
    tall = scale * (number(props.get("scaleY"), 1.0) or 1.0)
    found: list[Point] = []
    for segment in sequence(props.get("segments")):
        for one in _segment(mapping(segment), notes):
            moved = Point(one.x * wide, one.y * tall)
            if not found or moved.distance(found[-1]) > 0.01:  # noqa: PLR2004
                found.append(moved)
    return (tuple(found),) if found else ()


def _segment(segment: Record, notes: Notes) -> list[Point]:
    flat = segment.get("dim") == 2  # noqa: PLR2004
    path, points = segment.get("path"), segment.get("points")
    if isinstance(path, str):
        found = _relative(path, 2 if flat else 3)
    elif isinstance(points, str):
        found = _absolute(points, 2 if flat else 3)
    else:
        found = [place for place in map(point, sequence(points)) if place is not None]
    if found is None:
        notes.add(_UNREADABLE)
        return []
    return found


def _bytes(encoded: str) -> bytes | None:
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _absolute(encoded: str, each: int) -> list[Point] | None:
    content = _bytes(encoded)
    if content is None or len(content) % (2 * each):
        return None
    values = struct.unpack(f"<{len(content) // 2}e", content)
    return _finite([Point(values[at], values[at + 1]) for at in range(0, len(values), each)])


def _relative(encoded: str, each: int) -> list[Point] | None:
    content = _bytes(encoded)
    if content is None or (content and (len(content) < 4 * each or (len(content) - 4 * each) % (2 * each))):
        return None
    if not content:
        return []
    x, y = struct.unpack_from("<2f", content)
    steps = struct.unpack_from(f"<{(len(content) - 4 * each) // 2}e", content, 4 * each)
    found = [Point(x, y)]
    for at in range(0, len(steps), each):
        x, y = x + steps[at], y + steps[at + 1]
        found.append(Point(x, y))
    return _finite(found)


def _finite(points: list[Point]) -> list[Point] | None:
    sound = all(math.isfinite(value) and abs(value) <= FURTHEST for one in points for value in one)
    return points if sound else None


def line_points(props: Record) -> tuple[Point, ...]:
    """The points of a line shape, in the order of their indexes: `points`, or `handles` of old versions."""
    scale = number(props.get("scale"), 1.0) or 1.0
    points = props.get("points")
    source = points if isinstance(points, dict | list) and points else props.get("handles")
    entries = [entry for entry in sequence(source) if point(entry) is not None]
    if entries and all(isinstance(entry, dict) for entry in entries):
        entries.sort(key=lambda entry: text(entry.get("index")))
    places = [place for place in map(point, entries) if place is not None]
    return tuple(Point(place.x * scale, place.y * scale) for place in places)
