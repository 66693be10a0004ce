"""Excalidraw's dark theme, colour by colour, so that vectors stay vectors and photographs stay what they are."""

from __future__ import annotations

from typing import Any

from workers.renderers._pixels import colour
from workers.renderers.base import BadDocument

INVERT = 0.93
"""Excalidraw shows the dark theme through `invert(93%) hue-rotate(180deg)`, which also turns pictures and, in a PDF,
makes pixels of everything."""

TURN = ((-0.574, 1.43, 0.144), (0.426, 0.43, 0.144), (0.426, 1.43, -0.856))
"""A hue turned by 180 degrees (Filter Effects, section 9.6: the matrix of hue-rotate for cos -1 and sin 0)."""


def darkened(name: str) -> str:
    """The colour that the dark theme shows; unchanged where it is none or transparent."""
    try:
        red, green, blue, alpha = colour(name)
    except BadDocument:
        return name
    if not alpha:
        return name
    inverted = [INVERT + (1 - 2 * INVERT) * part / 255 for part in (red, green, blue)]
    turned = (sum(share * part for share, part in zip(row, inverted, strict=True)) for row in TURN)
    parts = [round(255 * min(max(part, 0), 1)) for part in turned]
    return "#" + "".join(f"{part:02x}" for part in (*parts, *([alpha] if alpha < 255 else [])))  # noqa: PLR2004 - opaque


def darken(elements: list[dict[str, Any]]) -> None:
    """Give all elements the colours of the dark theme."""
    for one in elements:
        one["strokeColor"] = darkened(one["strokeColor"])
        one["backgroundColor"] = darkened(one["backgroundColor"])
