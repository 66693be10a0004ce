"""Arrow heads: path data at the end of a line, and how far the line must stop before the tip."""

from __future__ import annotations

from dataclasses import dataclass

from workers.scene.geometry import Point
from workers.scene.markup import at, num, polyline
from workers.scene.nodes import Head


@dataclass(frozen=True, slots=True)
class Tip:
    """`path` is filled where `filled`, else stroked; the line ends `back` pixels before the tip."""

    path: str
    filled: bool
    back: float


def head_length(width: float) -> float:
    """Length of a head that suits a line of this width."""
    return 6.0 + 2.6 * width


def tip(head: Head, end: Point, along: Point, width: float, room: float) -> Tip | None:
    """The head whose tip touches `end`, pointing `along`; `room` is the length it may take. None draws none."""
    length = min(head_length(width), room)
    side = Point(-along.y, along.x)
    half = length * 0.42

    def corner(back: float, across: float) -> Point:
        return end.plus(along, -back).plus(side, across)

    drawn = Tip("", filled=False, back=0.0)
    match head:
        case "none":
            return None
        case "arrow":
            wings = (corner(length, half * 1.05), end, corner(length, -half * 1.05))
            drawn = Tip(polyline(wings), filled=False, back=0.0)
        case "triangle":
            notch = corner(length * 0.82, 0)
            path = polyline((end, corner(length, half), notch, corner(length, -half)), closed=True)
            drawn = Tip(path, filled=True, back=length * 0.7)
        case "inverted":
            path = polyline((corner(length, 0), corner(0, half), corner(0, -half)), closed=True)
            drawn = Tip(path, filled=True, back=length * 0.7)
        case "diamond":
            sides = (end, corner(length / 2, half * 0.9), corner(length, 0), corner(length / 2, -half * 0.9))
            drawn = Tip(polyline(sides, closed=True), filled=True, back=length * 0.7)
        case "square":
            wide = length * 0.72
            points = (corner(0, wide / 2), corner(0, -wide / 2), corner(wide, -wide / 2), corner(wide, wide / 2))
            drawn = Tip(polyline(points, closed=True), filled=True, back=wide * 0.7)
        case "dot":
            r = length * 0.36
            turn = f"A{num(r)} {num(r)} 0 0 1"
            path = f"M{at(end)} {turn} {at(corner(2 * r, 0))} {turn} {at(end)} Z"
            drawn = Tip(path, filled=True, back=r)
        case "bar":
            drawn = Tip(polyline((corner(0, half), corner(0, -half))), filled=False, back=0.0)
    return drawn
