"""HTML and drawings on paper: headers and footers in their place, and what the PDF tells about itself."""

from __future__ import annotations

import re

from workers.renderers._page import asked_paper, paper, web_page
from workers.renderers._running import running
from workers.renderers._settings_page import RUNNING_MM
from workers.renderers._svg_size import Size
from workers.renderers.base import BadDocument, Document, Render

TEXT_FOOTER = "{title}||{page} / {pages}"
"""Below a text, where the user chose nothing else."""

MAX_PAGES = 5000
"""Pages of a text. The browser takes up to 40 ms for each; what goes on beyond them is not printed."""

_TREE = re.compile(rb"/Type /Pages\n/Count (\d+)")
"""A node of a PDF's tree of pages as Chromium writes it; the root counts all."""
_INFO = re.compile(rb"/(Title|Creator|Producer) (\((?:\\.|[^\\()])*\)|<[0-9A-Fa-f]*>)")
"""The entries of a PDF's information dictionary that name something."""


def print_text(page: str, source: Document, render: Render) -> bytes:
    """A web page on paper, A4 unless asked otherwise, with header, footer and bookmarks.

    Raises BadDocument where it takes more than MAX_PAGES.
    """
    from workers.browser import browser

    sheet = paper(render)
    lines = {
        "top": running(str(render.setting("header", "")), source, sheet, render),
        "bottom": running(str(render.setting("footer", TEXT_FOOTER)), source, sheet, render),
    }
    templates = {"top": "", "bottom": ""}
    boxes = ""
    for (side, line), room in zip(lines.items(), sheet.margins_mm[::2], strict=True):
        if line is None or room < RUNNING_MM:
            continue
        if line.fits() and "@page" not in page:  # a page with rules of its own for paper may leave no room for ours
            boxes += line.css(side)
        else:
            templates[side] = line.html()
    if render.settings.model_fields_set & {"page_size", "orientation"}:  # what was asked for goes above the page's own
        boxes += f"size:{sheet.size_mm[0]:g}mm {sheet.size_mm[1]:g}mm!important;"
    if boxes:
        page = page.replace("</head>", f"<style>@page{{{boxes}}}</style></head>", 1)
    pdf = browser().pdf(
        page,
        seconds=render.seconds_left(),
        pages=MAX_PAGES + 1,
        size_mm=sheet.size_mm,
        margins_mm=sheet.margins_mm,
        header=templates["top"],
        footer=templates["bottom"],
        outline=render.setting("outline", default=True) is True,
    )
    render.pages = max(map(int, _TREE.findall(pdf)), default=0)
    if render.pages > MAX_PAGES:
        raise BadDocument(f"The text takes more than {MAX_PAGES:,} pages, which is the most for one PDF. Split it.")
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
        above, below = (running(line, source, sheet, render) for line in (header, footer))
        pdf = browser().pdf(
            page,
            seconds=seconds,
            size_mm=sheet.size_mm,
            header=above.html() if above else "",
            footer=below.html() if below else "",
        )
    else:
        pdf = browser().pdf(page, seconds=seconds, width_px=size.width, height_px=size.height, pages=len(images))
    render.pages = len(images)
    return _told(pdf, render)


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
