"""What the text diagrams share: the drawing that a JavaScript library made becomes a clean SVG of the asked size."""

from __future__ import annotations

import re
from typing import Any

from workers.renderers._page import web_page
from workers.renderers._pixels import colour
from workers.renderers._svg_clean import clean_svg
from workers.renderers._svg_draw import background_of, markup, paint, root_of
from workers.renderers._svg_size import SIZELESS, Size, measure, resize, view_box, wished
from workers.renderers._svg_spaces import settle_spaces
from workers.renderers.base import Document, Render, Unavailable, VectorSettings

FONTS = "Noto Sans, Noto Sans CJK SC, Noto Color Emoji, DejaVu Sans, sans-serif"
"""The font stack of every diagram and chart."""

DARK_GROUND = "#1b1f27"
"""Behind a dark theme, where the user chose no background: its text is light."""

_FENCE = re.compile(r"`{3,}")


def finish(svg: str, render: Render, *, margin: bool = True) -> bytes:
    """The library's SVG, cleaned as if a stranger had sent it, with padding, wished size and background.

    `margin` False: the drawing has margins and a background of its own.
    """
    # a library's first drawing in a page may write attributes in another order than its second
    root = clean_svg(svg.encode(), render, ordered=True)
    settle_spaces(root)
    own = measure(root) or SIZELESS
    if view_box(root) is None:
        resize(root, own)
    box = view_box(root)
    padding = render.setting("padding", 16) if margin else 0
    if box and isinstance(padding, int) and padding:
        across, down = padding * box[2] / own.width, padding * box[3] / own.height
        grown = (box[0] - across, box[1] - down, box[2] + 2 * across, box[3] + 2 * down)
        root.set("viewBox", " ".join(f"{number:.6g}" for number in grown))
        own = Size(own.width + 2 * padding, own.height + 2 * padding)
    resize(root, wished(own, render))
    if not margin:
        return markup(root)
    last = type(render.settings) is VectorSettings  # what draws this drawing paints the background itself
    if is_dark(render) and "background" not in render.settings.model_fields_set:
        paint(root, DARK_GROUND)
    elif last and colour(str(render.setting("background", "white")))[3]:
        paint(root, str(render.setting("background", "white")))
    return markup(root)


def is_dark(render: Render) -> bool:
    """Whether the dark theme was asked for."""
    return render.setting("theme", "light") == "dark"


def inline_page(drawing: Document, render: Render) -> str:
    """A web page of its own with the drawing inline, so that its text can be searched, selected and read aloud."""
    root = root_of(drawing)
    root.set("role", "img")
    root.set("aria-label", drawing.title)
    ground = background_of(render, "white")
    if is_dark(render) and "background" not in render.settings.model_fields_set:
        ground = DARK_GROUND
    style = (
        f"html{{background:{ground}}}body{{margin:0;min-height:100vh;display:grid;place-items:center}}"
        "svg{max-width:100%;height:auto}"
    )
    return web_page(drawing.title, style, markup(root).decode())


def told_by(library: str, script: str, argument: object, render: Render) -> Any:
    """What a library says of a text that is handed on as text; None, and told, where this machine has no browser."""
    from workers.browser import browser

    try:
        return browser().call(library, script, argument, seconds=render.seconds_left())
    except Unavailable:
        render.warn("Whether the text can be drawn was not looked at: that needs a browser, which this machine lacks.")
        return None


def fenced(language: str, text: str, title: str) -> str:
    """Markdown: the source in a fence that is longer than any inside it, under the title."""
    longest = max((len(run) for run in _FENCE.findall(text)), default=2)
    fence = "`" * max(3, longest + 1)
    heading = f"# {' '.join(title.split())}\n\n" if title.strip() else ""
    return f"{heading}{fence}{language}\n{text.rstrip()}\n{fence}\n"
