"""Pictures inside documents: only those that are embedded, are what they claim to be, and are not too large."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

Fetch = Callable[[str], bytes | None]
"""The picture at an http(s) address, None where it cannot be had."""

_DATA_URL = re.compile(r"data:image/[a-z0-9.+-]{1,40}(?:;[a-z0-9=._-]{1,40})*?;base64,", re.IGNORECASE)
_MAGIC = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF87a": "gif", b"GIF89a": "gif"}
MOST_PIXELS = 64_000_000
"""Pixels of one picture."""
MOST_TOGETHER = 100_000_000
"""Pixels of all pictures that one document draws; one that is drawn twice is decoded twice."""

_WEB = re.compile(r"https?://", re.IGNORECASE)
_REMOTE = re.compile(r"(?:https?:)?//|blob:|file:|asset:", re.IGNORECASE)


class Pictures:
    """The pictures of one document, as `data:` URLs that every SVG viewer draws.

    PNG and JPEG stay as they are. GIF (its first picture) and WebP become PNG, since librsvg draws neither.
    """

    def __init__(self, fetch: Fetch | None = None) -> None:
        self._fetch = fetch
        self._left = MOST_TOGETHER

    def embedded(self, source: Any) -> tuple[str, str]:
        """A picture that is drawn once more, or nothing; and why there is nothing."""
        if not isinstance(source, str) or not source:
            return "", "has no picture data"
        head = _DATA_URL.match(source)
        if head is None and self._fetch and _WEB.match(source):
            content = self._fetch(source)
            return self._checked(content) if content else ("", "lies elsewhere and was not fetched")
        if head is None:
            remote = _REMOTE.match(source)
            return "", "lies elsewhere and is not fetched" if remote else "is not an embedded PNG, JPEG, GIF or WebP"
        try:
            content = base64.b64decode("".join(source[head.end() :].split()), validate=True)
        except (binascii.Error, ValueError):
            return "", "is not valid base64"
        return self._checked(content)

    def _checked(self, content: bytes) -> tuple[str, str]:
        import pyvips

        kind = next((name for magic, name in _MAGIC.items() if content.startswith(magic)), "")
        if not kind and content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            kind = "webp"
        if not kind:
            return "", "is not an embedded PNG, JPEG, GIF or WebP"
        try:
            picture = pyvips.Image.new_from_buffer(content, "")
            pixels = picture.width * picture.height
            if pixels > MOST_PIXELS:
                return "", f"has more than {MOST_PIXELS // 1_000_000} million pixels"
            if pixels > self._left:
                return "", f"takes all pictures together above {MOST_TOGETHER // 1_000_000} million pixels"
            if kind in ("gif", "webp"):
                content, kind = picture.pngsave_buffer(compression=6, keep=0), "png"
        except pyvips.Error:
            return "", "is damaged"
        self._left -= pixels
        return f"data:image/{kind};base64,{base64.b64encode(content).decode()}", ""
