"""What all hostile documents share."""

from __future__ import annotations

import base64

Documents = dict[str, str]
"""Name of the way out, and the document that tries it."""

SVG = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="200" height="200"'


def as_data(text: str, kind: str = "image/svg+xml") -> str:
    """The text as a `data:` URL."""
    return f"data:{kind};base64,{base64.b64encode(text.encode()).decode()}"
