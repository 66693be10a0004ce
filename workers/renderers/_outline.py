"""The headings of a page."""

from __future__ import annotations

import html
import re

_HEADING = re.compile(r"<h([1-6])([^<>]{0,500})>(.{0,2000}?)</h\1>", re.DOTALL)
_ID = re.compile(r'\bid="([^"]*)"')
_TAGS = re.compile(r"<[^>]*>")


def outline(page: str) -> list[dict[str, object]]:
    """The headings of clean HTML in their order: level, text, anchor."""
    found = []
    for level, attributes, content in _HEADING.findall(page):
        anchor = _ID.search(attributes)
        text = html.unescape(_TAGS.sub("", content)).strip()
        found.append({"level": int(level), "text": text, "anchor": html.unescape(anchor[1]) if anchor else ""})
    return found
