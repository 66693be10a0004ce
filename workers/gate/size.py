"""A picture has as many pixels as were asked for."""

from __future__ import annotations

import struct
from pathlib import Path

from longshore.errors import Permanent
from workers.renderers.base import Document, Render

PIXELS = frozenset({"png", "jpeg", "webp", "avif", "tiff"})
ROUNDING = 1.01
"""Pixels by which a side may differ: each step rounds once."""


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


def fits(size: tuple[float, float], asked: tuple[float | None, float | None], play: float) -> bool:
    """Whether one side is as was asked, and the other as well or, to keep the proportions, smaller."""
    pairs = [(own, wish) for own, wish in zip(size, asked, strict=True) if wish is not None]
    touches = any(abs(own - wish) <= play for own, wish in pairs)
    return touches and all(own <= wish + play for own, wish in pairs)
