"""Plain canvas shapes, one reader for each type, into nodes of a scene."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from workers.scene.canvas_lines import arrow, free_line
from workers.scene.canvas_styles import CanvasStyles
from workers.scene.geometry import Matrix, Point, placed
from workers.scene.lenient import Notes, first, number, optional, text
from workers.scene.nodes import Colour, Figure, Frame, Group, Label, Node, Picture, Style, Words
from workers.scene.outlines import FORMS
from workers.scene.pictures import Fetch, Pictures
from workers.scene.placeholders import placeholder
from workers.scene.rich_text import plain

Record = dict[str, Any]
_BOX = (160.0, 80.0)
_NOTE = (180.0, 180.0)
_RADIUS = 8.0

_FORMS = {
    **{form: form for form in FORMS},
    "rect": "rectangle",
    "box": "rectangle",
    "square": "rectangle",
    "card": "rectangle",
    "process": "rectangle",
    "roundedrectangle": "rectangle",
    "rounded-rectangle": "rectangle",
    "rounded_rectangle": "rectangle",
    "circle": "ellipse",
    "decision": "diamond",
    "rhombus": "rhombus",
    "parallelogram": "rhombus",
    "database": "cylinder",
    "db": "cylinder",
    "pill": "oval",
    "stadium": "oval",
}


class CanvasShapes:
    """Reads single shapes; who belongs to whom is the reader's business."""

    def __init__(self, styles: CanvasStyles, notes: Notes, fetch: Fetch | None = None) -> None:
        self.styles = styles
        self.notes = notes
        self.pictures = Pictures(fetch)

    def node(self, record: Record, key: str, children: tuple[Node, ...]) -> Node:
        """A shape as a node with its place and opacity."""
        kind = text(first(record, "type", "kind", "shape")).strip().lower()
        if kind in ("geo", ""):
            kind = text(record.get("geo")).strip().lower() or ("rectangle" if kind == "geo" or _sized(record) else "")
        if kind in _FORMS:
            node: Node = self._figure(record, _FORMS[kind], round_=kind == "circle")
        elif kind in _READERS:
            node = _READERS[kind](self, record)
        else:
            node = self._unknown(record, kind)
        if isinstance(node, Frame | Group):
            node = replace(node, children=children)
        elif children:
            node = Group(id="", children=(replace(node, id=key), *children))
        shown = number(record.get("opacity"), 1.0, least=0.0)
        shown = shown / 100 if 1 < shown <= 100 else min(shown, 1.0)  # noqa: PLR2004
        return replace(node, id=key, matrix=_matrix(record, node), opacity=shown)

    def _figure(self, record: Record, form: str, *, round_: bool = False) -> Node:
        width, height = size(record, *_BOX)
        if round_ and optional(first(record, "height", "h")) is None and optional(first(record, "width", "w")):
            height = width
        style = self.styles.area(record)
        label = self.styles.label(record, 16.0, style.fill)
        radius = number(first(record, "corner_radius", "cornerRadius", "border_radius", "borderRadius"), _RADIUS)
        radius = max(min(radius, width / 4, height / 4), 0.0)
        return Figure(id="", form=form, width=width, height=height, style=style, label=label, radius=radius)

    def text(self, record: Record) -> Node:
        """Free text: `color` and `fill` are the colour of its letters."""
        accent = self.styles.accent(record)
        ink = accent[0] if accent else self.styles.paint(record, "fill", "stroke")
        if ink is not None and ink.alpha <= 0:
            ink = None
        found = self.styles.label(record, 18.0, None, align="start", ink=ink)
        label = found or Label(plain(""), self.styles.palette.ink)
        label = replace(label, vertical="start", shrinks=False)
        width = optional(first(record, "width", "w"))
        return Words(id="", label=label, width=width if width is not None and width > 0 else None)

    def note(self, record: Record) -> Node:
        """A sticky note."""
        width, height = size(record, *_NOTE)
        name = record.get("color")
        swatch = self.styles.palette.swatch(name) if isinstance(name, str) else None
        swatch = swatch or self.styles.palette.swatches["yellow"]
        paper = self.styles.paint(record, "fill", "background", "backgroundColor") or swatch.note
        label = self.styles.label(record, 18.0, paper, ink=swatch.note_text)
        style = Style(fill=paper)
        return Figure(
            id="", form="rectangle", width=width, height=height, style=style, label=label, radius=2.0, shadow=True
        )

    def frame(self, record: Record) -> Node:
        """A named area."""
        width, height = size(record, 400.0, 300.0)
        palette = self.styles.palette
        accent = self.styles.accent(record)
        border = self.styles.paint(record, "stroke", "stroke_color", "strokeColor") or (accent[0] if accent else None)
        fill = self.styles.paint(record, "fill", "fill_color", "fillColor", "background", "backgroundColor")
        style = Style(border or palette.frame_line, number(record.get("stroke_width"), 1.0), self.styles.dash(record))
        name = text(first(record, "name", "title", "label", "text")).strip()
        return Frame(
            id="",
            width=width,
            height=height,
            style=replace(style, fill=fill or palette.frame),
            name=name,
            name_colour=palette.faint,
        )

    def group(self, record: Record) -> Node:
        """A group: only a place for its children."""
        return Group(id="", name=text(first(record, "name", "label", "title")).strip())

    def image(self, record: Record) -> Node:
        """An embedded picture, or a placeholder where there is none that may be drawn."""
        width, height = size(record, 240.0, 160.0)
        source, why = self.pictures.embedded(first(record, "src", "href", "url", "data", "image", "dataURL"))
        name = text(first(record, "alt", "name", "text", "title"))
        if not source:
            self.notes.add(f"{{n}} picture{{s}} shown as placeholder{{s}}: {why}.", record, "pictures", name)
            return placeholder("picture", name, width, height, self.styles.palette)
        return Picture(id="", width=width, height=height, source=source, name=name)

    def line(self, record: Record) -> Node:
        """A line, an arrow or a freehand stroke."""
        kind = text(record.get("type")).strip().lower()
        label = self.styles.label(record, 13.0, None)
        if kind in ("draw", "freehand", "pencil", "pen", "freedraw", "path", "highlight"):
            style = self.styles.line(record)
            if kind == "highlight":
                ink = self.styles.palette.swatches["yellow"].highlight if "color" not in record else style.stroke
                width = max(style.width, 20.0) if "stroke_width" not in record else style.width
                style = replace(style, stroke=Colour(ink.hex, 0.45) if ink else None, width=width)
            return free_line(record, style, self.notes)
        return arrow(record, self.styles.line(record), label, headed=kind != "line")

    def _unknown(self, record: Record, kind: str) -> Node:
        shown = kind[:40] or "without a type"
        if optional(record.get("x")) is None and optional(record.get("y")) is None:
            self.notes.add(f"{{n}} shape{{s}} of the unknown type “{shown}” left out: without a place.", record)
            return Group(id="")
        self.notes.add(f"{{n}} shape{{s}} of the unknown type “{shown}” shown as placeholder{{s}}.", record)
        width, height = size(record, 140.0, 80.0)
        label = self.styles.label(record, 14.0, None)
        return placeholder(shown, label.plain if label else "", width, height, self.styles.palette)


def size(record: Record, width: float, height: float) -> tuple[float, float]:
    """Width and height of a shape: its own, twice its radii, or the given ones."""
    radius = optional(first(record, "radius", "r"))
    across, down = optional(record.get("rx")), optional(record.get("ry"))
    wide = optional(first(record, "width", "w"))
    tall = optional(first(record, "height", "h"))
    half_x, half_y = (across if across is not None else radius), (down if down is not None else radius)
    wide = wide if wide is not None else 2 * half_x if half_x is not None else width
    tall = tall if tall is not None else 2 * half_y if half_y is not None else height
    return max(abs(wide), 1.0), max(abs(tall), 1.0)


def _sized(record: Record) -> bool:
    return optional(first(record, "width", "w")) is not None and optional(first(record, "height", "h")) is not None


def _matrix(record: Record, node: Node) -> Matrix:
    """Where a shape stands. One that has a radius and no width is placed by its centre, and turned about it."""
    if isinstance(node, Figure | Picture | Frame):
        width, height = node.width, node.height
    else:
        width = height = 0.0
    x, y = optional(record.get("x")), optional(record.get("y"))
    turn = number(first(record, "rotation", "angle")) * 3.141592653589793 / 180
    centre = optional(record.get("cx")), optional(record.get("cy"))
    sized = first(record, "width", "w", "height", "h") is not None
    if x is None and centre[0] is not None:
        x = centre[0] - width / 2
    elif not sized and first(record, "radius", "r", "rx") is not None and x is not None:
        x -= width / 2
    if y is None and centre[1] is not None:
        y = centre[1] - height / 2
    elif not sized and first(record, "radius", "r", "ry") is not None and y is not None:
        y -= height / 2
    if isinstance(node, Group) and node.children and node.children[0].id and not node.name:
        turn = 0.0
    return placed(x or 0.0, y or 0.0, turn, Point(width / 2, height / 2))


_READERS: dict[str, Callable[[CanvasShapes, Record], Node]] = {
    **dict.fromkeys(("text", "label", "heading", "title"), CanvasShapes.text),
    **dict.fromkeys(("note", "sticky", "sticky-note", "stickynote", "sticky_note"), CanvasShapes.note),
    **dict.fromkeys(("frame", "container", "section", "boundary"), CanvasShapes.frame),
    "group": CanvasShapes.group,
    **dict.fromkeys(("image", "picture"), CanvasShapes.image),
    **dict.fromkeys(
        ("line", "arrow", "connector", "draw", "freehand", "pencil", "pen", "freedraw", "path", "highlight"),
        CanvasShapes.line,
    ),
}
