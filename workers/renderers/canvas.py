"""Canvases: shapes and connections as JSON, and every other form that `canvas_data` is stored in."""

from __future__ import annotations

from workers.renderers import _scenes
from workers.renderers._follows import DRAWN, PART
from workers.renderers.base import Document, Render, conversion


@conversion("canvas", "svg", cost=10, follows=DRAWN + PART)
def canvas_to_svg(source: Document, render: Render) -> Document:
    """Draw a canvas as SVG with real text, in the light or the dark theme."""
    return _scenes.to_svg(source, render)


@conversion("canvas", "json", cost=3, follows=("theme", *PART))
def canvas_to_json(source: Document, render: Render) -> Document:
    """Write a canvas as a checked, stably ordered export document."""
    return _scenes.to_json(source, render)


@conversion("canvas", "md", cost=5, follows=PART)
def canvas_to_markdown(source: Document, render: Render) -> Document:
    """Tell what stands in a canvas as an outline: frames, texts and connections."""
    return _scenes.to_markdown(source, render)


@conversion("canvas", "html", cost=12, follows=DRAWN + PART)
def canvas_to_html(source: Document, render: Render) -> Document:
    """Put the drawing of a canvas into a page of its own that needs nothing else."""
    return _scenes.to_html(source, render)
