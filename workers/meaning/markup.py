"""Pages and drawings in markup: canonical XML for SVG, the text itself for HTML."""

from __future__ import annotations

import re

from longshore.errors import BadDocument
from workers.meaning.digest import Meaning, of_bytes

_SEEN = re.compile(rb"<(img|svg|canvas|picture|video|hr|table|math|input)\b|background", re.IGNORECASE)
"""Signs of something to be seen that is not text."""
_NOT_TEXT = re.compile(rb"<(script|style|head)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.IGNORECASE | re.DOTALL)
_FRAMES = frozenset({"svg", "g", "defs", "title", "desc", "metadata", "style", "namedview"})
"""Elements of SVG that draw nothing themselves."""


def html(content: bytes) -> Meaning:
    """A page, but for line ends and blanks around it; empty where it holds no text and nothing else to be seen."""
    page = content.replace(b"\r\n", b"\n").strip()
    text = _NOT_TEXT.sub(b"", page).replace(b"&nbsp;", b" ")
    return of_bytes(page, empty=not text.strip() and _SEEN.search(page) is None)


def svg(content: bytes) -> Meaning:
    """A drawing as canonical XML (C14N 1.0) without comments. Raises BadDocument where it is not XML."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadDocument(f"The SVG is not XML that can be read: {error}") from error
    drawn = any(isinstance(one.tag, str) and etree.QName(one).localname not in _FRAMES for one in root.iter())
    return of_bytes(etree.tostring(root, method="c14n"), empty=not drawn)
