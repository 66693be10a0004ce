"""The scene: every kind of canvas in one common, typed form.

A node's own space has its origin at the shape's top left corner; `matrix` maps that space to its parent's. Colours are
final (the theme is applied when a document is read), so a scene can be drawn without knowing where it came from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from workers.scene.geometry import IDENTITY, ORIGIN, Matrix, Point
from workers.scene.lenient import Lacking

Align = Literal["start", "middle", "end"]
Dash = Literal["solid", "dashed", "dotted"]
Head = Literal["none", "arrow", "triangle", "dot", "square", "diamond", "bar", "inverted"]
Bend = Literal["arc", "elbow"]
Family = Literal["sans", "serif", "mono"]
MIDDLE = Point(0.5, 0.5)
"""The anchor in the middle of a shape."""


class Colour(NamedTuple):
    """A colour as `#rrggbb` with its opacity, 0 to 1."""

    hex: str
    alpha: float = 1.0


@dataclass(frozen=True, slots=True)
class Style:
    """How an area is painted; None paints nothing. `hatch` draws slanted lines over the fill."""

    stroke: Colour | None = None
    width: float = 1.5
    dash: Dash = "solid"
    fill: Colour | None = None
    hatch: Colour | None = None


class Run(NamedTuple):
    """A stretch of text in one face."""

    text: str
    bold: bool = False
    italic: bool = False
    strike: bool = False
    mono: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """Text with its looks. Paragraphs hold runs; `shrinks` allows a smaller size where the room is too small."""

    paragraphs: tuple[tuple[Run, ...], ...]
    colour: Colour
    size: float = 16.0
    family: Family = "sans"
    align: Align = "middle"
    vertical: Align = "middle"
    line_height: float = 1.3
    shrinks: bool = True

    @property
    def plain(self) -> str:
        """The text without its looks, one line per paragraph."""
        return "\n".join("".join(run.text for run in runs) for runs in self.paragraphs).strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What all nodes have. `opacity` multiplies with that of the parents."""

    id: str
    matrix: Matrix = IDENTITY
    opacity: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure(Node):
    """An outlined area with text: boxes, ellipses, notes, placeholders. `form` is a name known to `outlines`."""

    form: str
    width: float
    height: float
    style: Style
    label: Label | None = None
    radius: float = 0.0
    shadow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Words(Node):
    """Free text; a width wraps it."""

    label: Label
    width: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ink(Node):
    """Drawn lines, each a list of points in the node's own space."""

    strokes: tuple[tuple[Point, ...], ...]
    style: Style
    smooth: bool = True
    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture(Node):
    """An embedded picture; `source` is a checked `data:` URL. `crop` is left, top, right, bottom as shares of it."""

    width: float
    height: float
    source: str
    crop: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    flip_x: bool = False
    flip_y: bool = False
    round: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame(Node):
    """A named area that clips its children."""

    width: float
    height: float
    style: Style
    name: str
    name_colour: Colour
    children: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Node):
    """Nodes that belong together."""

    name: str = ""
    children: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class End:
    """One end of a connector: a place in the connector's own space, or a share of a target shape's box.

    An `exact` end goes to the anchor itself, any other stops at the target's border.
    """

    at: Point = ORIGIN
    target: str = ""
    anchor: Point = MIDDLE
    exact: bool = False
    head: Head = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector(Node):
    """A line between two ends, through the points of `via` in its own space.

    `bow` is how far the middle of an arc leaves the straight way; `middle` is where an elbow turns and `label_at` where
    the label sits, as shares of the way. `gap` keeps the ends off the targets' borders.
    `straighten` lets a line that is almost level or upright meet the targets beside their middles, so that it is.
    """

    start: End
    end: End
    style: Style
    via: tuple[Point, ...] = ()
    label: Label | None = None
    bend: Bend = "arc"
    bow: float = 0.0
    middle: float = 0.5
    label_at: float = 0.5
    gap: float = 0.0
    straighten: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One sheet of a document. `anchors` are nodes that connectors may end at without being drawn."""

    name: str
    nodes: tuple[Node, ...]
    anchors: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """A whole document, with what had to be left out or guessed while reading it."""

    title: str
    pages: tuple[Page, ...]
    warnings: tuple[str, ...] = field(default=())
    lacking: tuple[Lacking, ...] = field(default=())

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(page.nodes for page in self.pages)

    @property
    def count(self) -> int:
        """How many nodes there are, those in frames and groups included."""
        return sum(_count(page.nodes) for page in self.pages)


def _count(nodes: tuple[Node, ...]) -> int:
    return sum(1 + (_count(node.children) if isinstance(node, Frame | Group) else 0) for node in nodes)
