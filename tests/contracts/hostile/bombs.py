"""Small documents that ask for more time, memory or pixels than anybody has, of every kind."""

from __future__ import annotations

from collections.abc import Callable

from tests.contracts.hostile.bombs_canvases import canvas, excalidraw, tldraw
from tests.contracts.hostile.bombs_diagrams import graphviz, mermaid, plotly, vega
from tests.contracts.hostile.bombs_markup import html, markdown, svg
from tests.contracts.hostile.bombs_pictures import image
from tests.contracts.hostile.ways import Bombs

BOMBS: dict[str, Callable[[], Bombs]] = {
    one.__name__: one
    for one in (svg, html, markdown, mermaid, graphviz, plotly, canvas, tldraw, excalidraw, vega, image)
}
