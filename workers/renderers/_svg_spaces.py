"""Spaces in the texts of a drawing, written so that every program shows them alike.

By the rules of CSS, which browsers follow, `<tspan>file</tspan><tspan> made</tspan>` has a space in the middle. librsvg
and others drop it, because they look at each piece alone; a piece that says `xml:space="preserve"` they leave as it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.renderers._svg_clean import SVG, XML

if TYPE_CHECKING:
    from lxml.etree import _Element

_SPACE = f"{{{XML}}}space"
_RUN = re.compile(r"[ \t\r\n]+")
_BREAK = re.compile(r"[\t\r\n]")
_PRE = re.compile(r"white-space\s*:\s*(pre|break-spaces)\b")
_HOLDS_TEXT = {f"{{{SVG}}}{name}" for name in ("text", "tspan", "a", "textPath")}


def settle_spaces(root: _Element) -> None:
    """Collapse the spaces of each text that is made of pieces, across them, and have the result kept as it is."""
    for text in root.iter(f"{{{SVG}}}text"):
        if len(text):
            _settle(text)


def _settle(text: _Element) -> None:
    after_space = True  # at the beginning of a text spaces are dropped
    last: tuple[_Element, bool] | None = None
    for element, is_tail in _pieces(text):
        content = (element.tail if is_tail else element.text) or ""
        kept = _is_kept(element.getparent() if is_tail else element)
        if kept:
            content = _BREAK.sub(" ", content)
        else:
            content = _RUN.sub(" ", content)
            content = content.removeprefix(" ") if after_space else content
        if is_tail:
            element.tail = content or None
        else:
            element.text = content or None
        if content:
            after_space = content.endswith(" ") and not kept
            last = (element, is_tail)
    if last and after_space:
        element, is_tail = last
        if is_tail:
            element.tail = (element.tail or "").removesuffix(" ") or None
        else:
            element.text = (element.text or "").removesuffix(" ") or None
    for element in text.iter(f"{{{SVG}}}tspan"):
        if _SPACE in element.attrib:
            del element.attrib[_SPACE]
    text.set(_SPACE, "preserve")


def _pieces(element: _Element) -> list[tuple[_Element, bool]]:
    """Where characters of a text may stand, in their order: in front of an element's children, or after it (True)."""
    found = []
    waiting: list[tuple[_Element, bool]] = [(element, False)]
    while waiting:
        at, is_tail = waiting.pop()
        if is_tail or at.tag in _HOLDS_TEXT:
            found.append((at, is_tail))
        if not is_tail and at.tag in _HOLDS_TEXT:
            for child in reversed(at):
                waiting += [(child, True), (child, False)]
    return found


def _is_kept(element: _Element | None) -> bool:
    """Whether the spaces directly inside an element count as they stand."""
    while element is not None:
        told = element.get(_SPACE)
        style = element.get("style", "")
        if told is not None or ("white-space" in style and _PRE.search(style)):
            return told != "default"
        element = element.getparent()
    return False
