"""A picture has as many pixels as were asked for, and a drawing the size."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.errors import Permanent
from workers.renderers.base import Document, Render

if TYPE_CHECKING:
    from lxml.etree import _Element

PIXELS = frozenset({"png", "jpeg", "webp", "avif", "tiff"})
ROUNDING = 1.01
"""Pixels by which a side may differ: each step rounds once."""
DISTORTED = 0.02
"""Part by which the proportions of a drawing and of its viewBox may differ: small sizes are rounded."""

_NUMBER = re.compile(r"(\d+\.?\d*(?:e[+-]?\d+)?)(?:px)?")
_PARTS = re.compile(r"[-+]?\d*\.?\d+(?:e[-+]?\d+)?")


def dimensions(path: Path, form: str) -> tuple[int, int]:
    """Width and height from the file's header."""
    if form == "png":
        with path.open("rb") as file:
            width, height = struct.unpack(">16xII", file.read(24))
        return width, height
    import pyvips

    picture = pyvips.Image.new_from_file(str(path), access="sequential")
    return picture.width, picture.height


def check(made: Document, form: str, kind: str, render: Render) -> None:
    """Compare with `width`, `height` and `scale`: exactly that large, or as large as fits in it.

    Raises Permanent. Silent where neither side was asked for, or a conversion told why it is another (`resized`).
    """
    wide, high = render.setting("width"), render.setting("height")
    if form == "svg":
        _check_drawing(made, kind, render)
    if form not in PIXELS or render.other_size or not (isinstance(wide, int) or isinstance(high, int)):
        return
    scale = render.setting("scale", 1.0)
    if not isinstance(scale, float) or (kind == "image" and "scale" not in render.settings.model_fields_set):
        scale = 1.0
    width, height = dimensions(made.path, form)
    asked = [side * scale if isinstance(side, int) else None for side in (wide, high)]
    if fits((width, height), (asked[0], asked[1]), ROUNDING * max(1.0, scale)):
        return
    wish = " x ".join(f"{side:g}" if side else "any" for side in asked)
    raise Permanent(f"The {form.upper()} has {width} x {height} pixels, asked for were {wish}. Please report it.")


def drawn(path: Path) -> tuple[float, float] | None:
    """Width and height of an SVG in CSS pixels as its root element says; None where it says none."""
    root = _root(path)
    sides = [_NUMBER.fullmatch(root.get(name, "")) for name in ("width", "height")]
    width, height = (float(side[1]) if side else 0.0 for side in sides)
    return (width, height) if width > 0 and height > 0 else None


def _check_drawing(made: Document, kind: str, render: Render) -> None:
    """A drawing of ours says how large it is, shows all of its viewBox, and is as large as was asked for."""
    size = drawn(made.path)
    box = [float(part) for part in _PARTS.findall(_root(made.path).get("viewBox", ""))]
    if size is None or len(box) != 4 or min(box[2:]) <= 0:  # noqa: PLR2004 - x, y, width and height
        raise Permanent("The SVG tells no size, or has no viewBox with an area. Please report it.")
    if kind != "svg" and abs(size[0] / size[1] / (box[2] / box[3]) - 1) > DISTORTED:  # who sent one may have meant it
        raise Permanent(
            f"The SVG is {size[0]:g} x {size[1]:g} pixels and its viewBox {box[2]:g} x {box[3]:g}, which has other "
            "proportions. Please report it."
        )
    asked = [side if isinstance(side, int) else None for side in map(render.setting, ("width", "height"))]
    if any(asked) and not render.other_size and not fits(size, (asked[0], asked[1]), ROUNDING):
        wish = " x ".join(f"{side}" if side else "any" for side in asked)
        raise Permanent(f"The SVG is {size[0]:g} x {size[1]:g} pixels, asked for were {wish}. Please report it.")


def _root(path: Path) -> _Element:
    """The root element; nothing behind it is read."""
    from lxml import etree

    with path.open("rb") as file:
        events: Any = etree.iterparse(file, events=("start",), resolve_entities=False, no_network=True)
        root: _Element = next(iter(events))[1]
    return root


def fits(size: tuple[float, float], asked: tuple[float | None, float | None], play: float) -> bool:
    """Whether one side is as was asked, and the other as well or, to keep the proportions, smaller."""
    pairs = [(own, wish) for own, wish in zip(size, asked, strict=True) if wish is not None]
    touches = any(abs(own - wish) <= play for own, wish in pairs)
    return touches and all(own <= wish + play for own, wish in pairs)
