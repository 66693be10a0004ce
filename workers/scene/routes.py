"""The ways connectors take, as curves that can be walked, cut and written as path data.

A place on a route is its share of the whole length: 0 is the start, 1 the end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from workers.scene.geometry import Point, around, inside
from workers.scene.markup import at, num

_STEPS = 32
_MOST_STEPS = 4000
_HALVINGS = 16
_FLAT = 1.5


class Route(Protocol):
    """A way from one end to the other."""

    @property
    def length(self) -> float:
        """Length in pixels."""

    def point(self, share: float) -> Point:
        """The place at a share of the length."""

    def direction(self, share: float) -> Point:
        """The unit direction of travel there."""

    def path(self, first: float, last: float) -> str:
        """Path data of a stretch."""


@dataclass(frozen=True, slots=True)
class Arc:
    """A part of a circle, walked from angle `start` over `sweep` radians (positive is clockwise)."""

    centre: Point
    radius: float
    start: float
    sweep: float

    @property
    def length(self) -> float:
        """Length in pixels."""
        return abs(self.sweep) * self.radius

    def point(self, share: float) -> Point:
        """The place at a share of the length."""
        angle = self.start + self.sweep * share
        return self.centre.plus(Point(math.cos(angle), math.sin(angle)), self.radius)

    def direction(self, share: float) -> Point:
        """The unit direction of travel there."""
        angle = self.start + self.sweep * share
        sign = 1.0 if self.sweep >= 0 else -1.0
        return Point(-math.sin(angle) * sign, math.cos(angle) * sign)

    def path(self, first: float, last: float) -> str:
        """Path data of a stretch, in two arcs: one of more than half a circle would be ambiguous."""
        turn = "1" if self.sweep >= 0 else "0"
        arc = f"A{num(self.radius)} {num(self.radius)} 0 0 {turn}"
        middle = self.point((first + last) / 2)
        return f"M{at(self.point(first))} {arc} {at(middle)} {arc} {at(self.point(last))}"


class Chain:
    """Straight lines through points, with corners rounded by `radius`."""

    def __init__(self, points: Sequence[Point], radius: float = 0.0) -> None:
        kept = [points[0]]
        kept.extend(p for p in points[1:] if p.distance(kept[-1]) > 0)
        self.points = kept if len(kept) > 1 else [points[0], points[0]]
        self.radius = radius
        self._walked = [0.0]
        for before, after in zip(self.points, self.points[1:], strict=False):
            self._walked.append(self._walked[-1] + before.distance(after))

    @property
    def length(self) -> float:
        """Length in pixels, along the unrounded corners."""
        return self._walked[-1]

    def _leg(self, share: float) -> tuple[int, float]:
        """The leg a place lies on, and the pixels walked on it."""
        walked = min(max(share, 0.0), 1.0) * self.length
        leg = 0
        while leg < len(self.points) - 2 and self._walked[leg + 1] < walked:
            leg += 1
        return leg, walked - self._walked[leg]

    def point(self, share: float) -> Point:
        """The place at a share of the length."""
        leg, walked = self._leg(share)
        here, there = self.points[leg], self.points[leg + 1]
        length = here.distance(there)
        return here.towards(there, walked / length) if length > 0 else here

    def direction(self, share: float) -> Point:
        """The unit direction of travel there."""
        leg, _ = self._leg(share)
        here, there = self.points[leg], self.points[leg + 1]
        return Point(there.x - here.x, there.y - here.y).unit()

    def path(self, first: float, last: float) -> str:
        """Path data of a stretch."""
        one, other = first * self.length, last * self.length
        between = [p for p, w in zip(self.points, self._walked, strict=True) if one < w < other]
        stretch = [self.point(first), *between, self.point(last)]
        parts = [f"M{at(stretch[0])}"]
        for before, corner, after in zip(stretch, stretch[1:], stretch[2:], strict=False):
            r = min(self.radius, before.distance(corner) / 2, corner.distance(after) / 2)
            if r > 0:
                enter = corner.towards(before, r / before.distance(corner))
                leave = corner.towards(after, r / corner.distance(after))
                parts.append(f"L{at(enter)} Q{at(corner)} {at(leave)}")
            else:
                parts.append(f"L{at(corner)}")
        parts.append(f"L{at(stretch[-1])}")
        return " ".join(parts)


def bowed(start: Point, end: Point, bow: float) -> Route:
    """The arc whose middle lies `bow` pixels from the straight way: below it when walking right and bow is positive."""
    chord = start.distance(end)
    if abs(bow) < _FLAT or chord < 1:
        return Chain([start, end])
    radius = (chord * chord / 4 + bow * bow) / (2 * abs(bow))
    along = Point(end.x - start.x, end.y - start.y).unit()
    side = Point(-along.y, along.x)
    sign = 1.0 if bow > 0 else -1.0
    middle = start.towards(end, 0.5).plus(side, bow)
    centre = middle.plus(side, -sign * radius)
    first = math.atan2(start.y - centre.y, start.x - centre.x)
    last = math.atan2(end.y - centre.y, end.x - centre.x)
    sweep = (last - first) % (2 * math.pi)
    # A bow to the right of travel turns left (counter-clockwise on screen), and the other way round.
    return Arc(centre, radius, first, sweep - 2 * math.pi if sign > 0 else sweep)


def leaves(route: Route, polygon: Sequence[Point]) -> float:
    """Where a route that starts inside a polygon first comes out; 0 where it starts outside or never leaves."""
    if not inside(route.point(0.0), polygon):
        return 0.0
    box = around(polygon)
    reach = (box.width + box.height) / 2 if box else 0.0
    steps = min(max(math.ceil(route.length / max(reach, 1.0) * _STEPS), _STEPS), _MOST_STEPS)
    low = 0.0
    for step in range(1, steps + 1):
        high = step / steps
        if not inside(route.point(high), polygon):
            break
        low = high
    else:
        return 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if inside(route.point(middle), polygon) else (low, middle)
    return high


def enters(route: Route, polygon: Sequence[Point]) -> float:
    """Where a route that ends inside a polygon last goes in; 1 where it ends outside or was never out."""
    return 1.0 - leaves(_Backwards(route), polygon)


@dataclass(frozen=True, slots=True)
class _Backwards:
    """A route walked from its end."""

    route: Route

    @property
    def length(self) -> float:
        return self.route.length

    def point(self, share: float) -> Point:
        return self.route.point(1.0 - share)

    def direction(self, share: float) -> Point:
        there = self.route.direction(1.0 - share)
        return Point(-there.x, -there.y)

    def path(self, first: float, last: float) -> str:
        return self.route.path(1.0 - last, 1.0 - first)
