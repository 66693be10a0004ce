"""What stands in for something that cannot be drawn: a dashed box that says what is missing."""

from __future__ import annotations

from workers.scene.nodes import Figure, Label, Run, Style
from workers.scene.palette import Palette

_LONGEST = 80


def placeholder(kind: str, name: str, width: float, height: float, palette: Palette) -> Figure:
    """A dashed box with the kind of thing, and its name where it has one."""
    lines = [(Run(kind, bold=True),)]
    if name.strip():
        shown = " ".join(name.split())
        lines.append((Run(shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"),))
    return Figure(
        id="",
        form="rectangle",
        width=width,
        height=height,
        style=Style(stroke=palette.faint, width=1.25, dash="dashed", fill=palette.frame),
        label=Label(tuple(lines), palette.faint, size=14.0),
        radius=6.0,
    )
