"""tldraw: store snapshots, `.tldr` files and the older forms, drawn without a browser and without tldraw itself."""

from __future__ import annotations

from workers.renderers import _scenes
from workers.renderers._follows import DRAWN, PART
from workers.renderers.base import Document, Render, conversion


@conversion("tldraw", "svg", cost=10, follows=DRAWN + PART)
def tldraw_to_svg(source: Document, render: Render) -> Document:
    """Draw a tldraw document as SVG with real text, in the light or the dark theme."""
    return _scenes.to_svg(source, render)


@conversion("tldraw", "json", cost=3, follows=("theme", *PART))
def tldraw_to_json(source: Document, render: Render) -> Document:
    """Write a tldraw document as a checked, stably ordered export document."""
    return _scenes.to_json(source, render)


@conversion("tldraw", "md", cost=5, follows=PART)
def tldraw_to_markdown(source: Document, render: Render) -> Document:
    """Tell what stands in a tldraw document as an outline: frames, texts and connections."""
    return _scenes.to_markdown(source, render)


@conversion("tldraw", "html", cost=12, follows=DRAWN + PART)
def tldraw_to_html(source: Document, render: Render) -> Document:
    """Put the drawing of a tldraw document into a page of its own that needs nothing else."""
    return _scenes.to_html(source, render)
