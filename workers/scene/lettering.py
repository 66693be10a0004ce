"""Text on a sheet: real `<text>` elements, one `<tspan>` per line, which can be searched, copied and translated."""

from __future__ import annotations

from workers.scene.geometry import Box, Matrix, Point, corners
from workers.scene.markup import element, escaped, fine, num, transform
from workers.scene.nodes import Family, Label, Run
from workers.scene.sheet import Sheet, opacity
from workers.scene.wrapping import Block, fit

FONTS: dict[Family, str] = {
    "sans": "Noto Sans, Noto Sans CJK SC, Noto Color Emoji, DejaVu Sans, sans-serif",
    "serif": "Noto Serif, Noto Serif CJK SC, Noto Color Emoji, DejaVu Serif, serif",
    "mono": "Noto Sans Mono, Noto Sans Mono CJK SC, Noto Color Emoji, DejaVu Sans Mono, monospace",
}
"""The fonts of a family, in the order they are tried."""
_BASELINE = 0.355
"""From the middle of a line down to its baseline, in sizes: half the height of the capitals of Noto Sans (0.714)."""


def letter(sheet: Sheet, label: Label, room: Box, matrix: Matrix, share: float = 1.0) -> Block:
    """Write a label into a room of the shape's own space; returns how it was wrapped."""
    block = fit(label, room.width, room.height)
    write(sheet, label, block, room, matrix, share=share)
    return block


def write(sheet: Sheet, label: Label, block: Block, room: Box, matrix: Matrix, *, share: float = 1.0) -> None:
    """Write text that is wrapped already."""
    if not label.plain:
        return
    left = {"start": room.left, "middle": room.centre.x, "end": room.right}[label.align]
    top = {
        "start": room.top,
        "middle": room.centre.y - block.height / 2,
        "end": room.bottom - block.height,
    }[label.vertical]
    if label.vertical == "middle" and block.height > room.height > 0:
        top = max(top, room.top - (block.height - room.height) / 2)
    spans: list[str] = []
    for index, line in enumerate(block.lines):
        if not line:
            continue
        baseline = top + block.line_height * (index + 0.5) + block.size * _BASELINE
        inner = "".join(_run(run) for run in line)
        spans.append(f'<tspan x="{num(left)}" y="{num(baseline)}">{inner}</tspan>')
    attributes: dict[str, str | float | None] = {
        "font-family": FONTS[label.family],
        "font-size": block.size,
        "fill": label.colour.hex,
        "fill-opacity": opacity(label.colour.alpha),
        "text-anchor": None if label.align == "start" else label.align,
        "opacity": None if share >= 1 else fine(share),
        "transform": transform(matrix),
        "xml:space": "preserve",
    }
    sheet.add(element("text", attributes, "".join(spans)))
    shift = {"start": 0.0, "middle": 0.5, "end": 1.0}[label.align]
    here = Matrix(e=left - block.width * shift, f=top)
    sheet.cover(tuple(here.apply(p) for p in corners(block.width, block.height)), matrix)


def _run(run: Run) -> str:
    content = escaped(run.text)
    looks: dict[str, str | float | None] = {
        "font-weight": "bold" if run.bold else None,
        "font-style": "italic" if run.italic else None,
        "text-decoration": "line-through" if run.strike else None,
        "font-family": FONTS["mono"] if run.mono else None,
    }
    return element("tspan", looks, content) if any(looks.values()) else content


def line_box(block: Block, middle: Point) -> Box:
    """The box of wrapped text around its middle."""
    half, tall = block.width / 2, block.height / 2
    return Box(middle.x - half, middle.y - tall, middle.x + half, middle.y + tall)
