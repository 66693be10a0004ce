"""Characters that no font of this machine has come out as boxes, so the user is told."""

from __future__ import annotations

import json
import re
import unicodedata

from workers.fonts import covered
from workers.renderers.base import Render

DRAWN_HERE = frozenset({"png", "jpeg", "webp", "avif", "tiff", "pdf"})
"""Formats in which text has become shapes or brings its fonts; the others are drawn with their reader's fonts."""
MOST_TOLD = 10

_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
_REFERENCES = re.compile(r"&#(x[0-9a-fA-F]{1,6}|\d{1,7});")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"})
_SELECTORS = frozenset([*map(chr, range(0xFE00, 0xFE10)), *map(chr, range(0xE0100, 0xE01F0))])


def check(content: str, form: str, render: Render) -> None:
    """Warn of up to MOST_TOLD such characters. A document that brings fonts of its own is taken at its word."""
    if form not in DRAWN_HERE or "@font-face" in content:
        return
    lacking = [char for char in sorted(_characters(content)) if _visible(char) and not covered(char)]
    if not lacking:
        return
    names = [f"{char} (U+{ord(char):04X})" for char in lacking[:MOST_TOLD]]
    more = f" and {len(lacking) - MOST_TOLD} more" if len(lacking) > MOST_TOLD else ""
    for char in lacking:
        name = unicodedata.name(char, "")
        render.lack("characters", id=f"U+{ord(char):04X}", name=name, why="no font on this machine has it")
    render.warn(
        f"No font on this machine has {', '.join(names)}{more}: boxes stand there. Install a font that has them and "
        "start the workers again."
    )


def _characters(content: str) -> set[str]:
    r"""The characters beyond ASCII, also those written as `\u4e2d` or `&#20013;`."""
    found = set() if content.isascii() else {char for char in set(content) if not char.isascii()}
    if "\\u" in content:
        for escaped in _ESCAPES.findall(content):
            found |= set(json.loads(f'"{escaped}"'))
    if "&#" in content:
        for number in _REFERENCES.findall(content):
            code = int(number[1:], 16) if number.startswith("x") else int(number)
            found |= {chr(code)} if code <= 0x10FFFF else set()  # noqa: PLR2004 - the last code point
    return found


def _visible(char: str) -> bool:
    return char not in _SELECTORS and unicodedata.category(char) not in _INVISIBLE
