"""Lines on a sheet: freehand ink, and connectors with their heads and labels."""

from __future__ import annotations

from workers.scene.arrowheads import tip
from workers.scene.connecting import Placed, routed
from workers.scene.geometry import Matrix, Point
from workers.scene.lettering import line_box, write
from workers.scene.markup import at, element, polyline, transform
from workers.scene.nodes import Connector, Ink, Style
from workers.scene.routes import Route
from workers.scene.sheet import Sheet, fill, opacity, stroke
from workers.scene.wrapping import Block, fit

_LABEL_ROOM = 220.0
_LEAST_LABEL = 64.0
_LABEL_GAP = 5.0
_STEPS = 80
_MOST_CUT = 0.6
_EXTENT_STEPS = 24


def draw_ink(sheet: Sheet, ink: Ink, matrix: Matrix, share: float) -> None:
    """Freehand lines; a line of one point is a dot."""
    paths: list[str] = []
    for points in ink.strokes:
        if len(points) == 1:
            dot = points[0]
            paths.append(f"M{at(dot)} L{at(dot.plus(Point(0.01, 0.0)))}")
        elif ink.smooth and len(points) > 2:  # noqa: PLR2004
            paths.append(_smooth(points, closed=ink.closed))
        elif points:
            paths.append(polyline(points, closed=ink.closed))
        sheet.cover(points, matrix, ink.style.width / 2)
    if not paths:
        return
    common: dict[str, str | float | None] = {"transform": transform(matrix), "opacity": opacity(share)}
    area = ink.style.fill if ink.closed else None
    if ink.closed and ink.style.hatch is not None:
        sheet.add(element("path", {"d": " ".join(paths), "fill": sheet.hatch(ink.style.hatch), **common}))
    sheet.add(element("path", {"d": " ".join(paths), **fill(area), **stroke(ink.style), **common}))


def _smooth(points: tuple[Point, ...], *, closed: bool) -> str:
    """A curve through all points (Catmull-Rom, as cubic Béziers)."""
    last = len(points) - 1
    parts = [f"M{at(points[0])}"]
    count = len(points) if closed else last
    for index in range(count):
        if closed:
            a, b, c, d = (points[(index + step) % len(points)] for step in (-1, 0, 1, 2))
        else:
            a, b = points[max(index - 1, 0)], points[index]
            c, d = points[index + 1], points[min(index + 2, last)]
        one = Point(b.x + (c.x - a.x) / 6, b.y + (c.y - a.y) / 6)
        two = Point(c.x - (d.x - b.x) / 6, c.y - (d.y - b.y) / 6)
        parts.append(f"C{at(one)} {at(two)} {at(c)}")
    return " ".join(parts) + (" Z" if closed else "")


def draw_connector(sheet: Sheet, connector: Connector, matrix: Matrix, share: float, placed: dict[str, Placed]) -> None:
    """A connector between the borders of what it connects."""
    route, first, last = routed(connector, matrix, placed)
    if route.length <= 0:
        return
    style = connector.style
    length = route.length
    room = (last - first) * length * 0.45
    heads = (
        tip(connector.start.head, route.point(first), _turned(route.direction(first)), style.width, room),
        tip(connector.end.head, route.point(last), route.direction(last), style.width, room),
    )
    begin = first + (heads[0].back if heads[0] else 0.0) / length
    stop = max(last - (heads[1].back if heads[1] else 0.0) / length, begin)
    block = fit(connector.label, _room(route, first, last)) if connector.label and connector.label.plain else None
    middle = route.point(first + (last - first) * connector.label_at)
    pieces = [(begin, stop)]
    if block is not None:
        middle, pieces = _label_place(route, block, middle, (begin, stop), connector.label_at)
    line = {**stroke(style), "fill": "none", "opacity": opacity(share)}
    path = " ".join(route.path(a, b) for a, b in pieces if b > a)
    if path:
        sheet.add(element("path", {"d": path, **line}))
    for head in heads:
        if head is not None:
            _draw_head(sheet, head.path, style, share, filled=head.filled)
    shown = tuple(route.point(first + (last - first) * step / _EXTENT_STEPS) for step in range(_EXTENT_STEPS + 1))
    sheet.cover(shown, Matrix(), style.width * 2 + 2)
    if block is not None and connector.label is not None:
        write(sheet, connector.label, block, line_box(block, middle), Matrix(), share=share)


def _room(route: Route, first: float, last: float) -> float:
    """How wide a label may be: on a level line narrower than the line, so that it does not run into the shapes."""
    one, other = route.point(first), route.point(last)
    across = abs(other.x - one.x)
    level = across > abs(other.y - one.y)
    return max(_LEAST_LABEL, min(across * 0.8, _LABEL_ROOM)) if level else _LABEL_ROOM


def _draw_head(sheet: Sheet, path: str, style: Style, share: float, *, filled: bool) -> None:
    solid = stroke(Style(stroke=style.stroke, width=style.width if not filled else min(style.width, 2.0)))
    area = fill(style.stroke) if filled else {"fill": "none"}
    sheet.add(element("path", {"d": path, **area, **solid, "opacity": opacity(share)}))


def _turned(direction: Point) -> Point:
    return Point(-direction.x, -direction.y)


def _label_place(
    route: Route, block: Block, middle: Point, whole: tuple[float, float], label_at: float
) -> tuple[Point, list[tuple[float, float]]]:
    """Where the label goes, and the stretches of line left and right of it.

    A line too short to be cut is left whole, and the label stands beside it.
    """
    begin, stop = whole
    box = line_box(block, middle).grown(_LABEL_GAP)
    hidden = [
        begin + (stop - begin) * step / _STEPS
        for step in range(_STEPS + 1)
        if box.holds(route.point(begin + (stop - begin) * step / _STEPS))
    ]
    if not hidden:
        return middle, [whole]
    if hidden[-1] - hidden[0] <= (stop - begin) * _MOST_CUT:
        return middle, [(begin, hidden[0]), (hidden[-1], stop)]
    along = route.direction(begin + (stop - begin) * label_at)
    side = Point(along.y, -along.x) if along.x >= 0 else Point(-along.y, along.x)
    away = abs(side.x) * block.width / 2 + abs(side.y) * block.height / 2 + _LABEL_GAP
    return middle.plus(side, away), [whole]
