"""Which kind a file on disk is, by its name and, for JSON, by what is in it."""

from __future__ import annotations

import json
from pathlib import Path

from longshore.errors import Invalid

BY_SUFFIX = {
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".dot": "graphviz",
    ".gv": "graphviz",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".svg": "svg",
    ".png": "image",
    ".jpg": "image",
    ".jpeg": "image",
    ".webp": "image",
    ".avif": "image",
    ".heic": "image",
    ".heif": "image",
    ".gif": "image",
    ".tif": "image",
    ".tiff": "image",
    ".tldr": "tldraw",
    ".excalidraw": "excalidraw",
    ".canvas": "canvas",
    ".plotly": "plotly",
    ".vl": "vega",
    ".vg": "vega",
}

BY_KEYS = (
    (frozenset({"store", "tldrawFileFormatVersion", "document"}), "tldraw"),
    (frozenset({"shapes", "connections"}), "canvas"),
    (frozenset({"elements"}), "excalidraw"),
)
"""Fields of which one tells the kind of a JSON document; the first that fits."""

VEGA_KEYS = frozenset({"mark", "marks", "layer", "hconcat", "vconcat", "concat", "facet", "repeat"})
"""One of these is in every Vega or Vega-Lite spec, none of them in a Plotly figure."""


def kind_of(path: Path) -> str:
    """The kind of a file; `file` where it is no document that we know. Raises Invalid for JSON of no known kind."""
    suffix = path.suffix.lower()
    if path.name.lower().endswith((".vl.json", ".vg.json")):
        return "vega"
    if suffix in BY_SUFFIX:
        return BY_SUFFIX[suffix]
    if suffix == ".json":
        try:
            document = json.loads(path.read_bytes())
        except (ValueError, RecursionError) as error:
            raise Invalid(f"{path.name} is not valid JSON: {error}") from error
        keys = set(document) if isinstance(document, dict) else set()
        found = next((kind for names, kind in BY_KEYS if keys & names), None)
        if found:
            return found
        if keys & VEGA_KEYS or ("$schema" in keys and "/vega" in str(document["$schema"])):
            return "vega"
        if keys & {"data", "layout"}:
            return "plotly"
        raise Invalid(f"Cannot tell what kind of document {path.name} is. Say so with --kind.")
    return "file"
