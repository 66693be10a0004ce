"""The outlines of figures: path data to draw, a polygon to stop arrows at, and the room for text."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from workers.scene.geometry import Box, Point, corners
from workers.scene.markup import at, num, polyline

_ROUND_STEPS = 72


@dataclass(frozen=True, slots=True)
class Outline:
    """`path` is filled and stroked, `detail` only stroked. `room` is where text goes."""

    path: str
    polygon: tuple[Point, ...]
    room: Box
    detail: str = ""


Draw = Callable[[float, float, float], Outline]


@lru_cache(maxsize=1024)
def outline(form: str, width: float, height: float, radius: float = 0.0) -> Outline:
    """The outline of a form at a size; an unknown form is a rectangle."""
    return FORMS.get(form, _rectangle)(max(width, 0.01), max(height, 0.01), radius)


def _rectangle(width: float, height: float, radius: float) -> Outline:
    r = max(min(radius, width / 2, height / 2), 0.0)
    room = Box(0, 0, width, height)
    if r <= 0:
        return Outline(polyline(corners(width, height), closed=True), corners(width, height), room)
    arc = f"A{num(r)} {num(r)} 0 0 1"
    path = (
        f"M{num(r)} 0 H{num(width - r)} {arc} {num(width)} {num(r)} V{num(height - r)} {arc} {num(width - r)} "
        f"{num(height)} H{num(r)} {arc} 0 {num(height - r)} V{num(r)} {arc} {num(r)} 0 Z"
    )
    centres = ((width - r, r, -90), (width - r, height - r, 0), (r, height - r, 90), (r, r, 180))
    steps = [(x, y, math.radians(start + 15 * step)) for x, y, start in centres for step in range(7)]
    polygon = tuple(Point(x + r * math.cos(angle), y + r * math.sin(angle)) for x, y, angle in steps)
    return Outline(path, polygon, room)


def _oval(width: float, height: float, _radius: float) -> Outline:
    drawn = _rectangle(width, height, min(width, height) / 2)
    inset = min(width, height) * 0.146
    across = (inset, 0.0) if width >= height else (0.0, inset)
    return Outline(drawn.path, drawn.polygon, Box(across[0], across[1], width - across[0], height - across[1]))


def _ellipse(width: float, height: float, _radius: float) -> Outline:
    rx, ry = width / 2, height / 2
    turns = [2 * math.pi * step / _ROUND_STEPS for step in range(_ROUND_STEPS)]
    polygon = tuple(Point(rx + rx * math.cos(turn), ry + ry * math.sin(turn)) for turn in turns)
    half = f"A{num(rx)} {num(ry)} 0 0 1"
    path = f"M0 {num(ry)} {half} {num(width)} {num(ry)} {half} 0 {num(ry)} Z"
    inset = 0.13  # a little less than (1 - 1/sqrt 2) / 2: text rarely fills its corners
    return Outline(path, polygon, Box(width * inset, height * inset, width * (1 - inset), height * (1 - inset)))


def _cylinder(width: float, height: float, _radius: float) -> Outline:
    rx, ry = width / 2, min(height * 0.16, width * 0.14)
    lid = f"A{num(rx)} {num(ry)} 0 0"
    path = f"M0 {num(ry)} {lid} 1 {num(width)} {num(ry)} V{num(height - ry)} {lid} 1 0 {num(height - ry)} Z"
    turns = [math.pi * step / 24 for step in range(25)]
    top = [Point(rx - rx * math.cos(turn), ry - ry * math.sin(turn)) for turn in turns]
    bottom = [Point(rx + rx * math.cos(turn), height - ry + ry * math.sin(turn)) for turn in turns]
    rim = f"M0 {num(ry)} {lid} 0 {num(width)} {num(ry)}"
    return Outline(path, (*top, *bottom), Box(0, 2 * ry, width, height - ry * 0.5), rim)


def _cloud(width: float, height: float, _radius: float) -> Outline:
    bump = min(width, height) * 0.16
    rx, ry = width / 2 - bump * 0.55, height / 2 - bump * 0.55
    count = max(9, min(24, round(math.pi * (rx + ry) / (bump * 2.4))))
    # Equal steps along the border, not of the angle: the bumps of a wide cloud stay alike.
    turns = [2 * math.pi * step / 360 for step in range(361)]
    walked = [0.0]
    for one, other in pairwise(turns):
        walked.append(
            walked[-1] + math.hypot(rx * (math.cos(other) - math.cos(one)), ry * (math.sin(other) - math.sin(one)))
        )
    points: list[Point] = []
    index = 0
    for step in range(count):
        while walked[index] < walked[-1] * step / count:
            index += 1
        points.append(Point(width / 2 + rx * math.cos(turns[index]), height / 2 + ry * math.sin(turns[index])))
    parts = [f"M{at(points[0])}"]
    for before, after in zip(points, [*points[1:], points[0]], strict=True):
        r = before.distance(after) * 0.56
        parts.append(f"A{num(r)} {num(r)} 0 0 1 {at(after)}")
    out = (1 - 0.35 * bump / rx, 1 - 0.35 * bump / ry)
    hull = tuple(
        Point(
            width / 2 + (p.x - width / 2) * (2 - out[0]) * 2 * rx / width,
            height / 2 + (p.y - height / 2) * (2 - out[1]) * 2 * ry / height,
        )
        for p in _ellipse(width, height, 0).polygon
    )
    return Outline(" ".join(parts) + " Z", hull, Box(width * 0.14, height * 0.18, width * 0.86, height * 0.82))


def _heart(width: float, height: float, _radius: float) -> Outline:
    w, h = width, height
    path = (
        f"M{num(w / 2)} {num(h)} C{num(w * -0.35)} {num(h * 0.45)} {num(w * 0.12)} {num(h * -0.25)} "
        f"{num(w / 2)} {num(h * 0.2)} C{num(w * 0.88)} {num(h * -0.25)} {num(w * 1.35)} {num(h * 0.45)} "
        f"{num(w / 2)} {num(h)} Z"
    )
    shares = ((0.5, 1), (0.1, 0.55), (0.03, 0.3), (0.1, 0.1), (0.27, 0.03), (0.5, 0.2))
    left = [Point(w * x, h * y) for x, y in shares]
    right = [Point(w - p.x, p.y) for p in reversed(left[1:-1])]
    return Outline(path, (*left, *right), Box(w * 0.2, h * 0.2, w * 0.8, h * 0.65))


def _crossed(width: float, height: float, radius: float) -> Outline:
    box = _rectangle(width, height, radius)
    cross = f"M0 0 L{num(width)} {num(height)} M{num(width)} 0 L0 {num(height)}"
    return Outline(box.path, box.polygon, box.room, cross)


def _checked(width: float, height: float, radius: float) -> Outline:
    box = _rectangle(width, height, radius)
    size = min(width, height) * 0.82
    left, top = (width - size) / 2, (height - size) / 2
    tick = (Point(left + size * 0.25, top + size * 0.52), Point(left + size * 0.45, top + size * 0.82))
    end = Point(left + size * 0.82, top + size * 0.22)
    return Outline(box.path, box.polygon, box.room, polyline((*tick, end)))


def _shares(points: tuple[tuple[float, float], ...], room: tuple[float, float, float, float]) -> Draw:
    """A polygon whose corners, and text room, are shares of the box."""

    def draw(width: float, height: float, _radius: float) -> Outline:
        polygon = tuple(Point(x * width, y * height) for x, y in points)
        box = Box(room[0] * width, room[1] * height, room[2] * width, room[3] * height)
        return Outline(polyline(polygon, closed=True), polygon, box)

    return draw


def _regular(sides: int, room: tuple[float, float, float, float], turn: float = -90.0, inner: float = 1.0) -> Draw:
    """A regular polygon stretched to fill its box; `inner` below 1 makes it a star."""
    count = sides * (2 if inner < 1 else 1)
    raw = [
        (math.cos(angle) * far, math.sin(angle) * far)
        for step in range(count)
        for angle, far in [(math.radians(turn + 360 * step / count), inner if inner < 1 and step % 2 else 1.0)]
    ]
    left, right = min(x for x, _ in raw), max(x for x, _ in raw)
    top, bottom = min(y for _, y in raw), max(y for _, y in raw)
    return _shares(tuple(((x - left) / (right - left), (y - top) / (bottom - top)) for x, y in raw), room)


def _leaning(*, left: bool) -> Draw:
    """A parallelogram whose slant does not grow with its length."""

    def draw(width: float, height: float, _radius: float) -> Outline:
        lean = min(width * 0.38, height * 0.38)
        top, bottom = (0.0, lean) if left else (lean, 0.0)
        polygon = (
            Point(top, 0),
            Point(width - bottom, 0),
            Point(width - top, height),
            Point(bottom, height),
        )
        return Outline(polyline(polygon, closed=True), polygon, Box(lean * 0.7, 0, width - lean * 0.7, height))

    return draw


def _trapezoid(width: float, height: float, _radius: float) -> Outline:
    lean = min(width * 0.38, height * 0.38)
    polygon = (Point(lean, 0), Point(width - lean, 0), Point(width, height), Point(0, height))
    return Outline(polyline(polygon, closed=True), polygon, Box(lean * 0.6, 0, width - lean * 0.6, height))


def _arrow(turn: str) -> Draw:
    def draw(width: float, height: float, _radius: float) -> Outline:
        along, across = (width, height) if turn in ("left", "right") else (height, width)
        neck = along - min(across, along) * 0.38
        low, high = across * 0.16, across * 0.84
        raw = [(0, low), (neck, low), (neck, 0), (along, across / 2), (neck, across), (neck, high), (0, high)]
        if turn in ("left", "up"):
            raw = [(along - x, y) for x, y in raw]
        flat = turn in ("left", "right")
        polygon = tuple(Point(x, y) if flat else Point(y, x) for x, y in raw)
        room = Box(0, low, along * 0.9, high) if turn in ("right", "down") else Box(along * 0.1, low, along, high)
        return Outline(
            polyline(polygon, closed=True),
            polygon,
            room if flat else Box(room.top, room.left, room.bottom, room.right),
        )

    return draw


FORMS: dict[str, Draw] = {
    "rectangle": _rectangle,
    "ellipse": _ellipse,
    "oval": _oval,
    "cylinder": _cylinder,
    "cloud": _cloud,
    "heart": _heart,
    "x-box": _crossed,
    "check-box": _checked,
    "diamond": _shares(((0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5)), (0.2, 0.22, 0.8, 0.78)),
    "triangle": _shares(((0.5, 0), (1, 1), (0, 1)), (0.24, 0.42, 0.76, 0.98)),
    "pentagon": _regular(5, (0.16, 0.24, 0.84, 0.94)),
    "hexagon": _regular(6, (0.12, 0.08, 0.88, 0.92), turn=0.0),
    "octagon": _regular(8, (0.1, 0.1, 0.9, 0.9), turn=-67.5),
    "star": _regular(5, (0.27, 0.34, 0.73, 0.72), inner=0.46),
    "rhombus": _leaning(left=False),
    "rhombus-2": _leaning(left=True),
    "trapezoid": _trapezoid,
    "arrow-right": _arrow("right"),
    "arrow-left": _arrow("left"),
    "arrow-up": _arrow("up"),
    "arrow-down": _arrow("down"),
}
"""Every form by name: tldraw's names, and `cylinder`."""
