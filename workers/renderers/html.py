"""HTML: made safe, then printed or pictured. What our own web pages (`.html`) become is here too."""

from __future__ import annotations

import html
import json
import re

from workers.renderers._follows import ENCODED, PAPER, SIZE
from workers.renderers._html_clean import clean_html
from workers.renderers._outline import outline
from workers.renderers._page import web_page
from workers.renderers._pixels import colour, finished
from workers.renderers._print import print_text
from workers.renderers._stylesheet import BASE, note_style
from workers.renderers._svg_size import wish
from workers.renderers.base import BadDocument, Document, Refused, Render, conversion

PAGE_WIDTH = 860
"""CSS pixels of a pictured page, unless a width is asked for: about 90 characters a line."""

OPAQUE = 255

_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{0,1000})", re.IGNORECASE)
_LANGUAGE = re.compile(r"<html\b[^<>]{0,500}\blang\s*=\s*[\"']?([a-zA-Z0-9-]{2,35})", re.IGNORECASE)
_BODY = re.compile(r"<body\b([^<>]{0,5000})>", re.IGNORECASE)
_STYLED = re.compile(r"<style\b|\sstyle\s*=|<font\b|\sbgcolor\s*=", re.IGNORECASE)
_NEEDLESS = re.compile(
    r"(?s)(?<!\\)(`+)(?!`).+?(?<!`)\1(?!`)"  # code is left alone
    r"|(?<![(<\[])\b(https?://[^\s<>|)\]]+)"  # in a plain address a backslash would be part of the link
    r"|(?<=\w)\\([-.])(?=\w)|\\(&)(?=\s)"
)
"""Backslashes in Markdown that need not be there."""
_ESCAPE = re.compile(r"\\([_*~#=&+.-])")
_TAGS = re.compile(r"<[^>]*>")


def read_page(source: Document) -> str:
    """The page as text. Raises BadDocument where it is empty or not UTF-8."""
    text = source.read_text().replace("\0", "\ufffd")
    if not text.strip():
        raise BadDocument("The page is empty. Send some HTML.")
    return text


def _title(source: Document, text: str) -> str:
    found = _TITLE.search(text)
    return source.title or (html.unescape(found[1]).strip() if found else "")


@conversion("html", "html", cost=15, follows=("theme",))
def clean(source: Document, render: Render) -> Document:
    """The page without scripts and links to other files; a page without a style is set like a note."""
    text = read_page(source)
    styled = _STYLED.search(text) is not None
    found = _BODY.search(text)
    body = clean_html(text, render, note=not styled)
    if styled and found and found[1].strip():
        body = clean_html(f"<div{found[1]}></div>", render).removesuffix("</div>") + body + "</div>"
    if not _TAGS.sub("", body).strip() and "<img" not in body:
        raise BadDocument("The page shows nothing: it holds neither text nor a picture.")
    language = _LANGUAGE.search(text)
    style = BASE if styled else note_style(render)
    theme = "light" if styled else str(render.setting("theme", "light"))
    page = web_page(_title(source, text), style, body, theme=theme, language=language[1] if language else "")
    return render.save("html", page)


@conversion("html", "json", cost=15)
def to_json(source: Document, render: Render) -> Document:
    """The page's title, headings, text and source."""
    text = read_page(source)
    body = clean_html(text, render, shown=False)
    headings = outline(body)
    plain = html.unescape(_TAGS.sub(" ", re.sub(r"(?s)<style[^>]*>.*?</style>", " ", body)))
    document = {
        "type": "html",
        "title": _title(source, text) or next((heading["text"] for heading in headings), ""),
        "headings": headings,
        "text": " ".join(plain.split()),
        "source": text,
    }
    return render.save("json", json.dumps(document, ensure_ascii=False, indent=2) + "\n")


@conversion("html", "md", cost=20)
def to_md(source: Document, render: Render) -> Document:
    """The page as GitHub's Markdown, and what would be mistaken for markup escaped."""
    from html_to_markdown import ConversionOptions, PreprocessingOptions, convert

    text = read_page(source)
    body = clean_html(text, render, note=True)
    own = _TITLE.search(text)
    if own and "<h1" not in body:
        body = f"<h1>{html.escape(html.unescape(own[1]).strip())}</h1>{body}"
    options = ConversionOptions(
        escape_asterisks=True,
        escape_underscores=True,
        escape_misc=True,
        br_in_tables=True,
        compact_tables=True,
        bullets="-",
        highlight_style="bold",
        sub_symbol="<sub>",
        sup_symbol="<sup>",
        extract_metadata=False,
        preprocessing=PreprocessingOptions(enabled=False),
    )
    note = str(convert(body, options).content).strip()
    if not note:
        raise BadDocument("The page shows nothing: it holds neither text nor a picture.")
    return render.save("md", _NEEDLESS.sub(_plain, note) + "\n")


def _plain(found: re.Match[str]) -> str:
    return found[0] if found[1] else _ESCAPE.sub(r"\1", found[0])


def _with_background(page: str, render: Render) -> str:
    """The page on the background that was asked for; its own where none was."""
    if "background" not in render.settings.model_fields_set:
        return page
    red, green, blue, alpha = colour(str(render.setting("background")))
    rule = f"html,body{{background:rgba({red},{green},{blue},{alpha / 255:.3f})!important}}"
    return page.replace("</head>", f"<style>{rule}</style></head>", 1)


@conversion(".html", "pdf", cost=400, needs=("browser",), follows=("background", "outline", *PAPER))
def to_pdf(source: Document, render: Render) -> Document:
    """The page on paper, with its links, bookmarks, and page numbers at the foot."""
    return render.save("pdf", print_text(_with_background(source.read_text(), render), source, render))


def _picture(source: Document, render: Render, form: str) -> Document:
    """The page as pixels; at scale 1 where it is too long for a larger one that nobody asked for."""
    wanted = render.setting("scale", 1.0)
    scale = wanted if isinstance(wanted, float) else 1.0
    try:
        shot = _shot(source, render, form, scale)
    except Refused:
        if scale <= 1 or "scale" in render.settings.model_fields_set:
            raise
        shot = _shot(source, render, form, 1.0)
        render.resized(f"The page is so long that it was drawn at scale 1 instead of {scale:g}.")
    return render.save(form, finished(shot, form, render))


def _shot(source: Document, render: Render, form: str, scale: float) -> bytes:
    from workers.browser import browser

    width, height = wish(render, "width"), wish(render, "height")
    asked = "background" in render.settings.model_fields_set
    transparent = asked and form != "jpeg" and colour(str(render.setting("background")))[3] < OPAQUE
    return browser().picture(
        _with_background(source.read_text(), render),
        width=round(width or PAGE_WIDTH),
        height=round(height) if height else None,
        scale=scale,
        form="png",
        quality=100,
        transparent=transparent,
        seconds=render.seconds_left(),
    )


@conversion(".html", "png", cost=500, needs=("browser",), follows=("background", *SIZE, *ENCODED["png"]))
def to_png(source: Document, render: Render) -> Document:
    """The whole page as one PNG."""
    return _picture(source, render, "png")


@conversion(".html", "jpeg", cost=510, needs=("browser",), follows=("background", *SIZE, *ENCODED["jpeg"]))
def to_jpeg(source: Document, render: Render) -> Document:
    """The whole page as one JPEG."""
    return _picture(source, render, "jpeg")


@conversion(".html", "webp", cost=600, needs=("browser",), follows=("background", *SIZE, *ENCODED["webp"]))
def to_webp(source: Document, render: Render) -> Document:
    """The whole page as one WebP."""
    return _picture(source, render, "webp")
