"""Which way a connector takes: from anchor to anchor, cut at the borders of the shapes it connects."""

from __future__ import annotations

from dataclasses import dataclass

from workers.scene.geometry import Box, Matrix, Point, around
from workers.scene.nodes import Connector, End
from workers.scene.routes import Chain, Route, bowed, enters, leaves

_CORNER = 10.0
_LOOP = 34.0
_CLOSE = 0.3
_POINTED = 0.08
_LEVEL = 4.0


@dataclass(frozen=True, slots=True)
class Placed:
    """A shape that connectors may end at: its map to the page, its size, and its outline in its own space."""

    matrix: Matrix
    width: float
    height: float
    outline: tuple[Point, ...]

    def anchor(self, share: Point) -> Point:
        """The place on the page at a share of the shape's box."""
        return self.matrix.apply(Point(share.x * self.width, share.y * self.height))

    @property
    def polygon(self) -> tuple[Point, ...]:
        """The outline on the page. Most shapes have no connector that would ask for it."""
        return tuple(self.matrix.apply(point) for point in self.outline)

    @property
    def box(self) -> Box:
        """The box on the page."""
        return around(self.polygon) or Box(0, 0, 0, 0)

    @property
    def fullness(self) -> float:
        """The share of its box that the shape fills: 1 for a box, a half for a diamond."""
        box, polygon = self.box, self.polygon
        twice = sum(a.x * b.y - b.x * a.y for a, b in zip(polygon, polygon[1:] + polygon[:1], strict=True))
        return abs(twice) / 2 / max(box.width * box.height, 1e-9)


def routed(connector: Connector, matrix: Matrix, placed: dict[str, Placed]) -> tuple[Route, float, float]:
    """The way between the anchors, on the page, and the shares where its visible part begins and ends."""
    one, other = placed.get(connector.start.target), placed.get(connector.end.target)
    start, end = _place(connector.start, one, matrix), _place(connector.end, other, matrix)
    if connector.straighten and one and other and not connector.bow and not connector.via:
        start, end = _straight(start, end, one, other)
    if one is not None and one is other and connector.start.anchor == connector.end.anchor:
        return _loop(one), 0.0, 1.0
    if connector.via:
        route: Route = Chain([start, *map(matrix.apply, connector.via), end], _CORNER)
    elif connector.bend == "elbow":
        route = Chain(_elbow(start, end, one, other, connector.middle), _CORNER)
    else:
        route = bowed(start, end, connector.bow)
    first = leaves(route, one.polygon) if one and not connector.start.exact else 0.0
    last = enters(route, other.polygon) if other and not connector.end.exact else 1.0
    length = route.length
    if length > 0:
        visible = (last - first) * length
        gap = min(connector.gap, max(visible, 0.0) / 4)
        first += gap / length if first > 0 else 0.0
        last -= gap / length if last < 1 else 0.0
    return (route, first, last) if last > first else (route, 0.0, 1.0)


def _place(end: End, target: Placed | None, matrix: Matrix) -> Point:
    return target.anchor(end.anchor) if target is not None else matrix.apply(end.at)


def _straight(start: Point, end: Point, first: Placed, last: Placed) -> tuple[Point, Point]:
    """The ends moved to a common height, or a common place across, where they are close to it.

    The end at a pointed shape stays, since it meets the point; else the one at the smaller shape.
    """
    one, other = first.box, last.box
    ratio = first.fullness - last.fullness
    keep_first = ratio < 0 if abs(ratio) > _POINTED else other.width * other.height > one.width * one.height
    wide, tall = abs(end.x - start.x), abs(end.y - start.y)
    if tall <= min(one.height, other.height) * _CLOSE and wide > tall * 2:
        y = start.y if keep_first else end.y
        return Point(start.x, y), Point(end.x, y)
    if wide <= min(one.width, other.width) * _CLOSE and tall > wide * 2:
        x = start.x if keep_first else end.x
        return Point(x, start.y), Point(x, end.y)
    return start, end


def _elbow(start: Point, end: Point, one: Placed | None, other: Placed | None, middle: float) -> list[Point]:
    """Right-angled legs, turning in the gap between the two shapes."""
    a = one.box if one else Box(start.x, start.y, start.x, start.y)
    b = other.box if other else Box(end.x, end.y, end.x, end.y)
    if min(abs(end.x - start.x), abs(end.y - start.y)) < _LEVEL:
        return [start, end]
    right, left = b.left - a.right, a.left - b.right
    below, above = b.top - a.bottom, a.top - b.bottom
    if max(right, left) >= max(below, above):
        if max(right, left) <= 0:
            return [start, Point(end.x, start.y), end]
        x = a.right + right * middle if right > 0 else a.left - left * middle
        return [start, Point(x, start.y), Point(x, end.y), end]
    y = a.bottom + below * middle if below > 0 else a.top - above * middle
    return [start, Point(start.x, y), Point(end.x, y), end]


def _loop(shape: Placed) -> Route:
    """From a shape to itself: out of the right side, over the corner, into the top."""
    box = shape.box
    reach_x, reach_y = min(_LOOP, box.width), min(_LOOP, box.height)
    out = Point(box.right, box.top + min(box.height / 2, reach_y * 0.5))
    into = Point(box.right - min(box.width / 2, reach_x * 0.8), box.top)
    far = Point(box.right + reach_x * 0.8, box.top - reach_y * 0.8)
    return Chain([out, Point(far.x, out.y), far, Point(into.x, far.y), into], _CORNER)
