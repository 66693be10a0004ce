"""An SVG becomes pixels: by librsvg where it draws everything in bounded time, else by the browser."""

from __future__ import annotations

import base64
import html
import math
import re
from typing import TYPE_CHECKING

from workers.renderers._css import scrub
from workers.renderers._pixels import Pixels, colour, encode, finished, limited, painted
from workers.renderers._svg_clean import SVG
from workers.renderers._svg_size import SIZELESS, Size, measure, resize, view_box, wished
from workers.renderers._svg_spaces import settle_spaces
from workers.renderers._svg_weigh import Scales, vertices
from workers.renderers.base import BadDocument, Document, Refused, Render, Unavailable

if TYPE_CHECKING:
    from lxml.etree import _Element

FILTER_BUDGET = 4_000_000
"""Pixels times filtered elements that librsvg draws: 0.8 s of blur. Nothing can stop librsvg, so what is more goes to
the browser, which has a deadline."""
LAYER_BUDGET = 100_000_000
"""Pixels times elements that are masked or blended: librsvg draws each on a layer as large as the picture, 130 million
pixels a second."""
LAST_RESORT = 10
"""Multiple of these budgets that librsvg draws where there is no browser: some 8 s. What is more is refused."""

MAX_DRAWN = 50_000
"""Elements, after every reference was followed, that librsvg draws: 0.5 s of small shapes."""
MAX_CORNERS = 100_000
"""Corners of all lines together that librsvg draws; a line of 500,000 that crosses itself took it 30 s."""
LONGEST_LINE = 20_000
"""Corners of one line."""
MAX_LETTERS = 50_000
"""Letters of all texts together that librsvg sets; a line of a million took it minutes."""

MAX_STYLED = 5_000_000
"""Rules of all style sheets times elements: each rule is held against each element."""
MAX_STOPS = 20_000
"""Colours of all gradients together."""

_NOT_NUMBERS = re.compile(rb"""#[0-9a-fA-F]{3,8}|base64,[A-Za-z0-9+/=]+|\bid=["'][^"']*|url\(#[^)]*|href=["']#[^"']*""")
_LARGE_NUMBER = re.compile(rb"(?<![.\d])\d{6}|\de\d")
_EMOJI = re.compile(
    "[\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693\u26a1\u26aa\u26ab\u26bd\u26be"
    "\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd\u2705\u270a\u270b\u2728\u274c\u274e\u2753-\u2755\u2757"
    "\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55\ufe0f\U0001f000-\U0001faff]"
)
"""Characters that are drawn in colour by themselves (Emoji_Presentation, Unicode 16), or asked to be by U+FE0F."""

_LAYERED = re.compile(r"\b(?:mask|mask-image|mix-blend-mode)\s*:\s*(?!none|normal)")
_ONLY_BROWSER = {"foreignObject": "HTML inside the drawing", "textPath": "text along a path"}


def root_of(source: Document) -> _Element:
    """The root element of a drawing of ours."""
    from lxml import etree

    try:
        return etree.fromstring(source.read_bytes(), etree.XMLParser(resolve_entities=False, huge_tree=True))
    except etree.XMLSyntaxError as error:
        raise BadDocument(f"The drawing is not well-formed: {error.msg}.", detail=repr(error)) from error


def markup(root: _Element) -> bytes:
    """The drawing as text."""
    from lxml import etree

    written: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=False)
    return written


def as_image(content: bytes, size: Size | Pixels, title: str = "") -> str:
    """An HTML `<img>` that holds the drawing: the browser runs no script and loads nothing in it."""
    encoded = base64.b64encode(content).decode()
    style = f"display:block;width:{size.width:.6g}px;height:{size.height:.6g}px"
    return f'<img alt="{html.escape(title)}" style="{style}" src="data:image/svg+xml;base64,{encoded}">'


def background_of(render: Render, default: str) -> str:
    """The background setting as a CSS colour. Raises BadDocument for a colour that CSS does not know."""
    red, green, blue, alpha = colour(str(render.setting("background", default)))
    return f"rgba({red},{green},{blue},{alpha / 255:.3f})"


def paint(root: _Element, fill: str) -> None:
    """Put a rectangle of one colour behind everything."""
    from lxml import etree

    x, y, width, height = view_box(root) or (0.0, 0.0, SIZELESS.width, SIZELESS.height)
    box = {"x": x - width, "y": y - height, "width": 3 * width, "height": 3 * height}
    style = f"fill:{fill};fill-opacity:1;stroke:none;opacity:1;filter:none;display:inline;visibility:visible"
    ground = etree.Element(f"{{{SVG}}}rect", {**{name: f"{value:.6g}" for name, value in box.items()}, "style": style})
    root.insert(0, ground)


def lost_on_librsvg(root: _Element, content: bytes) -> list[str]:
    """What librsvg would leave out of the drawing, for people."""
    lost = {text for name, text in _ONLY_BROWSER.items() if next(root.iter(f"{{{SVG}}}{name}"), None) is not None}
    if _EMOJI.search(content.decode(errors="replace")):
        lost.add("colour in emoji")
    if b"@font-face" in content:
        lost.add("fonts inside the drawing")
    return sorted(lost)


def weight(root: _Element, content: bytes, size: Pixels) -> float:
    """What librsvg has to do, as a multiple of what it does in about a second; infinite where nobody can tell."""
    filters = {str(element.get("id")): len(element) for element in root.iter(f"{{{SVG}}}filter")}
    sheets = [element.text or "" for element in root.iter(f"{{{SVG}}}style")]
    work = sum(
        filters.get(target, 0) for element in root.iter() for name in ("filter", "style")
        for target in scrub(element.get(name, "")).fragments
    )  # fmt: skip
    if any(target in filters for sheet in sheets for target in scrub(sheet).fragments):
        work += sum(1 for _ in root.iter())
    layers = sum(1 for one in root.iter() if _is_layered(one.get("mask"), one.get("style")))
    if any(map(_LAYERED.search, sheets)):
        layers = sum(1 for _ in root.iter())
    if b"dasharray" in content and _LARGE_NUMBER.search(_NOT_NUMBERS.sub(b"", content)):
        return math.inf  # dashes along a line of astronomic length
    corners = list(map(vertices, root.iter(f"{{{SVG}}}*")))
    drawn = Scales(root).weigh()
    return max(
        work * size.width * size.height / FILTER_BUDGET,
        layers * drawn / len(corners) * size.width * size.height / LAYER_BUDGET,
        drawn / MAX_DRAWN,
        sum(corners) * drawn / len(corners) / MAX_CORNERS,
        max(corners) / LONGEST_LINE,
        sum(sheet.count("{") for sheet in sheets) * len(corners) / MAX_STYLED,
        sum(1 for _ in root.iter(f"{{{SVG}}}stop")) / MAX_STOPS,
        sum(len(text) for one in root.iter(f"{{{SVG}}}text") for text in one.itertext()) / MAX_LETTERS,
    )


def _is_layered(mask: str | None, style: str | None) -> bool:
    return mask not in {None, "none"} or _LAYERED.search(style or "") is not None


def _by_browser(content: bytes, size: Pixels, background: str, form: str, render: Render) -> bytes:
    from workers.browser import browser

    red, green, blue, alpha = colour(background)
    if form == "jpeg" and not alpha:
        red, green, blue, alpha = 255, 255, 255, 255
    body = f"margin:0;overflow:hidden;background:rgba({red},{green},{blue},{alpha / 255:.3f})"
    shot = browser().picture(
        f'<!doctype html><body style="{body}">{as_image(content, size)}',
        width=size.width,
        height=size.height,
        scale=1,
        form="png",
        quality=100,
        transparent=alpha < 255,  # noqa: PLR2004 - opaque
        seconds=render.seconds_left(),
    )
    return finished(shot, form, render)


def _by_librsvg(content: bytes, background: str, form: str, render: Render) -> bytes:
    import pyvips

    try:
        picture = pyvips.Image.svgload_buffer(content, unlimited=True)  # a picture inside may be long
    except pyvips.Error as error:
        raise BadDocument("The drawing cannot be drawn; simplify it.", detail=str(error)) from error
    return encode(painted(picture, background, form), form, render)


def draw(source: Document, render: Render, form: str) -> Document:
    """The drawing as pixels: its size, or the wish that it fits, times the scale."""
    root = root_of(source)
    scale = render.setting("scale", 1.0)
    own = wished(measure(root) or SIZELESS, render)
    size = limited(own.width, own.height, scale if isinstance(scale, float) else 1.0, form, render)
    resize(root, Size(size.width, size.height))
    content = markup(root)
    background = str(render.setting("background", "white"))
    lost, heavy = lost_on_librsvg(root, content), weight(root, content, size)
    if lost or heavy > 1:
        try:
            return render.save(form, _by_browser(content, size, background, form, render))
        except Unavailable as error:
            if heavy > LAST_RESORT:
                message = "The drawing has filters, dashes or lines that only a browser can draw in bounded time."
                raise Refused(f"{message} {error.message}") from error
            if lost:
                render.warn(f"Drawn without {', '.join(lost)}, because no browser is on this machine. {error.message}")
    settle_spaces(root)
    return render.save(form, _by_librsvg(markup(root), background, form, render))
