"""tldraw's style names (colour, fill, dash, size, font) as the looks of a scene."""

from __future__ import annotations

from typing import Any

from workers.scene.colours import colour, over, readable
from workers.scene.lenient import Notes, number, text
from workers.scene.nodes import Align, Colour, Dash, Family, Label, Style
from workers.scene.palette import Palette, Swatch
from workers.scene.rich_text import plain, rich

Record = dict[str, Any]

STROKES = {"s": 2.0, "m": 3.5, "l": 5.0, "xl": 10.0}
"""Stroke widths by size, as tldraw draws them."""
FONTS = {"s": 18.0, "m": 24.0, "l": 36.0, "xl": 44.0}
"""Sizes of free text and of notes' strokes."""
LABELS = {"s": 18.0, "m": 22.0, "l": 26.0, "xl": 32.0}
"""Sizes of text on shapes."""
ARROW_LABELS = {"s": 18.0, "m": 20.0, "l": 24.0, "xl": 28.0}
"""Sizes of text on arrows."""
_THINNER = 0.72
"""Clean lines look heavier than tldraw's hand-drawn ones of the same width."""
_DASHES: dict[str, Dash] = {"dashed": "dashed", "dotted": "dotted"}
_ALIGNS: dict[str, Align] = {
    "start": "start", "start-legacy": "start", "left": "start",
    "end": "end", "end-legacy": "end", "right": "end",
}  # fmt: skip
_FAMILIES: dict[str, Family] = {"serif": "serif", "mono": "mono"}
_LINE_HEIGHT = 1.35
UNKNOWN_COLOUR = "{n} colour{s} not understood and drawn in the default one."


class Styles:
    """Reads styles in one theme."""

    def __init__(self, palette: Palette, notes: Notes) -> None:
        self.palette = palette
        self._notes = notes

    def swatch(self, name: Any) -> Swatch:
        """The swatch of a colour name. CSS colours make their own; anything else is black, and noted."""
        known = self.palette.swatch(name) if isinstance(name, str) else None
        if known is not None:
            return known
        made = colour(name)
        black = self.palette.swatches["black"]
        if made is None or made.alpha <= 0:
            if name is not None:
                self._notes.add(UNKNOWN_COLOUR)
            return black
        light = over(Colour(made.hex, 0.18), self.palette.paper)
        return Swatch(made, light, made, made, readable(self.palette.ink, made, 4.5), made)

    def size(self, props: Record, sizes: dict[str, float]) -> float:
        """A style size in pixels, times the shape's scale."""
        name = text(props.get("size"))
        return sizes.get(name, sizes["m"]) * number(props.get("scale"), 1.0, least=0.05, most=20.0)

    def stroke(self, props: Record) -> Style:
        """The looks of a line."""
        swatch = self.swatch(props.get("color"))
        dash = _DASHES.get(text(props.get("dash")), "solid")
        solid = None if props.get("dash") == "none" else swatch.solid
        return Style(stroke=solid, width=self.size(props, STROKES) * _THINNER, dash=dash)

    def area(self, props: Record) -> Style:
        """The looks of a filled shape."""
        line = self.stroke(props)
        swatch = self.swatch(props.get("color"))
        fill: Colour | None = None
        hatch: Colour | None = None
        match props.get("fill"):
            case "semi":
                fill = self.palette.card
            case "solid":
                fill = swatch.semi
            case "pattern" | "lined-fill":
                fill, hatch = swatch.semi, Colour(swatch.pattern.hex, 0.55)
            case "fill":
                fill = swatch.solid
        return Style(stroke=line.stroke, width=line.width, dash=line.dash, fill=fill, hatch=hatch)

    def label(self, props: Record, size: float, ground: Colour | None, ink: Colour | None = None) -> Label | None:
        """The text of a shape; None where it has none. `ground` is what it is written on, None for the paper."""
        written = props.get("richText")
        paragraphs = rich(written) if isinstance(written, dict) else plain(props.get("text"))
        wanted = ink or self.swatch(props.get("labelColor") or "black").solid
        label = Label(
            paragraphs,
            readable(wanted, over(ground, self.palette.paper)),
            size=size,
            family=_FAMILIES.get(text(props.get("font")), "sans"),
            align=_ALIGNS.get(text(props.get("align")), "middle"),
            vertical=_ALIGNS.get(text(props.get("verticalAlign")), "middle"),
            line_height=_LINE_HEIGHT,
        )
        return label if label.plain else None
