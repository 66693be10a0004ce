"""Pictures inside an Excalidraw document: `data:` URLs that hold what they say, drawings as pixels, else boxes."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any
from urllib.parse import unquote_to_bytes

from workers.renderers._css import picture_url
from workers.renderers._excalidraw_file import Element, Saved
from workers.renderers._pixels import MAX_PIXELS, Pixels, header_size
from workers.renderers._svg_clean import clean_svg
from workers.renderers._svg_draw import markup, weight
from workers.renderers._svg_size import SIZELESS, Size, measure, resize
from workers.renderers.base import BadDocument, Render
from workers.scene.lenient import mapping, optional

SHARPNESS = 2
"""Pixels per CSS pixel of a drawing inside a picture: enough for the PNG's usual scale."""

LARGEST = 4096
"""Pixels of the longer side of such a drawing."""

MAX_BYTES = 7_000_000
"""Bytes of one picture: encoded in an SVG it must stay below the 10 MB that readers of XML take in one attribute."""

_DATA = re.compile(r"data:([^,;]{0,100})(;[^,]{0,100})?,(.*)", re.DOTALL)
_CROP = ("x", "y", "width", "height", "naturalWidth", "naturalHeight")


class Pictures:
    """The files that the elements of one document refer to, each checked once."""

    def __init__(self, saved: Saved, render: Render) -> None:
        self._saved = saved
        self._render = render
        self._names: dict[tuple[str, Size | None], str] = {}
        self._pixels = 0
        self.files: dict[str, dict[str, Any]] = {}
        self.missing = 0

    def complete(self, one: Element, made: dict[str, Any]) -> dict[str, Any]:
        """An image element with its picture; where there is none that can be shown, a dashed box in its place."""
        size = Size(abs(made["width"]) or 1, abs(made["height"]) or 1)
        name = self._file(str(one.fields.get("fileId")), size)
        if not name:
            self.missing += 1
            file = str(one.fields.get("fileId") or "")
            self._render.lack("pictures", id=one.id, type=one.kind, name=file, why="not in the document, or broken")
            plain = {"fillStyle": "solid", "roughness": 0, "strokeStyle": "dashed", "strokeWidth": 2}
            return made | plain | {"type": "rectangle", "backgroundColor": "#f1f3f5", "strokeColor": "#868e96"}
        return made | {"fileId": name, "status": "saved", "scale": _scale(one), "crop": _crop(one)}

    def _file(self, key: str, size: Size) -> str:
        content, is_drawing = _content(mapping(self._saved.files.get(key)).get("dataURL"))
        known = (key, size if is_drawing else None)
        if known not in self._names:
            url = self._drawn(content, size) if is_drawing else self._checked(content)
            name = f"f{len(self.files) + 1}" if url else ""
            self._names[known] = name
            if url:
                kind = url.partition(":")[2].partition(";")[0]
                self.files[name] = {"id": name, "mimeType": kind, "dataURL": url, "created": 1}
        return self._names[known]

    def _checked(self, content: bytes) -> str:
        if len(content) > MAX_BYTES:
            raise BadDocument(f"A picture has {len(content):,} bytes; {MAX_BYTES:,} are allowed. Shrink it.")
        url = picture_url(content)
        try:
            width, height = header_size(content) if url else (0, 0)
        except BadDocument:
            return ""
        self._pixels += width * height
        if self._pixels > MAX_PIXELS:
            raise BadDocument(f"The pictures have more than {MAX_PIXELS:,} pixels. Shrink them and send it again.")
        return url

    def _drawn(self, content: bytes, size: Size) -> str:
        """An SVG as PNG: cleaned, without whatever it would load, unless drawing it could take long."""
        import pyvips

        try:
            root = clean_svg(content, self._render)
        except BadDocument as error:
            self._render.warn(f"A drawing among the pictures is not shown. {error.message}")
            return ""
        own = (measure(root) or SIZELESS).fitted(size.width * SHARPNESS, size.height * SHARPNESS)
        own = own.fitted(LARGEST, LARGEST) if max(own.width, own.height) > LARGEST else own
        resize(root, own)
        if weight(root, markup(root), Pixels(int(own.width) + 1, int(own.height) + 1)) > 1:
            return ""
        try:
            png: bytes = pyvips.Image.svgload_buffer(markup(root)).pngsave_buffer(keep=pyvips.ForeignKeep.NONE)
        except pyvips.Error:
            return ""
        return picture_url(png)


def _content(url: object) -> tuple[bytes, bool]:
    """The bytes of a `data:` URL, and whether it calls them SVG; no bytes for any other address."""
    found = _DATA.fullmatch(url.strip()) if isinstance(url, str) else None
    if found is None:
        return b"", False
    is_drawing = found[1].strip().lower() == "image/svg+xml"
    if "base64" not in (found[2] or "").lower():
        return unquote_to_bytes(found[3]), is_drawing
    try:
        return base64.b64decode("".join(found[3].split())), is_drawing
    except (binascii.Error, ValueError):
        return b"", False


def _scale(one: Element) -> list[int]:
    """Mirrored or not, along each axis."""
    found = one.fields.get("scale")
    signs = found if isinstance(found, list) and len(found) == 2 else [1, 1]  # noqa: PLR2004 - x and y
    return [-1 if (optional(sign) or 1) < 0 else 1 for sign in signs]


def _crop(one: Element) -> dict[str, float] | None:
    numbers = {name: optional(mapping(one.fields.get("crop")).get(name)) for name in _CROP}
    sides = ("width", "height", "naturalWidth", "naturalHeight")
    if None in numbers.values() or not all((numbers[name] or 0) > 0 for name in sides):
        return None
    return {name: number for name, number in numbers.items() if number is not None}
