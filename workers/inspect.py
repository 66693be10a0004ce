"""The truth gate: an artifact is opened again before anybody is told that it exists."""

from __future__ import annotations

import csv
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from longshore.errors import Permanent
from workers.renderers.base import FORMATS

PNG_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
"""The chunk that ends every PNG (RFC 2083, section 4.1.4)."""
JPEG_END = b"\xff\xd9"
"""The marker that ends every JPEG (ITU-T T.81, B.1.1.3)."""
SUSPICIOUS = 0.01
"""Bytes a pixel: a picture of one colour takes 0.004 as PNG, a sparse chart 0.03."""
TAIL = 1024
"""Bytes at the end of a PDF in which `%%EOF` must stand (ISO 32000-1, annex H.3)."""
CELL = 2**31 - 1
"""Characters in one cell of a CSV: as many as there are. The module's own limit is 131,072."""
HEAD = 1_000_000
"""Characters in which the first row of a CSV ends."""
QUOTED = re.compile(r'"(?:[^"]|"")*"')


def inspect(path: Path, form: str) -> None:
    """Open a finished file the way its reader will. Raises Permanent where it is empty, cut off or another format."""
    if path.stat().st_size == 0:
        raise Permanent(f"The {form} came out empty. The document may have nothing to show.")
    magic = FORMATS[form].magic
    with path.open("rb") as file:
        if not file.read(len(magic)).startswith(magic):
            raise Permanent(f"The output is not {form}. This is a fault of the renderer; please report it.")
    _OPENERS[form](path)


def _picture(path: Path) -> None:
    """Header and end always; every pixel only of a TIFF, which has no end, and of a file that may show nothing.

    Decoding a chart of 2400 x 1600 pixels takes 19 ms, a quarter of drawing it; a file that was cut off lacks its end.
    """
    import pyvips

    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(12)
        file.seek(max(0, size - len(PNG_END)))
        end = file.read()
    whole = {
        b"\x89P": end == PNG_END,
        b"\xff\xd8": end.endswith(JPEG_END),
        b"RI": int.from_bytes(start[4:8], "little") + 8 == size,
        b"\0\0": start[4:12] == b"ftypavif" and _boxes_end(path) == size,
        b"II": int.from_bytes(start[4:8], "little") < size,  # what it points to is decoded below
    }[start[:2]]
    if not whole:
        raise Permanent("The picture is cut off. Please report it.")
    try:
        picture = pyvips.Image.new_from_file(str(path), access="sequential", fail_on="error")
        if size < SUSPICIOUS * picture.width * picture.height or start.startswith(b"II"):
            picture.avg()
    except pyvips.Error as error:
        raise Permanent("The picture cannot be opened again. Please report it.", detail=str(error)) from error


def _boxes_end(path: Path) -> int:
    """Where the last box of an ISO media file ends (ISO/IEC 14496-12, 4.2), as the boxes' lengths tell."""
    end, size = 0, path.stat().st_size
    with path.open("rb") as file:
        while end < size:
            file.seek(end)
            length = int.from_bytes(file.read(4))
            if length < 8:  # noqa: PLR2004 - the length of a box's own header
                return -1
            end += length
    return end


def _pdf(path: Path) -> None:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL))
        if b"%%EOF" not in file.read():
            raise Permanent("The PDF is cut off. Please report it.")


def _svg(path: Path) -> None:
    from lxml import etree

    if etree.QName(_xml(path, "SVG")).localname != "svg":
        raise Permanent("The output is not an SVG drawing. Please report it.")


def _xml(path: Path, name: str = "XML") -> Any:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        return etree.parse(str(path), parser).getroot()
    except etree.XMLSyntaxError as error:
        raise Permanent(f"The {name} is not well-formed. Please report it.", detail=str(error)) from error


def _json(path: Path) -> None:
    try:
        orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise Permanent("The JSON cannot be read again. Please report it.", detail=str(error)) from error


def _text(path: Path) -> None:
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Permanent("The text is not UTF-8. Please report it.", detail=str(error)) from error


def _csv(path: Path) -> None:
    """Every row is as long as the first; `_tables` quotes each cell that holds any delimiter, so one is left to see."""
    csv.field_size_limit(CELL)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            bare = QUOTED.sub("", file.read(HEAD)).partition("\r\n")[0]
            delimiter = next((sign for sign in bare if sign in ",;\t|"), ",")
            file.seek(0)
            widths = {len(row) for row in csv.reader(file, delimiter=delimiter, strict=True)}
    except (csv.Error, UnicodeDecodeError) as error:
        raise Permanent("The CSV cannot be read again. Please report it.", detail=str(error)) from error
    with path.open("rb") as binary:
        binary.seek(-1, 2)
        if len(widths) != 1 or binary.read() != b"\n":
            raise Permanent("The CSV is cut off, or its rows differ in length. Please report it.")


def _zip(path: Path, part: str = "") -> None:
    """Every checksum in it is right; `part` must be there."""
    try:
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
            names = archive.namelist()
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise Permanent("The archive cannot be opened again. Please report it.", detail=str(error)) from error
    if broken or not names or (part and part not in names):
        raise Permanent("A part of the archive is missing or broken. Please report it.", detail=str(broken or part))


def _xlsx(path: Path) -> None:
    _zip(path, "xl/workbook.xml")


def _anything(_path: Path) -> None:
    """Whatever it is, nothing was made of it."""


_OPENERS: dict[str, Callable[[Path], Any]] = {
    "png": _picture,
    "jpeg": _picture,
    "webp": _picture,
    "avif": _picture,
    "tiff": _picture,
    "pdf": _pdf,
    "svg": _svg,
    "json": _json,
    "html": _text,
    "md": _text,
    "csv": _csv,
    "xlsx": _xlsx,
    "xml": _xml,
    "zip": _zip,
    "original": _anything,
}
