"""The sheet that a scene is drawn on: it collects markup, definitions and the extent of what was drawn."""

from __future__ import annotations

from workers.scene.geometry import Box, Matrix, Point, around
from workers.scene.markup import element, fine, num
from workers.scene.nodes import Colour, Style
from workers.scene.palette import Palette

_HATCH_STEP = 8.0


class Sheet:
    """A growing drawing. Everything is placed in page space, so the extent is that of the page."""

    def __init__(self, palette: Palette, prefix: str = "d") -> None:
        self.palette = palette
        self.parts: list[str] = []
        self.extent: Box | None = None
        self._prefix = prefix
        self._definitions: dict[str, str] = {}
        self._clip: Box | None = None
        self._clips = 0

    def add(self, markup: str) -> None:
        """Append markup."""
        self.parts.append(markup)

    def cover(self, points: tuple[Point, ...], matrix: Matrix, margin: float = 0.0) -> None:
        """Count points of a shape's own space into the extent, as far as the clip shows them."""
        box = around(matrix.apply(point) for point in points)
        seen = box.grown(margin).cut(self._clip) if box else None
        if seen is not None:
            self.extent = seen.union(self.extent)

    def begin_clip(self, path: str, transform: str | None, box: Box) -> Box | None:
        """Show only what lies inside a path from here on; returns what `end_clip` wants back."""
        self._clips += 1
        name = f"{self._prefix}-clip-{self._clips}"
        shape = element("path", {"d": path, "transform": transform})
        self._definitions[name] = element("clipPath", {"id": name}, shape)
        self.add(f'<g clip-path="url(#{name})">')
        before, self._clip = self._clip, box.cut(self._clip) or Box(box.left, box.top, box.left, box.top)
        return before

    def end_clip(self, before: Box | None) -> None:
        """Back to the clip before."""
        self.add("</g>")
        self._clip = before

    def hatch(self, colour: Colour) -> str:
        """A paint of slanted lines in a colour."""
        name = f"{self._prefix}-hatch-{colour.hex[1:]}"
        line = element("path", {"d": f"M0 0 V{num(_HATCH_STEP)}", "stroke": colour.hex, "stroke-width": 3.0})
        self._definitions[name] = element(
            "pattern",
            {
                "id": name,
                "width": _HATCH_STEP,
                "height": _HATCH_STEP,
                "patternUnits": "userSpaceOnUse",
                "patternTransform": "rotate(45)",
            },
            line,
        )
        return f"url(#{name})"

    def definitions(self) -> str:
        """The `<defs>` element; empty where nothing needs one."""
        return element("defs", {}, "".join(self._definitions.values())) if self._definitions else ""


def stroke(style: Style) -> dict[str, str | float | None]:
    """The attributes of a line; an unpainted or zero-width one has none."""
    if style.stroke is None or style.stroke.alpha <= 0 or style.width <= 0:
        return {}
    width = style.width
    dashes = {
        "solid": None,
        "dashed": f"{num(max(width * 2.6, 5))} {num(max(width * 2.4, 5))}",
        "dotted": f"0.01 {num(max(width * 2.4, 4))}",
    }[style.dash]
    return {
        "stroke": style.stroke.hex,
        "stroke-opacity": opacity(style.stroke.alpha),
        "stroke-width": width,
        "stroke-dasharray": dashes,
        "stroke-linecap": "round",
        "stroke-linejoin": "round",
    }


def fill(colour: Colour | None) -> dict[str, str | float | None]:
    """The attributes of an area."""
    if colour is None or colour.alpha <= 0:
        return {"fill": "none"}
    return {"fill": colour.hex, "fill-opacity": opacity(colour.alpha)}


def opacity(share: float) -> str | None:
    """An opacity attribute; None where it would change nothing."""
    return None if share >= 1 else fine(max(share, 0.0))
