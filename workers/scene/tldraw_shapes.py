"""tldraw shapes, one reader for each type, into nodes of a scene."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from workers.scene.geometry import IDENTITY, Matrix, Point, placed
from workers.scene.lenient import FURTHEST, Notes, identity, mapping, number, optional, text
from workers.scene.nodes import Colour, Figure, Frame, Group, Ink, Label, Node, Picture, Style, Words
from workers.scene.outlines import FORMS
from workers.scene.patience import tick
from workers.scene.pictures import Fetch, Pictures
from workers.scene.placeholders import placeholder
from workers.scene.rich_text import plain
from workers.scene.tldraw_arrows import connector
from workers.scene.tldraw_ink import line_points, strokes
from workers.scene.tldraw_store import Store
from workers.scene.tldraw_styles import FONTS, LABELS, Styles

Record = dict[str, Any]
_NOTE = 200.0
_DEEPEST = 100


class Shape(NamedTuple):
    """A shape's record, and the looks inside it."""

    record: Record
    props: Record


class Shapes:
    """Reads the shapes of one store."""

    def __init__(self, store: Store, styles: Styles, notes: Notes, fetch: Fetch | None = None) -> None:
        self.store = store
        self.styles = styles
        self.notes = notes
        self.pictures = Pictures(fetch)
        self.reached = 0
        self._open: set[str] = set()

    def of(self, parent: str) -> tuple[Node, ...]:
        """The shapes whose parent has this id, back to front. A shape inside itself is left out."""
        if parent in self._open or len(self._open) > _DEEPEST:
            return ()
        self._open.add(parent)
        found = tuple(self._shape(record) for record in self.store.children.get(parent, ()))
        self._open.discard(parent)
        return found

    def _shape(self, record: Record) -> Node:
        tick()
        self.reached += 1
        kind = text(record.get("type"))
        props = mapping(record.get("props")) or record
        read = _READERS.get(kind)
        node = read(self, Shape(record, props)) if read else self._unknown(Shape(record, props))
        shown = number(record.get("opacity"), 1.0, least=0.0, most=1.0)
        old = mapping(record.get("props")).get("opacity")
        if old is not None and "opacity" not in record:
            shown = number(old, 1.0, least=0.0, most=1.0)
        return replace(node, id=identity(record.get("id")), matrix=_matrix(record), opacity=shown)

    def _size(self, props: Record, default: float = 100.0) -> tuple[float, float]:
        width = number(props.get("w", props.get("width")), default, least=1.0)
        height = number(props.get("h", props.get("height")), default, least=1.0)
        return width, min(height + number(props.get("growY"), 0.0, least=0.0), FURTHEST)

    def geo(self, shape: Shape) -> Node:
        """A shape with a form and a text."""
        form = text(shape.props.get("geo")) or "rectangle"
        if form not in FORMS:
            self.notes.add(f"{{n}} shape{{s}} of the unknown form “{form[:40]}” drawn as rectangle{{s}}.", shape.record)
        style = self.styles.area(shape.props)
        width, height = self._size(shape.props)
        label = self.styles.label(shape.props, self.styles.size(shape.props, LABELS), style.fill)
        radius = min(6.0, width / 8, height / 8)
        return Figure(id="", form=form, width=width, height=height, style=style, label=label, radius=radius)

    def note(self, shape: Shape) -> Node:
        """A sticky note."""
        scale = number(shape.props.get("scale"), 1.0, least=0.05, most=20.0)
        swatch = self.styles.swatch(shape.props.get("color"))
        size = self.styles.size(shape.props, LABELS)
        smaller = number(shape.props.get("fontSizeAdjustment"), 0.0)
        if smaller > 1:
            size = min(size, smaller * scale)
        ink = swatch.note_text
        if shape.props.get("labelColor") not in (None, "black"):
            ink = self.styles.swatch(shape.props["labelColor"]).solid
        label = self.styles.label(shape.props, size, swatch.note, ink)
        height = _NOTE * scale + number(shape.props.get("growY"), 0.0, least=0.0)
        style = Style(fill=swatch.note)
        return Figure(
            id="", form="rectangle", width=_NOTE * scale, height=height, style=style, label=label, radius=2, shadow=True
        )

    def text(self, shape: Shape) -> Node:
        """Free text."""
        ink = self.styles.swatch(shape.props.get("color")).solid
        found = self.styles.label(shape.props, self.styles.size(shape.props, FONTS), None, ink)
        label = found or Label(plain(""), ink)
        align = shape.props.get("textAlign", shape.props.get("align"))
        label = replace(
            label,
            align="middle" if align == "middle" else "end" if align == "end" else "start",
            vertical="start",
            shrinks=False,
        )
        width = optional(shape.props.get("w"))
        fixed = shape.props.get("autoSize") is False
        if not fixed and width is not None and label.align != "start":
            return Words(id="", label=replace(label, shrinks=True), width=max(width, 1.0) * 1.12)
        return Words(id="", label=label, width=max(width, 1.0) if fixed and width is not None else None)

    def draw(self, shape: Shape) -> Node:
        """Freehand ink."""
        found = strokes(shape.props, self.notes)
        closed = shape.props.get("isClosed") is True
        style = self.styles.area(shape.props) if closed else self.styles.stroke(shape.props)
        return Ink(id="", strokes=found, style=style, closed=closed)

    def highlight(self, shape: Shape) -> Node:
        """A stroke of a highlighter: broad and translucent."""
        swatch = self.styles.swatch(shape.props.get("color"))
        width = self.styles.size(shape.props, FONTS) * 1.1
        style = Style(stroke=Colour(swatch.highlight.hex, 0.45), width=width)
        return Ink(id="", strokes=strokes(shape.props, self.notes), style=style)

    def line(self, shape: Shape) -> Node:
        """A line through points, straight or curved."""
        points = line_points(shape.props)
        style = self.styles.stroke(shape.props)
        return Ink(id="", strokes=(points,) if points else (), style=style, smooth=shape.props.get("spline") == "cubic")

    def arrow(self, shape: Shape) -> Node:
        """An arrow, with what it is bound to."""
        return connector(shape.props, self.store.bindings.get(identity(shape.record.get("id")), []), self.styles)

    def frame(self, shape: Shape) -> Node:
        """A frame with its children."""
        width, height = self._size(shape.props)
        palette = self.styles.palette
        return Frame(
            id="",
            width=width,
            height=height,
            style=Style(stroke=palette.frame_line, width=1.0, fill=palette.frame),
            name=text(shape.props.get("name")).strip() or "Frame",
            name_colour=palette.faint,
            children=self.of(identity(shape.record.get("id"))),
        )

    def group(self, shape: Shape) -> Node:
        """A group with its children."""
        return Group(id="", children=self.of(identity(shape.record.get("id"))))

    def image(self, shape: Shape) -> Node:
        """An embedded picture, or a placeholder where there is none that may be drawn."""
        asset = mapping(mapping(self.store.assets.get(identity(shape.props.get("assetId")))).get("props"))
        name = text(shape.props.get("altText")) or text(asset.get("name"))
        source, why = self.pictures.embedded(asset.get("src") or shape.props.get("url") or shape.props.get("src"))
        width, height = self._size(shape.props)
        if not source:
            self.notes.add(f"{{n}} picture{{s}} shown as placeholder{{s}}: {why}.", shape.record, "pictures", name)
            return placeholder("picture", name, width, height, self.styles.palette)
        crop = mapping(shape.props.get("crop"))
        one, two = mapping(crop.get("topLeft")), mapping(crop.get("bottomRight"))
        edges = (number(one.get("x")), number(one.get("y")), number(two.get("x"), 1.0), number(two.get("y"), 1.0))
        sound = 0 <= edges[0] < edges[2] <= 1 and 0 <= edges[1] < edges[3] <= 1
        sound = sound and min(edges[2] - edges[0], edges[3] - edges[1]) > 0.001  # noqa: PLR2004
        return Picture(
            id="",
            width=width,
            height=height,
            source=source,
            name=name,
            crop=edges if sound else (0.0, 0.0, 1.0, 1.0),
            flip_x=shape.props.get("flipX") is True,
            flip_y=shape.props.get("flipY") is True,
            round=crop.get("isCircle") is True,
        )

    def linked(self, shape: Shape) -> Node:
        """Something that lives elsewhere: a bookmark, an embedded page, a film."""
        kind = text(shape.record.get("type"))
        asset = mapping(mapping(self.store.assets.get(identity(shape.props.get("assetId")))).get("props"))
        name = text(asset.get("title")) or text(asset.get("name")) or text(shape.props.get("url"))
        self.notes.add(
            f"{{n}} {kind} shape{{s}} shown as placeholder{{s}}: what is linked is not fetched.",
            shape.record,
            name=name,
        )
        width, height = self._size(shape.props, 200.0)
        return placeholder(kind, name, width, height, self.styles.palette)

    def _unknown(self, shape: Shape) -> Node:
        kind = text(shape.record.get("type"))[:40] or "without a type"
        if optional(shape.record.get("x")) is None and optional(shape.record.get("y")) is None:
            self.notes.add(f"{{n}} shape{{s}} of the unknown type “{kind}” left out: without a place.", shape.record)
            return Group(id="")
        self.notes.add(f"{{n}} shape{{s}} of the unknown type “{kind}” shown as placeholder{{s}}.", shape.record)
        width, height = self._size(shape.props, 120.0)
        name = self.styles.label(shape.props, 16.0, None)
        return placeholder(kind, name.plain if name else "", width, height, self.styles.palette)


def _matrix(record: Record) -> Matrix:
    x, y, turn = number(record.get("x")), number(record.get("y")), number(record.get("rotation"))
    return placed(x, y, turn, Point(0.0, 0.0)) if (x, y, turn) != (0.0, 0.0, 0.0) else IDENTITY


_READERS: dict[str, Callable[[Shapes, Shape], Node]] = {
    "geo": Shapes.geo,
    "note": Shapes.note,
    "text": Shapes.text,
    "draw": Shapes.draw,
    "highlight": Shapes.highlight,
    "line": Shapes.line,
    "arrow": Shapes.arrow,
    "frame": Shapes.frame,
    "group": Shapes.group,
    "image": Shapes.image,
    "bookmark": Shapes.linked,
    "embed": Shapes.linked,
    "video": Shapes.linked,
}
