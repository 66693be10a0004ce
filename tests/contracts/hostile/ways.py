"""What all hostile documents share."""

from __future__ import annotations

import base64
from collections.abc import Mapping

Documents = dict[str, str]
"""Name of the way out, and the document that tries it."""

Bombs = Mapping[str, str | bytes]
"""Name of what it asks too much of, and the document."""
DEEP = 100_000
"""Levels that no recursion survives."""

PROPERTIES = (
    "background", "background-image", "border-image", "border-image-source", "clip-path", "content", "cursor", "d",
    "backdrop-filter", "behavior", "fill", "filter", "list-style", "list-style-image", "marker", "marker-start",
    "marker-mid", "marker-end", "mask", "mask-image", "mask-border-source", "offset-path", "shape-outside", "src",
    "stroke", "-moz-binding", "-webkit-box-reflect", "-webkit-mask-image", "-webkit-mask-box-image", "--own",
)  # fmt: skip
"""Properties of CSS whose value a browser has loaded something for, in some version."""

SVG = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="200" height="200"'


def as_data(text: str, kind: str = "image/svg+xml") -> str:
    """The text as a `data:` URL."""
    return f"data:{kind};base64,{base64.b64encode(text.encode()).decode()}"
