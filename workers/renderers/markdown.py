"""Markdown notes, GitHub's flavour: as a web page ready for print, and as text."""

from __future__ import annotations

import json
import re

from workers.renderers._diagram import finish
from workers.renderers._follows import SIZE
from workers.renderers._html_clean import check_bounds, clean_html
from workers.renderers._outline import outline
from workers.renderers._page import web_page
from workers.renderers._stylesheet import note_style
from workers.renderers._svg_size import wish
from workers.renderers._trace import TRACE
from workers.renderers.base import BadDocument, Document, Render, conversion

MAX_CHARACTERS = 5_000_000
PAGE_WIDTH = 860
"""CSS pixels of a drawn note, unless a width is asked for: about 90 characters a line."""
_FRONT_MATTER = re.compile(r"---\n(?:.*\n){0,200}?---(?:\n|\Z)")


def read_note(source: Document) -> str:
    """The note's text with plain line ends.

    Raises BadDocument where it is empty, binary or longer than MAX_CHARACTERS.
    """
    text = source.read_text().replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise BadDocument("The note is empty. Write something in it first.")
    if "\0" in text:
        raise BadDocument(f"The note holds a zero byte at character {text.index(chr(0))}: it is not a text.")
    if len(text) > MAX_CHARACTERS:
        raise BadDocument(f"The note has {len(text):,} characters; {MAX_CHARACTERS:,} are allowed. Split it.")
    return text if text.endswith("\n") else text + "\n"


def note_html(text: str) -> str:
    """GitHub's HTML of a note without its front matter, not yet clean."""
    import comrak

    matter = _FRONT_MATTER.match(text)

    extensions = comrak.ExtensionOptions()
    extensions.table = extensions.strikethrough = extensions.tasklist = extensions.autolink = True
    extensions.footnotes = extensions.alerts = extensions.shortcodes = extensions.cjk_friendly_emphasis = True
    extensions.header_id_prefix = ""
    output = comrak.RenderOptions()
    output.unsafe_ = True  # the sanitiser follows
    rendered: str = comrak.render_markdown(
        text[matter.end() :] if matter else text, extension_options=extensions, render_options=output
    )
    return rendered


def _body(text: str, render: Render) -> str:
    return clean_html(note_html(text), render, note=True)


def _title(source: Document, headings: list[dict[str, object]]) -> str:
    return source.title or next((str(heading["text"]) for heading in headings if heading["text"]), "Note")


@conversion("markdown", "md", cost=1)
def to_md(source: Document, render: Render) -> Document:
    """The note itself, as UTF-8 without a byte order mark and with plain line ends."""
    return render.save("md", read_note(source))


@conversion("markdown", "html", cost=10, follows=("theme",))
def to_html(source: Document, render: Render) -> Document:
    """The note as a web page of its own, in light or dark, ready for print."""
    body = _body(read_note(source), render)
    theme = str(render.setting("theme", "light"))
    return render.save("html", web_page(_title(source, outline(body)), note_style(render), body, theme=theme))


@conversion("markdown", "svg", cost=2000, needs=("browser",), follows=("theme", *SIZE))
def to_svg(source: Document, render: Render) -> Document:
    """The note as one long drawing: text as text, rules and grounds as shapes, no HTML inside."""
    from workers.browser import browser

    page = to_html(source, render).read_text()
    width = wish(render, "width")
    drawn = browser().ask(page, TRACE, width=round(width or PAGE_WIDTH), seconds=render.seconds_left())
    return render.save("svg", finish(drawn, render, margin=False))


@conversion("markdown", "json", cost=10)
def to_json(source: Document, render: Render) -> Document:
    """The note's title, its headings and its source."""
    text = read_note(source)
    page = note_html(text)
    check_bounds(page)
    headings = outline(page)
    document = {"type": "markdown", "title": _title(source, headings), "headings": headings, "source": text}
    return render.save("json", json.dumps(document, ensure_ascii=False, indent=2) + "\n")
