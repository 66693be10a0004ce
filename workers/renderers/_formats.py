"""What a document can be, and what can come out."""

from __future__ import annotations

from dataclasses import dataclass

KINDS: dict[str, str] = {
    "canvas": "Shapes and connections as JSON, every form of `canvas_data`",
    "tldraw": "tldraw store snapshot as JSON",
    "excalidraw": "Excalidraw drawing as JSON",
    "mermaid": "Mermaid diagram text",
    "graphviz": "Graphviz DOT text",
    "plotly": "Plotly figure as JSON",
    "vega": "Vega or Vega-Lite spec as JSON",
    "markdown": "Markdown note (GitHub flavour)",
    "html": "HTML page or fragment",
    "svg": "SVG drawing",
    "image": "PNG, JPEG, WebP, AVIF, HEIC, GIF or TIFF picture",
    "file": "Any file, to be delivered as it is or zipped",
}
"""What a document can be, with a line for people."""


@dataclass(frozen=True, slots=True)
class Format:
    """What comes out: file extension, media type, and the bytes that every file of it begins with (empty: any).

    Where the extension is empty, the source's name is kept, and the media type is what that name suggests.
    """

    name: str
    extension: str
    media_type: str
    magic: bytes = b""


FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format("svg", "svg", "image/svg+xml"),
        Format("png", "png", "image/png", b"\x89PNG\r\n\x1a\n"),
        Format("jpeg", "jpg", "image/jpeg", b"\xff\xd8\xff"),
        Format("webp", "webp", "image/webp", b"RIFF"),
        Format("avif", "avif", "image/avif", b"\0\0\0"),  # the length of the first box, which is short
        Format("tiff", "tiff", "image/tiff", b"II*\0"),
        Format("pdf", "pdf", "application/pdf", b"%PDF-"),
        Format("html", "html", "text/html; charset=utf-8"),
        Format("json", "json", "application/json"),
        Format("md", "md", "text/markdown; charset=utf-8"),
        Format("csv", "csv", "text/csv; charset=utf-8"),
        Format("xlsx", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK\x03\x04"),
        Format("xml", "xml", "application/xml"),
        Format("zip", "zip", "application/zip", b"PK\x03\x04"),
        Format("original", "", "application/octet-stream"),
    )
}
