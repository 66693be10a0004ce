"""Points, affine matrices and boxes. Lengths are CSS pixels, y points down, angles are radians clockwise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Point(NamedTuple):
    """A place, or a direction."""

    x: float
    y: float

    def plus(self, other: Point, times: float = 1.0) -> Point:
        """The place moved by `times` times a direction."""
        return Point(self.x + other.x * times, self.y + other.y * times)

    def towards(self, other: Point, share: float) -> Point:
        """The place at `share` (0 here, 1 there) of the straight way to another."""
        return Point(self.x + (other.x - self.x) * share, self.y + (other.y - self.y) * share)

    def distance(self, other: Point) -> float:
        """Length of the straight way."""
        return math.hypot(other.x - self.x, other.y - self.y)

    def unit(self) -> Point:
        """The same direction with length 1; a zero direction points right."""
        length = math.hypot(self.x, self.y)
        return Point(self.x / length, self.y / length) if length > 0 else Point(1.0, 0.0)


class Matrix(NamedTuple):
    """An affine map, in the order of SVG's `matrix(a b c d e f)`."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0

    def apply(self, point: Point) -> Point:
        """Where a point goes."""
        return Point(
            self.a * point.x + self.c * point.y + self.e,
            self.b * point.x + self.d * point.y + self.f,
        )

    def over(self, inner: Matrix) -> Matrix:
        """The map that does `inner` first and this one after it."""
        return Matrix(
            self.a * inner.a + self.c * inner.b,
            self.b * inner.a + self.d * inner.b,
            self.a * inner.c + self.c * inner.d,
            self.b * inner.c + self.d * inner.d,
            self.a * inner.e + self.c * inner.f + self.e,
            self.b * inner.e + self.d * inner.f + self.f,
        )


IDENTITY = Matrix()
ORIGIN = Point(0.0, 0.0)


def placed(x: float, y: float, angle: float = 0.0, about: Point = ORIGIN) -> Matrix:
    """Move to (x, y), turned by `angle` about a point of the shape's own space."""
    cos, sin = math.cos(angle), math.sin(angle)
    return Matrix(
        cos,
        sin,
        -sin,
        cos,
        x + about.x - cos * about.x + sin * about.y,
        y + about.y - sin * about.x - cos * about.y,
    )


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle parallel to the axes."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top

    @property
    def centre(self) -> Point:
        """The middle."""
        return Point((self.left + self.right) / 2, (self.top + self.bottom) / 2)

    def grown(self, by: float) -> Box:
        """Every side moved outwards."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def holds(self, point: Point) -> bool:
        """Whether a point lies inside or on the border."""
        return self.left <= point.x <= self.right and self.top <= point.y <= self.bottom

    def union(self, other: Box | None) -> Box:
        """The smallest box around both."""
        if other is None:
            return self
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def cut(self, other: Box | None) -> Box | None:
        """What both share; None where that is nothing. Cutting with None changes nothing."""
        if other is None:
            return self
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return Box(left, top, right, bottom) if left <= right and top <= bottom else None


def around(points: Iterable[Point]) -> Box | None:
    """The smallest box around points; None where there are none."""
    seen = list(points)
    if not seen:
        return None
    xs, ys = [p.x for p in seen], [p.y for p in seen]
    return Box(min(xs), min(ys), max(xs), max(ys))


def corners(width: float, height: float) -> tuple[Point, Point, Point, Point]:
    """The corners of a box at the origin, clockwise."""
    return Point(0.0, 0.0), Point(width, 0.0), Point(width, height), Point(0.0, height)


def inside(point: Point, polygon: Sequence[Point]) -> bool:
    """Whether a point lies inside a closed polygon (even-odd rule)."""
    within = False
    before = polygon[-1]
    for corner in polygon:
        if (corner.y > point.y) != (before.y > point.y):
            share = (point.y - corner.y) / (before.y - corner.y)
            if point.x < corner.x + share * (before.x - corner.x):
                within = not within
        before = corner
    return within
