"""Excalidraw drawings: drawn by Excalidraw's own package in the warm page, with its hand-drawn fonts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from workers.renderers._follows import DRAWN, ENCODED, PART
from workers.renderers.base import Document, Render, conversion

if TYPE_CHECKING:
    from lxml.etree import _Element


@conversion("excalidraw", "svg", cost=120, needs=("browser", "excalidraw"), follows=DRAWN + PART)
def to_svg(source: Document, render: Render) -> Document:
    """The drawing as SVG, as Excalidraw exports it: hand-drawn lines, and the letters it needs inside."""
    from workers.renderers._svg_draw import markup

    return render.save("svg", markup(_drawn(source, render)[0]))


@conversion("excalidraw", "png", cost=90, needs=("browser", "excalidraw"), follows=DRAWN + PART + ENCODED["png"])
def to_png(source: Document, render: Render) -> Document:
    """The drawing as PNG, straight from Excalidraw's canvas, on its background or transparent."""
    return _pixels(source, render, "png")


@conversion("excalidraw", "jpeg", cost=120, needs=("browser", "excalidraw"), follows=DRAWN + PART + ENCODED["jpeg"])
def to_jpeg(source: Document, render: Render) -> Document:
    """The drawing as JPEG; transparent parts become white."""
    return _pixels(source, render, "jpeg")


@conversion("excalidraw", "webp", cost=250, needs=("browser", "excalidraw"), follows=DRAWN + PART + ENCODED["webp"])
def to_webp(source: Document, render: Render) -> Document:
    """The drawing as WebP, on its background or transparent."""
    return _pixels(source, render, "webp")


@conversion("excalidraw", "html", cost=130, needs=("browser", "excalidraw"), follows=DRAWN + PART)
def to_html(source: Document, render: Render) -> Document:
    """A web page of its own with the drawing inline: its text can be searched and selected."""
    from workers.renderers._page import web_page
    from workers.renderers._svg_draw import markup

    root, ground = _drawn(source, render)
    root.set("role", "img")
    root.set("aria-label", source.title)
    style = (
        f"html{{background:{ground or 'transparent'}}}body{{margin:0;min-height:100vh;display:grid;place-items:center}}"
        "svg{max-width:100%;height:auto}"
    )
    return render.save("html", web_page(source.title, style, markup(root).decode()))


@conversion("excalidraw", "json", cost=3, follows=PART)
def to_json(source: Document, render: Render) -> Document:
    """The scene as Excalidraw saves it, without what was deleted, in a stable order."""
    from workers.renderers._excalidraw_elements import clean
    from workers.renderers._excalidraw_file import read
    from workers.renderers._json import whole
    from workers.scene.parsing import without_nan

    saved = read(source.read_text(), render)
    clean(saved)  # what no drawing could be made of is no drawing to be handed on
    scene = {
        "type": "excalidraw",
        "version": 2,
        "source": "longshore",
        "elements": [one.fields for one in saved.elements],
        "appState": saved.app_state,
        "files": saved.files,
    }
    finite, dropped = without_nan(scene)
    if dropped:
        render.warn("NaN and infinite numbers, which JSON does not have, were written as null.")
    written = json.dumps(finite, ensure_ascii=False, indent=2, sort_keys=True)
    return render.save("json", whole(written, render) + "\n")


@conversion("excalidraw", "md", cost=5, follows=PART)
def to_md(source: Document, render: Render) -> Document:
    """What stands in the drawing as an outline: frames, texts and connections."""
    from workers.renderers._excalidraw_elements import clean
    from workers.renderers._excalidraw_file import read
    from workers.renderers._excalidraw_outline import scene
    from workers.scene.telling import tell

    saved = read(source.read_text(), render)
    clean(saved)
    return render.save("md", tell(scene(saved), source.title))


def _drawn(source: Document, render: Render) -> tuple[_Element, str]:
    """The clean drawing and the colour behind it, empty where it is transparent."""
    from workers.renderers._excalidraw_page import prepare, svg
    from workers.renderers._svg_clean import clean_svg
    from workers.renderers._svg_draw import paint
    from workers.renderers._svg_size import SIZELESS, measure, resize, wished

    scene = prepare(source, render)
    root = clean_svg(svg(scene, render).encode(), render)
    resize(root, wished(measure(root) or SIZELESS, render))
    if scene.ground:
        paint(root, scene.ground)
    return root, scene.ground


def _pixels(source: Document, render: Render, form: str) -> Document:
    from workers.renderers._excalidraw_page import pixels, prepare
    from workers.renderers._pixels import finished
    from workers.renderers._svg_draw import draw

    scene = prepare(source, render)
    if scene.empty:
        return draw(to_svg(source, render), render, form)
    return render.save(form, finished(pixels(scene, form, render), form, render))
