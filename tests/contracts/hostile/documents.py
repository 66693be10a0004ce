"""Documents of each kind that try every way out: a combined one first, then one way each."""

from __future__ import annotations

from collections.abc import Callable

from tests.contracts.hostile.canvas import canvas
from tests.contracts.hostile.diagrams import mermaid, plotly
from tests.contracts.hostile.excalidraw import excalidraw
from tests.contracts.hostile.graphviz import graphviz
from tests.contracts.hostile.markup import html, markdown, svg
from tests.contracts.hostile.tldraw import tldraw
from tests.contracts.hostile.trap import Trap
from tests.contracts.hostile.vega import vega
from tests.contracts.hostile.ways import Documents

GENERATORS: dict[str, Callable[[Trap], Documents]] = {
    "html": html,
    "markdown": markdown,
    "svg": svg,
    "mermaid": mermaid,
    "graphviz": graphviz,
    "plotly": plotly,
    "canvas": canvas,
    "tldraw": tldraw,
    "excalidraw": excalidraw,
    "vega": vega,
}
