"""Lines, arrows and connections of plain canvases."""

from __future__ import annotations

from typing import Any

from workers.scene.geometry import Point
from workers.scene.lenient import Notes, first, identity, mapping, number, optional, point, sequence, text
from workers.scene.nodes import Connector, End, Head, Ink, Label, Style

Record = dict[str, Any]
_STARTS = ("from", "source", "start", "from_id", "fromId", "source_id", "sourceId", "startShapeId", "start_shape_id",
           "startId", "start_id", "fromShapeId")  # fmt: skip
_ENDS = ("to", "target", "end", "to_id", "toId", "target_id", "targetId", "endShapeId", "end_shape_id",
         "endId", "end_id", "toShapeId", "destination")  # fmt: skip
_IDS = ("id", "shapeId", "shape_id", "shape", "boundShapeId", "elementId", "node")
_HEADS: dict[str, Head] = {
    "none": "none", "arrow": "arrow", "open": "arrow", "triangle": "triangle", "filled": "triangle",
    "dot": "dot", "circle": "dot", "square": "square", "diamond": "diamond", "bar": "bar",
}  # fmt: skip
_SIDES = {
    "left": Point(0, 0.5), "right": Point(1, 0.5), "top": Point(0.5, 0), "bottom": Point(0.5, 1),
}  # fmt: skip
_GAP = 2.5


def free_line(record: Record, style: Style, notes: Notes) -> Ink:
    """A freehand stroke through points in the shape's own space."""
    points = _points(record)
    if not points:
        notes.add("{n} stroke{s} without points left out.", record)
    return Ink(id="", strokes=(points,) if points else (), style=style)


def arrow(record: Record, style: Style, label: Label | None, *, headed: bool) -> Connector:
    """A line with two ends: on shapes, at points, or at the corners of its box."""
    origin = Point(number(record.get("x")), number(record.get("y")))
    points = _points(record)
    one, other = first(record, *_STARTS), first(record, *_ENDS)
    near, far = _corner(record, "1", origin), _corner(record, "2", origin)
    start = points[0] if points else near or Point(0.0, 0.0)
    end = points[-1] if points else far or _diagonal(record)
    heads = _heads(record, headed=headed)
    return Connector(
        id="",
        start=terminal(one, start, heads[0], {}) or End(at=start, head=heads[0]),
        end=terminal(other, end, heads[1], {}) or End(at=end, head=heads[1]),
        via=points[1:-1],
        style=style,
        label=label,
        bend=_bend(record),
        bow=number(first(record, "bend", "curvature", "bow"), 0.0, least=-5000, most=5000),
        gap=_GAP,
        straighten=True,
    )


def connection(record: Record, style: Style, label: Label | None, names: dict[str, str]) -> Connector | None:
    """An entry of `connections`; None where an end is missing. `names` maps what ends may say to ids of nodes."""
    heads = _heads(record, headed=True)
    start = terminal(first(record, *_STARTS), None, heads[0], names)
    end = terminal(first(record, *_ENDS), None, heads[1], names)
    if start is None or end is None:
        return None
    return Connector(
        id=identity(record.get("id")),
        start=start,
        end=end,
        via=_points(record),
        style=style,
        label=label,
        bend=_bend(record),
        bow=number(first(record, "bend", "curvature", "bow"), 0.0, least=-5000, most=5000),
        gap=_GAP,
        straighten=True,
    )


def ends_of(record: Record) -> tuple[str, str]:
    """What the two ends of an entry of `connections` say that they are at; empty where they say no shape."""
    found = []
    for value in (first(record, *_STARTS), first(record, *_ENDS)):
        inner = mapping(value)
        named = first(inner, *_IDS) if inner else value
        found.append("" if isinstance(named, bool | list) else identity(named))
    return found[0], found[1]


def terminal(value: Any, fallback: Point | None, head: Head, names: dict[str, str]) -> End | None:
    """One end, from an id, an object with an id or a point; None where it is neither and there is no fallback."""
    inner = mapping(value)
    named = first(inner, *_IDS) if inner else value
    key = "" if isinstance(named, bool | list) else identity(named)
    target = names.get(key, "") if names else key
    if target:
        side = text(first(inner, "side", "port", "anchor", "position")).lower()
        return End(at=fallback or Point(0.0, 0.0), target=target, anchor=_SIDES.get(side, Point(0.5, 0.5)), head=head)
    place = point(value) or fallback
    return None if place is None else End(at=place, head=head)


def _points(record: Record) -> tuple[Point, ...]:
    """The points of a line: pairs, objects, or a flat list of numbers."""
    entries = sequence(first(record, "points", "path_points", "waypoints", "vertices"))
    if len(entries) >= 4 and all(optional(entry) is not None for entry in entries):  # noqa: PLR2004
        flat = [number(entry) for entry in entries]
        return tuple(Point(x, y) for x, y in zip(flat[::2], flat[1::2], strict=False))
    return tuple(place for place in map(point, entries) if place is not None)


def _corner(record: Record, which: str, origin: Point) -> Point | None:
    """An end given as `x1`, `y1` or the like on the page, in the shape's own space."""
    x, y = optional(record.get(f"x{which}")), optional(record.get(f"y{which}"))
    if which == "2" and (x is None or y is None):
        x = optional(first(record, "end_x", "endX")) if x is None else x
        y = optional(first(record, "end_y", "endY")) if y is None else y
    if x is None and y is None:
        return None
    return Point((origin.x if x is None else x) - origin.x, (origin.y if y is None else y) - origin.y)


def _diagonal(record: Record) -> Point:
    wide, tall = optional(first(record, "width", "w")), optional(first(record, "height", "h"))
    return Point(100.0, 0.0) if wide is None and tall is None else Point(wide or 0.0, tall or 0.0)


def _bend(record: Record) -> Any:
    route = text(first(record, "routing", "route", "line_type", "lineType", "connector_type", "style")).lower()
    return "elbow" if route in ("elbow", "orthogonal", "step", "smoothstep", "right-angle") else "arc"


def _heads(record: Record, *, headed: bool) -> tuple[Head, Head]:
    kind = text(record.get("type")).lower()
    start = first(record, "arrow_start", "arrowStart", "arrowheadStart", "startArrowhead", "start_arrow", "startArrow")
    end = first(record, "arrow_end", "arrowEnd", "arrowheadEnd", "endArrowhead", "end_arrow", "endArrow", "arrow")
    both = record.get("bidirectional") is True or kind in ("bidirectional", "double-arrow")
    plain = kind in ("line", "association") or record.get("directed") is False
    usual: Head = "triangle" if headed and not plain else "none"
    return _head(start, "triangle" if both else "none"), _head(end, usual)


def _head(value: Any, usual: Head) -> Head:
    if isinstance(value, bool):
        return "triangle" if value else "none"
    word = text(value).lower()
    return _HEADS.get(word, usual) if word else usual
