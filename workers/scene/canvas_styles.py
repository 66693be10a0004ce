"""The looks of plain canvas shapes, under all the names that writers of canvases use."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workers.scene.colours import colour, mix, over, readable
from workers.scene.lenient import Notes, first, number, text
from workers.scene.nodes import Align, Colour, Dash, Family, Label, Style
from workers.scene.palette import Palette
from workers.scene.rich_text import plain, rich
from workers.scene.tldraw_styles import UNKNOWN_COLOUR

Record = dict[str, Any]
_WIDTH = 1.5
_TINT = 0.16
_ALIGNS: dict[str, Align] = {
    "left": "start", "start": "start", "top": "start",
    "right": "end", "end": "end", "bottom": "end",
    "center": "middle", "centre": "middle", "middle": "middle",
}  # fmt: skip
_DASHES: dict[str, Dash] = {"dashed": "dashed", "dash": "dashed", "dotted": "dotted", "dots": "dotted"}


class CanvasStyles:
    """Reads styles in one theme."""

    def __init__(self, palette: Palette, notes: Notes) -> None:
        self.palette = palette
        self._notes = notes

    def paint(self, record: Record, *names: str) -> Colour | None:
        """The first colour that is there and understood; one that is not is noted."""
        value = first(record, *names)
        if value is None or value == "":
            return None
        found = colour(value)
        if found is None:
            self._notes.add(UNKNOWN_COLOUR)
        return found

    def accent(self, record: Record) -> tuple[Colour, Colour] | None:
        """The line and tint that `color` stands for. The names of tldraw's colours mean those."""
        name = record.get("color")
        swatch = self.palette.swatch(name) if isinstance(name, str) else None
        if swatch is not None:
            return swatch.solid, swatch.semi
        found = self.paint(record, "color")
        if found is None or found.alpha <= 0:
            return None
        return found, mix(self.palette.paper, Colour(found.hex), _TINT)

    def dash(self, record: Record) -> Dash:
        """The dash style, from its name or from a list of lengths."""
        value = first(
            record, "stroke_style", "strokeStyle", "dash", "stroke_dasharray", "strokeDasharray", "line_style"
        )
        if isinstance(value, bool) or value is None:
            return "dashed" if value is True or record.get("dashed") is True else "solid"
        if isinstance(value, list):
            return "dashed" if value else "solid"
        word = text(value).strip().lower()
        return _DASHES.get(word, "dashed" if word[:1].isdigit() and word != "0" else "solid")

    def area(self, record: Record) -> Style:
        """Border and fill of a box."""
        accent = self.accent(record)
        fill = self.paint(
            record, "fill", "fill_color", "fillColor", "background_color", "backgroundColor", "background"
        )
        border = self.paint(record, "stroke", "stroke_color", "strokeColor", "border_color", "borderColor")
        if border is None and accent is not None:
            border = accent[0]
        if border is None:
            solid = fill is not None and fill.alpha > 0 and fill.hex not in ("#ffffff", self.palette.paper.hex)
            border = mix(fill, self.palette.ink, 0.45) if fill and solid else self.palette.outline
        if fill is None:
            fill = accent[1] if accent is not None else self.palette.card
        return Style(stroke=border, width=self.width(record), dash=self.dash(record), fill=fill)

    def line(self, record: Record) -> Style:
        """The looks of a line."""
        accent = self.accent(record)
        paint = self.paint(record, "stroke", "stroke_color", "strokeColor", "line_color", "lineColor")
        return Style(
            stroke=paint or (accent[0] if accent else self.palette.outline),
            width=self.width(record),
            dash=self.dash(record),
        )

    def width(self, record: Record) -> float:
        """Stroke width."""
        value = first(record, "stroke_width", "strokeWidth", "border_width", "borderWidth", "line_width", "lineWidth")
        return number(value, _WIDTH, least=0.0, most=200.0)

    def label(
        self, record: Record, size: float, ground: Colour | None, *, align: Align = "middle", ink: Colour | None = None
    ) -> Label | None:
        """The text of a shape; None where it has none."""
        written = first(record, "text", "label", "content", "name", "title", "richText", "rich_text")
        if isinstance(written, dict):
            paragraphs = rich(written) if written.get("type") == "doc" else plain(written.get("text"))
        else:
            paragraphs = plain(written)
        asked = self.paint(record, "text_color", "textColor", "font_color", "fontColor", "label_color", "labelColor")
        under = over(ground, self.palette.paper)
        family = text(first(record, "font_family", "fontFamily", "font")).lower()
        label = Label(
            paragraphs,
            asked or readable(ink or self.palette.ink, under, 3.0),
            size=number(first(record, "font_size", "fontSize"), size, least=1.0, most=1000.0),
            family=_family(family),
            align=_ALIGNS.get(text(first(record, "text_align", "textAlign", "align")).lower(), align),
            vertical=_ALIGNS.get(
                text(first(record, "vertical_align", "verticalAlign", "text_vertical_align")).lower(), "middle"
            ),
        )
        weight = text(first(record, "font_weight", "fontWeight")).lower()
        bold = record.get("bold") is True or weight in ("bold", "600", "700", "800", "900")
        slant = record.get("italic") is True or text(first(record, "font_style", "fontStyle")).lower() == "italic"
        return _emphasised(label, bold=bold, italic=slant) if label.plain else None


def _family(name: str) -> Family:
    if "mono" in name or "courier" in name or "consol" in name or "code" in name:
        return "mono"
    return "serif" if ("serif" in name and "sans" not in name) or "times" in name or "georgia" in name else "sans"


def _emphasised(label: Label, *, bold: bool, italic: bool) -> Label:
    if not bold and not italic:
        return label
    runs = tuple(
        tuple(run._replace(bold=run.bold or bold, italic=run.italic or italic) for run in line)
        for line in label.paragraphs
    )
    return replace(label, paragraphs=runs)
