"""How large an SVG is, in CSS pixels, and how large it becomes."""

from __future__ import annotations

import copy
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.renderers.base import BadDocument, Render

if TYPE_CHECKING:
    from lxml.etree import _Element

PIXELS_PER_UNIT = {"": 1, "px": 1, "pt": 4 / 3, "pc": 16, "in": 96, "cm": 96 / 2.54, "mm": 96 / 25.4, "q": 96 / 101.6}
"""CSS pixels per unit of length, CSS Values 4, section 6.2; `em` and `ex` are those of 16 px text."""

SMALLEST, LARGEST = 0.001, 1e9
"""CSS pixels of a side beyond which proportions get lost in floating point."""

_UNITS = {**PIXELS_PER_UNIT, "em": 16, "rem": 16, "ex": 8}
_LENGTH = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?)\s*([a-z]*)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in CSS pixels, both above zero."""

    width: float
    height: float

    def fitted(self, width: float | None, height: float | None) -> Size:
        """The same proportions, as large as fits the wish; unchanged without one."""
        ratios = [wish / own for wish, own in ((width, self.width), (height, self.height)) if wish]
        ratio = min(ratios, default=1)
        return Size(self.width * ratio, self.height * ratio)


SIZELESS = Size(300, 150)
"""What CSS gives a drawing that tells no size (CSS 2.2, section 10.3.2)."""


def length(text: str | None) -> float | None:
    """A length in CSS pixels; None where it is missing, relative (`100%`, `auto`) or not a length."""
    found = _LENGTH.fullmatch(text or "")
    if not found or found[2].lower() not in _UNITS:
        return None
    value = float(found[1]) * _UNITS[found[2].lower()]
    return value if math.isfinite(value) else None


def view_box(root: _Element) -> tuple[float, float, float, float] | None:
    """The viewBox as x, y, width and height; None where it is missing or malformed.

    Raises BadDocument where it has no area.
    """
    numbers = [length(part) for part in root.get("viewBox", "").replace(",", " ").split()[:5]]
    x, y, width, height = (*numbers, None, None, None, None)[:4]
    if len(numbers) != 4 or x is None or y is None or width is None or height is None:  # noqa: PLR2004 - x y w h
        return None
    if width <= 0 or height <= 0:
        raise BadDocument(
            f'The SVG\'s viewBox "{root.get("viewBox")}" has no area. Give it a width and height above 0.'
        )
    return x, y, width, height


def measure(root: _Element) -> Size | None:
    """The size that the root element declares; None where neither its attributes nor its viewBox tell.

    Raises BadDocument where it is zero or negative.
    """
    width, height = length(root.get("width")), length(root.get("height"))
    for name, value in (("width", width), ("height", height)):
        if value is not None and value <= 0:
            raise BadDocument(f'The SVG\'s {name} is "{root.get(name)}": nothing of it would show. Make it larger.')
    box = view_box(root)
    if box is None:
        own = Size(width, height) if width and height else None
    elif width or height:
        own = Size(width or (height or 0) * box[2] / box[3], height or (width or 0) * box[3] / box[2])
    else:
        own = Size(box[2], box[3])
    if own and not (SMALLEST <= own.width <= LARGEST and SMALLEST <= own.height <= LARGEST):
        raise BadDocument(
            f"The SVG is {own.width:.3g} x {own.height:.3g} pixels large; {SMALLEST} to {LARGEST:.0e} are understood."
        )
    return own


def resize(root: _Element, size: Size) -> None:
    """Give the root element this size in pixels; what it shows stays the same, larger or smaller."""
    if view_box(root) is None:
        own = measure(root) or size
        root.set("viewBox", f"0 0 {own.width:.6g} {own.height:.6g}")
    root.set("width", f"{size.width:.6g}")
    root.set("height", f"{size.height:.6g}")


def wish(render: Render, name: str) -> float | None:
    """The `width` or `height` that the user asked for, in CSS pixels."""
    value = render.setting(name)
    return float(value) if isinstance(value, int | float) else None


def wished(own: Size, render: Render) -> Size:
    """A drawing's size with the user's wish for a width and height applied."""
    return own.fitted(wish(render, "width"), wish(render, "height"))


def extent(root: _Element) -> Size:
    """Where the ink of a drawing without any size ends, to 4 CSS pixels; SIZELESS where none is near the origin."""
    import pyvips
    from lxml import etree

    field, grain = 4096, 4
    probe = copy.deepcopy(root)
    probe.set("viewBox", f"0 0 {field} {field}")
    resize(probe, Size(field / grain, field / grain))
    ink = pyvips.Image.svgload_buffer(etree.tostring(probe))
    left, top, width, height = ink[3].find_trim(background=[0], threshold=0)
    return Size((left + width) * grain, (top + height) * grain) if width and height else SIZELESS
