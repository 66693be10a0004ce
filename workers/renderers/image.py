"""Pictures: re-encoded, turned upright, shrunk, stripped of metadata, described, or put on a page."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from typing import TYPE_CHECKING

from workers.renderers._page import asked_paper, web_page
from workers.renderers._pixels import encode, format_of, limited, open_picture, painted
from workers.renderers._svg_draw import background_of
from workers.renderers._svg_size import Size, wish
from workers.renderers.base import BadDocument, Document, Render, conversion

if TYPE_CHECKING:
    from pyvips import Image

PAGE_SIDE = 1123
"""Longest side in CSS pixels of a "fit" PDF page: that of A4. A photograph of 4,000 pixels then prints at 340 dpi."""


def _number(picture: Image, name: str) -> int:
    """A number from the header; 1 where the picture does not tell."""
    return int(str(picture.get(name))) if picture.get_typeof(name) else 1


def _upright(content: bytes, render: Render) -> Image:
    """The picture as it is meant to be seen: EXIF orientation applied, 8-bit sRGB, first frame or page."""
    import pyvips

    picture = open_picture(content)
    frames = _number(picture, "n-pages")
    if frames > 1:
        render.warn(f"The picture has {frames} frames or pages; only the first was used.")
    try:
        picture = picture.autorot()
        if picture.get_typeof("icc-profile-data"):
            picture = picture.icc_transform("srgb", embedded=True, intent="relative")
        elif picture.interpretation == "cmyk":
            picture = picture.icc_transform("srgb", input_profile="cmyk")
        return picture.colourspace("srgb").cast("uchar")
    except pyvips.Error as error:
        message = "The picture's colours cannot be read. Save it as RGB, in PNG or JPEG."
        raise BadDocument(message, detail=str(error)) from error


def _sized(picture: Image, render: Render, form: str) -> Image:
    """The picture inside the box that the user asked for. Only an explicit `scale` above 1 enlarges it."""
    own = Size(picture.width, picture.height)
    fitted = own.fitted(wish(render, "width"), wish(render, "height"))
    if fitted.width > own.width:
        render.warn(f"The picture has {own.width:g} x {own.height:g} pixels and was not enlarged; set scale to do so.")
        fitted = own
    scale = render.setting("scale", 1.0) if "scale" in render.settings.model_fields_set else 1.0
    size = limited(fitted.width, fitted.height, scale if isinstance(scale, float) else 1.0, form, render)
    if (size.width, size.height) == (picture.width, picture.height):
        return picture
    return picture.thumbnail_image(size.width, height=size.height, size="force")


def _encoded(source: Document, render: Render, form: str) -> bytes:
    picture = _sized(_upright(source.read_bytes(), render), render, form)
    background = str(render.setting("background", "white")) if "background" in render.settings.model_fields_set else ""
    return encode(painted(picture, background or "transparent", form), form, render)


@conversion("image", "png", cost=150)
def to_png(source: Document, render: Render) -> Document:
    """The picture as PNG; transparency stays unless a background is asked for."""
    return render.save("png", _encoded(source, render, "png"))


@conversion("image", "jpeg", cost=60)
def to_jpeg(source: Document, render: Render) -> Document:
    """The picture as JPEG; transparent parts take the background, white by default."""
    return render.save("jpeg", _encoded(source, render, "jpeg"))


@conversion("image", "webp", cost=200)
def to_webp(source: Document, render: Render) -> Document:
    """The picture as WebP; transparency stays unless a background is asked for."""
    return render.save("webp", _encoded(source, render, "webp"))


def _embedded(source: Document, render: Render) -> tuple[str, Size]:
    """The picture as an HTML image and its size: photographs as JPEG, what came without loss as PNG."""
    content = source.read_bytes()
    form = "jpeg" if format_of(content) in {"jpeg", "webp"} else "png"
    picture = _upright(content, render)
    if picture.hasalpha():
        form = "png"
    picture = _sized(picture, render, form)
    size = Size(picture.width, picture.height)
    data = base64.b64encode(encode(picture, form, render)).decode()
    return f"data:image/{form};base64,{data}", size


@conversion("image", "pdf", cost=350, needs=("browser",))
def to_pdf(source: Document, render: Render) -> Document:
    """The picture on one page, as large as itself up to the length of A4, or shrunk onto A4 or Letter."""
    from workers.browser import browser

    data, size = _embedded(source, render)
    sheet = asked_paper(render)
    room = sheet.room if sheet else Size(PAGE_SIDE, PAGE_SIDE)
    if size.width > room.width or size.height > room.height:
        size = size.fitted(room.width, room.height)
    style = f"html{{background:{background_of(render, 'white')}}}body{{margin:0}}"
    if sheet:
        style += f"body{{display:grid;place-items:center;height:{int(room.height) - 1}px}}"
    place = f"display:block;width:{size.width:.6g}px;height:{size.height:.6g}px"
    html = web_page(source.title, style, f'<img alt="" style="{place}" src="{data}">')
    if sheet:
        pdf = browser().pdf(
            html, seconds=render.seconds_left(), page=sheet.name, landscape=sheet.landscape, margin_mm=sheet.margin_mm
        )
    else:
        width, height = math.ceil(size.width), math.ceil(size.height)
        pdf = browser().pdf(html, seconds=render.seconds_left(), width_px=width, height_px=height)
    return render.save("pdf", pdf)


@conversion("image", "html", cost=160)
def to_html(source: Document, render: Render) -> Document:
    """The picture in a web page of its own."""
    from html import escape

    data, size = _embedded(source, render)
    style = (
        f"html{{background:{background_of(render, 'white')}}}"
        "body{margin:0;min-height:100vh;display:grid;place-items:center}img{max-width:100%;height:auto}"
    )
    image = f'<img alt="{escape(source.title)}" width="{size.width:g}" height="{size.height:g}" src="{data}">'
    return render.save("html", web_page(source.title, style, image))


@conversion("image", "json", cost=5)
def to_json(source: Document, render: Render) -> Document:
    """What the picture is: format, size, colours, frames, checksum."""
    content = source.read_bytes()
    picture = open_picture(content)
    facts = {
        "type": "image",
        "title": source.title,
        "format": format_of(content),
        "media_type": f"image/{format_of(content)}",
        "width": picture.width,
        "height": picture.height,
        "bands": picture.bands,
        "bits_per_band": {"uchar": 8, "ushort": 16, "short": 16, "uint": 32, "float": 32}.get(str(picture.format)),
        "colour_space": str(picture.interpretation),
        "has_alpha": bool(picture.hasalpha()),
        "has_colour_profile": bool(picture.get_typeof("icc-profile-data")),
        "orientation": _number(picture, "orientation"),
        "frames": _number(picture, "n-pages"),
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    return render.save("json", json.dumps(facts, ensure_ascii=False, indent=2) + "\n")
