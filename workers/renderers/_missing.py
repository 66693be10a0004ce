"""The picture that stands where a picture lies elsewhere and is not part of the document."""

from __future__ import annotations

from functools import cache

from workers.renderers._css import picture_url

MOST = 200
"""Boxes in one drawing; further pictures are not shown. A short address must not become a kilobyte without end."""

DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="160" height="120" fill="none" stroke="#868e96" stroke-width="3">'
    '<rect x="2" y="2" width="156" height="116" rx="6" fill="#f1f3f5" stroke-dasharray="9 6"/>'
    '<circle cx="56" cy="44" r="9"/><path d="M34 88l26-28 18 18 20-22 28 32zM36 24l88 72"/></svg>'
)


@cache
def missing() -> str:
    """A dashed box with a picture that is crossed out, as a `data:` URL that every viewer of SVG draws."""
    import pyvips

    picture = pyvips.Image.svgload_buffer(DRAWING.encode())
    return picture_url(picture.pngsave_buffer(palette=True, compression=9, keep=pyvips.ForeignKeep.NONE))
