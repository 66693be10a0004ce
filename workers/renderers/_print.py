"""HTML and drawings on paper: headers and footers, bookmarks, and what the PDF tells about itself."""

from __future__ import annotations

import html
import re

from workers.renderers._page import PIXELS_PER_MM, Paper, asked_paper, paper, web_page
from workers.renderers._settings_page import RUNNING_MM
from workers.renderers._svg_size import Size
from workers.renderers.base import Document, Render

TEXT_FOOTER = "{title}||{page} / {pages}"
"""Below a text, where the user chose nothing else."""

_FONTS = "'Noto Sans','Noto Sans CJK SC','Noto Sans Arabic','Noto Color Emoji','DejaVu Sans',sans-serif"
_WORD = re.compile(r"\{(page|pages|title|date)\}")
_CLASSES = {"page": "pageNumber", "pages": "totalPages"}
_INFO = re.compile(rb"/(Title|Creator|Producer) (\((?:\\.|[^\\()])*\)|<[0-9A-Fa-f]*>)")
"""The entries of a PDF's information dictionary that name something."""


def print_text(page: str, source: Document, render: Render) -> bytes:
    """A web page on paper, A4 unless asked otherwise, with header, footer and bookmarks."""
    from workers.browser import browser

    sheet = paper(render)
    header = running(str(render.setting("header", "")), source, sheet, render)
    footer = running(str(render.setting("footer", TEXT_FOOTER)), source, sheet, render)
    pdf = browser().pdf(
        page,
        seconds=render.seconds_left(),
        size_mm=sheet.size_mm,
        margins_mm=sheet.margins_mm,
        header=header if sheet.margins_mm[0] >= RUNNING_MM else "",
        footer=footer if sheet.margins_mm[2] >= RUNNING_MM else "",
        outline=render.setting("outline", default=True) is True,
    )
    return _told(pdf, render)


def print_pictures(images: list[str], size: Size, ground: str, source: Document, render: Render) -> bytes:
    """Images on pages of their own: each page as large as `size`, or each image in the middle of its paper.

    `images` are clean HTML, `ground` a CSS colour, `size` that of the largest image in CSS pixels.
    """
    from workers.browser import browser

    sheet = asked_paper(render)
    page_size, margins = (sheet.whole, sheet.margins_mm) if sheet else (size, (0.0, 0.0, 0.0, 0.0))
    high = int(page_size.height) - 1 if sheet else page_size.height  # rounding must not make a second page
    # The margins are the page's own padding, so that the background covers the whole sheet.
    style = (
        f"body{{margin:0}}body::before{{content:'';position:fixed;inset:0 -2px -2px 0;background:{ground};z-index:-1}}"
        "div+div{break-before:page}"
        f"div{{display:grid;place-items:center;box-sizing:border-box;height:{high:.6g}px;break-inside:avoid;"
        f"padding:{' '.join(f'{margin:g}mm' for margin in margins)}}}"
    )
    page = web_page(source.title, style, "".join(f"<div>{image}</div>" for image in images))
    header, footer = str(render.setting("header", "")), str(render.setting("footer", ""))
    seconds = render.seconds_left()
    if sheet:
        pdf = browser().pdf(
            page,
            seconds=seconds,
            size_mm=sheet.size_mm,
            header=running(header, source, sheet, render),
            footer=running(footer, source, sheet, render),
        )
    else:
        if header.strip() or footer.strip():
            render.warn("Header and footer were left out: a page that fits its drawing has no margin. Set page_size.")
        pdf = browser().pdf(page, seconds=seconds, width_px=size.width, height_px=size.height, pages=len(images))
    return _told(pdf, render)


def running(line: str, source: Document, sheet: Paper, render: Render) -> str:
    """A header or footer as HTML for Chromium, everything that the user wrote escaped; empty for an empty line."""
    if not line.strip():
        return ""
    parts = [part.strip() for part in line.split("|", 2)]
    left_part, middle, right_part = {1: ["", *parts, ""], 2: [parts[0], "", parts[-1]], 3: parts}[len(parts)]
    words = {"title": source.title, "date": str(render.setting("date", ""))}
    # Without a middle the right part, which holds the page number as a rule, is never cut.
    shares = ("1 1 0", "1 1 0", "1 1 0") if middle else ("0 1 auto", "0 0 0", "0 0 auto;max-width:70%")
    cells = "".join(
        f'<span dir="auto" style="flex:{share};min-width:0;text-align:{where};white-space:nowrap;overflow:hidden;'
        f'text-overflow:ellipsis">{_filled(part, words)}</span>'
        for part, where, share in zip((left_part, middle, right_part), ("left", "center", "right"), shares, strict=True)
    )
    _, right, _, left = sheet.margins_mm
    style = (
        f"width:100%;box-sizing:border-box;padding:0 {right * PIXELS_PER_MM:.4g}px 0 {left * PIXELS_PER_MM:.4g}px;"
        "display:flex;align-items:baseline;justify-content:space-between;gap:16px;"
        f"font:8pt {_FONTS};color:#5f6b7a;-webkit-print-color-adjust:exact"
    )
    return f'<div style="{style}">{cells}</div>'


def _filled(part: str, words: dict[str, str]) -> str:
    """A part of a line with its words in braces replaced. What replaces them is never read again."""
    pieces = _WORD.split(part)
    text = [html.escape(piece) for piece in pieces[::2]]
    for index, word in enumerate(pieces[1::2]):
        number = _CLASSES.get(word)
        text[index] += f'<span class="{number}"></span>' if number else html.escape(words[word])
    return "".join(text)


def _told(pdf: bytes, render: Render) -> bytes:
    """The PDF with or without its properties; blanked to equal length, so no offset in the file moves."""
    if render.setting("metadata") != "strip":
        return pdf
    start = pdf.rfind(b"/CreationDate")
    start = pdf.rfind(b" obj", 0, start) if start >= 0 else -1
    if start < 0:
        return pdf
    end = pdf.find(b"endobj", start)
    info = _INFO.sub(lambda found: b"/" + found[1] + b" ()" + b" " * (len(found[2]) - 2), pdf[start:end])
    return pdf[:start] + info + pdf[end:]
