"""The contract of every conversion: each reachable pair of kind and format, with each sample of that kind."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import time
import zipfile
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import openpyxl
import pytest
from lxml import etree
from PIL import Image
from pypdf import PdfReader

from longshore.errors import BadDocument, Permanent, Transient
from longshore.settings import settings
from workers import needs
from workers.convert import convert
from workers.gate.size import PIXELS, dimensions
from workers.plan import Cell, matrix
from workers.renderers.base import KINDS

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
LIMIT = 30.0
"""Seconds for any document, however nasty."""


@cache
def cells() -> tuple[Cell, ...]:
    return tuple(matrix(partial(needs.check, settings=settings())))


def samples(kind: str, folder: str = "") -> list[Path]:
    return sorted(path for path in (SAMPLES / kind / folder).glob("*") if path.is_file())


ENCODED = {"jpeg", "webp", "avif", "tiff"}
"""What is drawn as for PNG and encoded otherwise: the normal run makes it of the showcases only."""


def pair(cell: Cell, path: Path) -> object:
    late = [pytest.mark.slow] if cell.format in ENCODED and path.stem != "showcase" else []
    return pytest.param(cell, path, id=f"{cell.kind}-{cell.format}-{path.name}", marks=late)


def pairs() -> list[object]:
    return [pair(cell, path) for cell in cells() for path in samples(cell.kind)]


UNDRAWABLE = {
    ("html", "json", "shows_nothing.html"),  # its title and headings are what they are
    ("mermaid", "json", "picture.mmd"),  # whoever draws the text elsewhere may load the picture
    ("mermaid", "md", "picture.mmd"),
    *(("vega", form, "lookup-elsewhere.json") for form in ("csv", "xlsx", "xml")),  # its other rows, and a warning
}
"""What breaks drawings only."""


def bad_pairs(folder: str) -> list[object]:
    """Broken and nasty samples into every format; those that only a drawing breaks at are broken only there."""
    return [
        pair(cell, path)
        for cell in cells()
        for path in samples(cell.kind, folder)
        if (cell.kind, cell.format, path.name) not in UNDRAWABLE
    ]


def run(cell: Cell, path: Path, folder: Path, title: str = "Sample", **given: object) -> tuple[bytes, list[str]]:
    if not cell.available:
        pytest.skip(f"needs {', '.join(cell.needs)}: {' and '.join(cell.remedies)}")
    draw = partial(convert, path, cell.kind, cell.format, title=title, given=given, seconds=LIMIT)
    folder.mkdir(exist_ok=True)
    try:
        document, render = draw(folder=folder)
    except Transient as error:
        # Chromium crashes once in some thousand pages; the queue tries again, too.
        sys.stderr.write(f"{cell.kind} to {cell.format}, {path.name}: {error.message} {error.detail}\n")
        (folder / "again").mkdir()
        document, render = draw(folder=folder / "again")
    return document.read_bytes(), render.warnings


@cache
def showcase_of(kind: str) -> Path:
    return next((SAMPLES / kind).glob("showcase.*"))


@cache
def showcase(kind: str, form: str) -> bytes:
    """What became of a kind's showcase, drawn once for all tests that only look at it."""
    (cell,) = (cell for cell in cells() if (cell.kind, cell.format) == (kind, form))
    with TemporaryDirectory() as folder:
        return run(cell, showcase_of(kind), Path(folder))[0]


def open_picture(content: bytes) -> None:
    with Image.open(io.BytesIO(content)) as picture:
        picture.load()
        assert picture.width > 0
        assert picture.height > 0


def open_pdf(content: bytes) -> None:
    assert len(PdfReader(io.BytesIO(content)).pages) > 0


def open_svg(content: bytes) -> None:
    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    assert etree.QName(root).localname == "svg"
    for element in root.iter(etree.Element):
        assert etree.QName(element).localname != "script"
        for name, value in element.attrib.items():
            assert not etree.QName(name).localname.startswith("on"), name
            if etree.QName(name).localname == "href":
                assert value.startswith(("#", "data:", "https://", "http://", "mailto:")), value
                assert etree.QName(element).localname == "a" or value.startswith(("#", "data:")), value


def open_html(content: bytes) -> None:
    text = content.decode()
    assert text.lstrip().lower().startswith("<!doctype html>")
    assert "Content-Security-Policy" in text
    loads = re.findall(r"<(?:img|script|link|iframe|source)[^>]+(?:src|href)=[\"']?(https?:[^\"' >]+)", text)
    assert loads == [], "a page of ours works offline"


def open_json(content: bytes) -> None:
    assert json.loads(content)


def open_csv(content: bytes) -> None:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert len({len(row) for row in rows}) == 1
    assert len(rows) > 1


def open_xlsx(content: bytes) -> None:
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert sum(sheet.max_row for sheet in book) > 1
    assert {cell.data_type for sheet in book for row in sheet for cell in row} <= set("nsb")


def open_xml(content: bytes) -> None:
    etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))


def open_zip(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist()


def open_original(content: bytes) -> None:
    assert any(content == path.read_bytes() for path in samples("file"))


def open_text(content: bytes) -> None:
    assert content.decode().strip()


OPENERS = {
    "png": open_picture,
    "jpeg": open_picture,
    "webp": open_picture,
    "avif": open_picture,
    "tiff": open_picture,
    "pdf": open_pdf,
    "svg": open_svg,
    "html": open_html,
    "json": open_json,
    "md": open_text,
    "csv": open_csv,
    "xlsx": open_xlsx,
    "xml": open_xml,
    "zip": open_zip,
    "original": open_original,
}


@pytest.mark.parametrize(("cell", "path"), pairs())
def test_a_sample_becomes_a_file_that_another_reader_opens(cell, path, tmp_path):
    if path.stem == "showcase":
        OPENERS[cell.format](showcase(cell.kind, cell.format))
        return
    try:
        content, _warnings = run(cell, path, tmp_path / "out")
    except BadDocument as error:
        if cell.kind not in {"markdown", "html"} or "holds no table" not in error.message:
            raise
        assert b"<table" not in path.read_bytes()
        return
    OPENERS[cell.format](content)


@pytest.mark.parametrize("cell", cells(), ids=lambda cell: f"{cell.kind}-{cell.format}")
def test_the_same_document_gives_the_same_bytes(cell, tmp_path):
    again, _ = run(cell, showcase_of(cell.kind), tmp_path / "out")
    assert again == showcase(cell.kind, cell.format)


@pytest.mark.parametrize(
    "cell", [cell for cell in cells() if cell.format == "png"], ids=lambda cell: f"{cell.kind}-png"
)
def test_a_picture_shows_something(cell):
    with Image.open(io.BytesIO(showcase(cell.kind, cell.format))) as picture:
        assert len(picture.convert("RGB").getcolors(maxcolors=2**24) or []) > 10


@pytest.mark.parametrize(
    "cell", [cell for cell in cells() if cell.format in PIXELS], ids=lambda cell: f"{cell.kind}-{cell.format}"
)
def test_a_picture_has_the_size_that_was_asked_for_whatever_its_name(cell, tmp_path):
    path = showcase_of(cell.kind)
    content, _ = run(cell, path, tmp_path / "one", title="One name", width=333, scale=1.5)
    (tmp_path / "picture").write_bytes(content)
    assert abs(dimensions(tmp_path / "picture", cell.format)[0] - 333 * 1.5) <= 1.5
    again, _ = run(cell, path, tmp_path / "other", title="Another", width=333, scale=1.5)
    assert again == content, "workers.reuse takes pictures of another name for the same"


@pytest.mark.parametrize(("cell", "path"), bad_pairs("broken"))
def test_a_broken_document_ends_in_a_clear_error(cell, path, tmp_path):
    with pytest.raises(Permanent) as raised:
        run(cell, path, tmp_path / "out")
    assert len(raised.value.message) > 15
    assert "Traceback" not in raised.value.message
    assert str(tmp_path) not in raised.value.message


@pytest.mark.parametrize(("cell", "path"), bad_pairs("nasty"))
def test_a_nasty_document_ends_within_its_limit(cell, path, tmp_path):
    began = time.monotonic()
    try:
        content, _ = run(cell, path, tmp_path / "out")
    except Permanent:
        content = b""  # refused: that is an end, too
    if content:
        OPENERS[cell.format](content)
    assert time.monotonic() - began < LIMIT + 5


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_showcase_and_a_broken_sample(kind):
    assert [path.stem for path in samples(kind) if path.stem == "showcase"] == ["showcase"]
    assert samples(kind, "broken")
