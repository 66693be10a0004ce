"""Pictures: re-encoded, turned upright, shrunk, stripped of metadata, described, or put on a page."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from typing import TYPE_CHECKING

from workers.renderers._exif import exif
from workers.renderers._follows import ENCODED, RUNNING, SHEET, SIZE
from workers.renderers._memory import bounded
from workers.renderers._page import asked_paper, web_page
from workers.renderers._photo import Photo, dpi, fitted, load, look_at, number
from workers.renderers._pixels import MAX_PIXELS, encode, open_picture, painted
from workers.renderers._print import print_pictures
from workers.renderers._svg_draw import background_of
from workers.renderers._svg_size import Size
from workers.renderers.base import BadDocument, Document, Render, conversion

if TYPE_CHECKING:
    from pyvips import Image

PAGE_SIDE = 1123
"""Longest side in CSS pixels of a "fit" PDF page: that of A4. A photograph of 4,000 pixels then prints at 340 dpi."""

MOST_PAGES = 200
"""Pages or frames of one picture that become pages of a PDF."""


@bounded()
def _encoded(source: Document, render: Render, form: str) -> bytes:
    photo = look_at(source.read_bytes())
    if photo.pages > 1:
        render.warn(f"The picture has {photo.pages} frames or pages; only the first was used. A PDF shows all.")
    picture = load(photo, fitted(photo, render, form), render)
    if form == "tiff" and render.setting("metadata") == "keep" and picture.get_typeof("exif-data"):
        render.warn("A TIFF cannot carry EXIF metadata; XMP and IPTC stay.")
    background = str(render.setting("background", "white")) if "background" in render.settings.model_fields_set else ""
    return encode(painted(picture, background or "transparent", form), form, render)


@conversion("image", "png", cost=150, follows=("background", "metadata", *SIZE, *ENCODED["png"]))
def to_png(source: Document, render: Render) -> Document:
    """The picture as PNG; transparency stays unless a background is asked for."""
    return render.save("png", _encoded(source, render, "png"))


@conversion("image", "jpeg", cost=60, follows=("background", "metadata", *SIZE, *ENCODED["jpeg"]))
def to_jpeg(source: Document, render: Render) -> Document:
    """The picture as JPEG; transparent parts take the background, white by default."""
    return render.save("jpeg", _encoded(source, render, "jpeg"))


@conversion("image", "webp", cost=200, follows=("background", "metadata", *SIZE, *ENCODED["webp"]))
def to_webp(source: Document, render: Render) -> Document:
    """The picture as WebP; transparency stays unless a background is asked for."""
    return render.save("webp", _encoded(source, render, "webp"))


@conversion("image", "avif", cost=900, follows=("background", "metadata", *SIZE, *ENCODED["avif"]))
def to_avif(source: Document, render: Render) -> Document:
    """The picture as AVIF; transparency stays unless a background is asked for."""
    return render.save("avif", _encoded(source, render, "avif"))


@conversion("image", "tiff", cost=400, follows=("background", "metadata", *SIZE, *ENCODED["tiff"]))
def to_tiff(source: Document, render: Render) -> Document:
    """The picture as TIFF without loss; transparency stays unless a background is asked for."""
    return render.save("tiff", _encoded(source, render, "tiff"))


@bounded()
def _looked_at(content: bytes) -> Photo:
    """The header, for which HEIC's pixels are decoded, too."""
    return look_at(content)


@bounded()
def _embedded(content: bytes, render: Render, page: int = 0) -> tuple[str, Size]:
    """The picture as a data URL and its size: photographs as JPEG, what came without loss as PNG."""
    photo = look_at(content, page)
    form = "jpeg" if photo.format in {"jpeg", "webp", "avif", "heic"} else "png"
    picture = load(photo, fitted(photo, render, form), render, page)
    if picture.hasalpha():
        form = "png"
    data = base64.b64encode(encode(picture, form, render)).decode()
    return f"data:image/{form};base64,{data}", Size(picture.width, picture.height)


@conversion("image", "pdf", cost=350, needs=("browser",), follows=("background", *SIZE, *SHEET), on_paper=RUNNING)
def to_pdf(source: Document, render: Render) -> Document:
    """The picture on a page as large as itself, up to the length of A4, or on paper; all pages of a TIFF or GIF."""
    content = source.read_bytes()
    first = _looked_at(content)
    count = _pages_shown(first.pages if first.format in {"gif", "tiff"} else 1, first.size, render)
    sheet = asked_paper(render)
    room = sheet.room if sheet else Size(PAGE_SIDE, PAGE_SIDE)
    images, sizes = [], []
    for page in range(count):
        render.seconds_left()
        data, size = _embedded(content, render, page)
        if size.width > room.width or size.height > room.height:
            size = size.fitted(room.width, room.height)
        images.append(f'<img alt="" style="width:{size.width:.6g}px;height:{size.height:.6g}px" src="{data}">')
        sizes.append(size)
    largest = Size(math.ceil(max(one.width for one in sizes)), math.ceil(max(one.height for one in sizes)))
    return render.save("pdf", print_pictures(images, largest, background_of(render, "white"), source, render))


def _pages_shown(pages: int, size: Size, render: Render) -> int:
    """How many pages become pages of the PDF: as many as there are, as long as their pixels are not too many."""
    most = max(1, min(MOST_PAGES, int(MAX_PIXELS / (size.width * size.height))))
    if pages > most:
        render.warn(f"The picture has {pages} frames or pages; only the first {most} were used.")
    return min(pages, most)


@conversion("image", "html", cost=160, follows=("background", *SIZE))
def to_html(source: Document, render: Render) -> Document:
    """The picture in a web page of its own."""
    from html import escape

    content = source.read_bytes()
    frames = _looked_at(content).pages
    if frames > 1:
        render.warn(f"The picture has {frames} frames or pages; only the first was used. A PDF shows all.")
    data, size = _embedded(content, render)
    style = (
        f"html{{background:{background_of(render, 'white')}}}"
        "body{margin:0;min-height:100vh;display:grid;place-items:center}img{max-width:100%;height:auto}"
    )
    image = f'<img alt="{escape(source.title)}" width="{size.width:g}" height="{size.height:g}" src="{data}">'
    return render.save("html", web_page(source.title, style, image))


@bounded()
def _read_through(content: bytes) -> tuple[Photo, Image]:
    """What the picture is, and itself, every pixel of which was read once. Raises BadDocument where one is missing."""
    import pyvips

    photo, picture = look_at(content), open_picture(content)
    try:
        picture.avg()  # only the header was read so far
    except pyvips.Error as error:
        raise BadDocument("The picture is cut off or damaged. Send it again.", detail=str(error)) from error
    return photo, picture


@conversion("image", "json", cost=5)
def to_json(source: Document, render: Render) -> Document:
    """What the picture is: format, size as it is seen, dpi, colours, frames, date and camera, checksum; no place."""
    content = source.read_bytes()
    photo, picture = _read_through(content)
    form = photo.format
    facts = {
        "type": "image",
        "title": source.title,
        "format": form,
        "media_type": f"image/{form}",
        "width": round(photo.size.width),
        "height": round(photo.size.height),
        "stored": {"width": picture.width, "height": picture.height},
        "dpi": dpi(picture, content),
        "bands": picture.bands,
        "bits_per_band": {"uchar": 8, "ushort": 16, "short": 16, "uint": 32, "float": 32}.get(str(picture.format)),
        "colour_space": str(picture.interpretation),
        "has_alpha": bool(picture.hasalpha()),
        "has_colour_profile": bool(picture.get_typeof("icc-profile-data")),
        "orientation": number(picture, "orientation"),
        "frames": number(picture, "n-pages"),
        "exif": exif(bytes(picture.get("exif-data"))) if picture.get_typeof("exif-data") else {},  # type: ignore[arg-type]  # a blob
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    return render.save("json", json.dumps(facts, ensure_ascii=False, indent=2) + "\n")
