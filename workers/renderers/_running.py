"""The line above or below every page: as CSS in the page's own margin, or as HTML that Chromium lays over each page.

CSS costs nothing measurable, HTML 1.5 ms a page, but CSS cannot cut a line that is too long. So what surely fits is
CSS, the rest HTML, and both look the same.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from workers.renderers._page import PIXELS_PER_MM, Paper
from workers.renderers.base import Document, Render

TEXT_PT = 8
_MM_PER_PT = 25.4 / 72
_EDGE_PX = 20
"""From the edge of the paper to the line, as Chromium places its templates."""

_LOOK = (
    f"font:{TEXT_PT}pt 'Noto Sans','Noto Sans CJK SC','Noto Sans Arabic','Noto Color Emoji','DejaVu Sans',sans-serif;"
    "color:#5f6b7a;-webkit-print-color-adjust:exact"
)
_WORD = re.compile(r"\{(page|pages|title|date)\}")
_CLASSES = {"page": "pageNumber", "pages": "totalPages"}
_NARROW = re.compile(r"[ -\u052f]*")
"""Latin, Greek and Cyrillic, whose letters are on average well below one em wide."""
_ROOMY = 10
"""Digits of the page numbers and the gap between the parts, in em."""


@dataclass(frozen=True, slots=True)
class Line:
    """A header or footer: its parts at the left, in the middle and at the right, with words in braces to fill in."""

    parts: tuple[str, str, str]
    words: dict[str, str]
    sheet: Paper

    def fits(self) -> bool:
        """Whether it is certain that no part touches another."""
        filled = [_WORD.sub(lambda found: self.words.get(found[1], ""), part) for part in self.parts]
        room = (self.sheet.size_mm[0] - self.sheet.margins_mm[1] - self.sheet.margins_mm[3]) / _MM_PER_PT / TEXT_PT
        longest = 3 * max(map(len, filled)) if filled[1] else sum(map(len, filled))
        return longest + _ROOMY <= room and all(_NARROW.fullmatch(part) for part in filled)

    def css(self, side: str) -> str:
        """The line as margin boxes of `@page` (CSS Paged Media 3, section 4.2); `side` is `top` or `bottom`."""
        return "".join(
            f"@{side}-{where}{{content:{self._content(part)};{_LOOK};text-align:{where};vertical-align:{side};"
            f"padding-{side}:{_EDGE_PX}px;white-space:nowrap;unicode-bidi:plaintext}}"
            for part, where in zip(self.parts, ("left", "center", "right"), strict=True)
            if part
        )

    def html(self) -> str:
        """The line as a template of Chromium, with all that the user wrote escaped; too long a part is cut."""
        # Without a middle the right part, which holds the page number as a rule, is never cut.
        shares = ("1 1 0", "1 1 0", "1 1 0") if self.parts[1] else ("0 1 auto", "0 0 0", "0 0 auto;max-width:70%")
        cells = "".join(
            f'<span dir="auto" style="flex:{share};min-width:0;text-align:{where};white-space:nowrap;overflow:hidden;'
            f'text-overflow:ellipsis">{self._markup(part)}</span>'
            for part, where, share in zip(self.parts, ("left", "center", "right"), shares, strict=True)
        )
        _, right, _, left = self.sheet.margins_mm
        style = (
            f"width:100%;box-sizing:border-box;padding:0 {right * PIXELS_PER_MM:.4g}px 0 {left * PIXELS_PER_MM:.4g}px;"
            f"display:flex;align-items:baseline;justify-content:space-between;gap:16px;{_LOOK}"
        )
        return f'<div style="{style}">{cells}</div>'

    def _content(self, part: str) -> str:
        """A part as the value of `content`: strings, every sign in them spelled as its number, and counters."""
        pieces = _WORD.split(part)
        values = [_string(piece) for piece in pieces]
        values[1::2] = [f"counter({word})" if word in _CLASSES else _string(self.words[word]) for word in pieces[1::2]]
        return " ".join(values)

    def _markup(self, part: str) -> str:
        """A part with its words in braces replaced. What replaces them is never read again."""
        pieces = _WORD.split(part)
        text = [html.escape(piece) for piece in pieces[::2]]
        for index, word in enumerate(pieces[1::2]):
            number = _CLASSES.get(word)
            text[index] += f'<span class="{number}"></span>' if number else html.escape(self.words[word])
        return "".join(text)


def running(line: str, source: Document, sheet: Paper, render: Render) -> Line | None:
    """A header or footer as the user wrote it, parted by `|`; None for an empty line."""
    if not line.strip():
        return None
    parts = [part.strip() for part in line.split("|", 2)]
    left, middle, right = {1: ["", *parts, ""], 2: [parts[0], "", parts[-1]], 3: parts}[len(parts)]
    words = {"title": source.title, "date": str(render.setting("date", ""))}
    return Line((left, middle, right), words, sheet)


def _string(text: str) -> str:
    return '"' + "".join(sign if sign.isalnum() else f"\\{ord(sign):x} " for sign in text) + '"'
