"""Documents in many scripts at once: what another reader finds in what became of them."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree
from pypdf import PdfReader

from tests.contracts.test_conversions import SAMPLES, cells, run

LEFT_TO_RIGHT = ("你好,世界", "日本語の長い文章", "안녕하세요", "สวัสดีชาวโลก", "上海", "Order 42")
RIGHT_TO_LEFT = ("مرحبا بالعالم", "שלום עולם", "תל אביב")
JOINED = "नमस्ते दुनिया"
LONG = (
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "its last word arrives: finally",
)
MARKUP = "a < b && c"
DEEP = "innermost 最深處"
EMOJI = ("🚀", "👍🏽")
PICTURE = "image/png;base64,"


def samples() -> list[Path]:
    return sorted(SAMPLES.glob("*/nasty/many_scripts.*"))


def folded(text: str) -> str:
    """Without what a break of the line, a ligature or a radical in place of a character may change."""
    return "".join(unicodedata.normalize("NFKC", text).replace("\u2ed1", "長").split())


def in_svg(content: bytes) -> str:
    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    texts = root.iter("{http://www.w3.org/2000/svg}text", "{http://www.w3.org/1999/xhtml}p")
    return "".join("".join(one.itertext()) for one in texts)


def in_pdf(content: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


READERS: dict[str, Callable[[bytes], str]] = {"svg": in_svg, "pdf": in_pdf}


def test_every_kind_that_draws_has_such_a_document():
    assert {path.parent.parent.name for path in samples()} >= {"canvas", "tldraw", "mermaid", "graphviz", "plotly"}


@pytest.mark.browser
@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize("path", samples(), ids=lambda path: path.parent.parent.name)
def test_every_script_is_found_in_what_was_made(path, form, tmp_path):
    kind = path.parent.parent.name
    cell = next(cell for cell in cells() if (cell.kind, cell.format) == (kind, form))
    content, warnings = run(cell, path, tmp_path / "out")
    assert warnings == []
    shown = folded(READERS[form](content))
    deep = () if kind == "plotly" else (DEEP,)
    lacking = [word for word in (*LEFT_TO_RIGHT, *LONG, MARKUP, *deep) if folded(word) not in shown]
    # a reader of PDF tells such letters in the order in which they stand on the page, its own other text between them
    lacking += [word for word in RIGHT_TO_LEFT if form == "pdf" and not set(folded(word)) <= set(shown)]
    lacking += [word for word in RIGHT_TO_LEFT if form == "svg" and folded(word) not in shown]
    # and the letters that are joined to one have no name in a PDF
    lacking += [JOINED] if folded(JOINED if form == "svg" else JOINED[:2]) not in shown else []
    if form == "svg":
        lacking += [one for one in EMOJI if one not in shown]
        holds = kind in {"canvas", "tldraw", "plotly"}
        assert (PICTURE.encode() in content) == holds
    assert lacking == [], shown
