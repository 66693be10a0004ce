"""SVG drawings: cleaned, drawn as pixels by librsvg or the browser, put on a PDF page or into a web page."""

from __future__ import annotations

import math

from workers.renderers._follows import ENCODED, RUNNING, SHEET, SIZE
from workers.renderers._page import asked_paper, web_page
from workers.renderers._pixels import colour
from workers.renderers._print import print_pictures
from workers.renderers._svg_clean import clean_svg
from workers.renderers._svg_draw import as_image, background_of, draw, markup, paint, root_of
from workers.renderers._svg_size import SIZELESS, Size, extent, measure, resize, view_box, wished
from workers.renderers.base import Document, Render, VectorSettings, conversion

MAX_PAGE = 19_200
"""CSS pixels of the longest PDF page: 14,400 points (ISO 32000-1, annex C.2)."""


@conversion("svg", "svg", cost=15, follows=("background", "padding", *SIZE))
def clean(source: Document, render: Render) -> Document:
    """SVG without scripts, bombs and links to other files; size, background and padding only as asked for."""
    asked = render.settings.model_fields_set
    root = clean_svg(source.read_bytes(), render)
    own = measure(root)
    if own is None:
        own = extent(root)
        root.set("viewBox", f"0 0 {own.width:.6g} {own.height:.6g}")
        render.warn(f"The SVG tells no size; it was taken to be {own.width:g} x {own.height:g} pixels.")
    resize(root, own)
    padding = render.setting("padding", 0)
    box = view_box(root)
    if "padding" in asked and isinstance(padding, int) and padding and box:
        across, down = padding * box[2] / own.width, padding * box[3] / own.height
        root.set(
            "viewBox", f"{box[0] - across:.6g} {box[1] - down:.6g} {box[2] + 2 * across:.6g} {box[3] + 2 * down:.6g}"
        )
        resize(root, Size(own.width + 2 * padding, own.height + 2 * padding))
    resize(root, wished(measure(root) or own, render))
    background = str(render.setting("background", "transparent"))
    last = type(render.settings) is VectorSettings  # what draws the clean drawing paints the background itself
    if last and "background" in asked and colour(background)[3]:
        paint(root, background)
    return render.save("svg", markup(root))


@conversion(".svg", "png", cost=120, follows=("background", *SIZE, *ENCODED["png"]))
def to_png(source: Document, render: Render) -> Document:
    """The drawing as PNG, CSS pixels times scale, on its background or transparent."""
    return draw(source, render, "png")


@conversion(".svg", "jpeg", cost=130, follows=("background", *SIZE, *ENCODED["jpeg"]))
def to_jpeg(source: Document, render: Render) -> Document:
    """The drawing as JPEG; transparent parts become white."""
    return draw(source, render, "jpeg")


@conversion(".svg", "webp", cost=260, follows=("background", *SIZE, *ENCODED["webp"]))
def to_webp(source: Document, render: Render) -> Document:
    """The drawing as WebP, on its background or transparent."""
    return draw(source, render, "webp")


@conversion(".svg", "pdf", cost=300, needs=("browser",), follows=("background", *SIZE, *SHEET), on_paper=RUNNING)
def to_pdf(source: Document, render: Render) -> Document:
    """The drawing as vectors on one page, as large as itself or in the middle of a sheet of paper."""
    root = root_of(source)
    size = wished(measure(root) or SIZELESS, render)
    sheet = asked_paper(render)
    room = sheet.room if sheet else Size(MAX_PAGE, MAX_PAGE)
    if size.width > room.width or size.height > room.height:
        if not sheet:
            render.warn(f"The drawing was shrunk: a PDF page can have {MAX_PAGE:,} CSS pixels a side.")
        size = size.fitted(room.width, room.height)
    resize(root, size)
    page = sheet.room if sheet else Size(math.ceil(size.width), math.ceil(size.height))
    image = as_image(markup(root), size)
    return render.save("pdf", print_pictures([image], page, background_of(render, "white"), source, render))


@conversion(".svg", "html", cost=50, follows=("background", *SIZE))
def to_html(source: Document, render: Render) -> Document:
    """The drawing in a web page of its own, without scripts."""
    root = root_of(source)
    size = wished(measure(root) or SIZELESS, render)
    resize(root, size)
    style = (
        f"html{{background:{background_of(render, 'white')}}}"
        "body{margin:0;min-height:100vh;display:grid;place-items:center}img{max-width:100%;height:auto!important}"
    )
    return render.save("html", web_page(source.title, style, as_image(markup(root), size, source.title)))
