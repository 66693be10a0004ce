from __future__ import annotations

import io
import json
import time
from pathlib import Path

import pytest
from lxml import etree
from PIL import Image
from pypdf import PdfReader

from workers.renderers import html, markdown
from workers.renderers.base import SETTINGS, BadDocument, Document, Render

SAMPLES = Path(__file__).parents[2] / "samples" / "markdown"
CONVERT = {"md": markdown.to_md, "html": markdown.to_html, "json": markdown.to_json, "svg": markdown.to_svg}
SVG = "{http://www.w3.org/2000/svg}"
DRAW = {"pdf": html.to_pdf, "png": html.to_png}


def converted(tmp_path: Path, content: str | bytes, form: str, **settings: object) -> tuple[bytes, list[str]]:
    source = tmp_path / "source.md"
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    folder = tmp_path / f"scratch{sum(1 for _ in tmp_path.iterdir())}"
    folder.mkdir()
    render = Render(folder, SETTINGS[form](**settings), time.monotonic() + 60, title="A note")
    document = CONVERT.get(form, markdown.to_html)(Document(source, "markdown", "A note"), render)
    return (DRAW[form](document, render) if form in DRAW else document).read_bytes(), render.warnings


def body_of(tmp_path: Path, content: str) -> str:
    return converted(tmp_path, content, "html")[0].decode().partition("<body>\n")[2]


def showcase() -> str:
    return (SAMPLES / "showcase.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("| a |\n| -: |\n| 1 |", '<td align="right">1</td>'),
        ("- [x] done", '<input type="checkbox" checked="" disabled="">'),
        ("~~gone~~", "<del>gone</del>"),
        ("a[^1]\n\n[^1]: below", '<section class="footnotes">'),
        ("see https://example.org/x", '<a href="https://example.org/x" rel="noopener noreferrer">'),
        ("> [!TIP]\n> do", 'class="markdown-alert markdown-alert-tip"'),
        (":tada:", "🎉"),
        ("**「中文」**字", "<strong>「中文」</strong>字"),
        ("# Ein Kapitel", '<h1 id="ein-kapitel" dir="auto">'),
        ("مرحبا", '<p dir="auto">مرحبا</p>'),
    ],
)
def test_githubs_flavour_is_understood(tmp_path, text, shown):
    assert shown in body_of(tmp_path, text)


def test_front_matter_is_not_shown(tmp_path):
    body = body_of(tmp_path, "---\ntitle: hidden\n---\n# Shown\n\n---\n\nafter")

    assert "hidden" not in body
    assert "Shown" in body
    assert "after" in body


def test_a_note_that_wants_more_than_it_should_is_shown_without_it(tmp_path):
    content, warnings = converted(tmp_path, (SAMPLES / "nasty/links_and_scripts.md").read_text(), "html")
    body = content.decode().partition("<body>")[2]

    for trace in ("onerror", "javascript", "vbscript", "<script", "<iframe", "<style", "onload", "src=x", "url("):
        assert trace not in body.lower()
    assert "text stays" in body
    assert "(a picture at canary.invalid is not part of this document)" in body
    assert "scripts" in " ".join(warnings)


def test_a_picture_elsewhere_leaves_a_visible_note_and_a_warning(tmp_path):
    content, warnings = converted(tmp_path, "![The basin](https://pictures.example/a.jpg)", "html")

    assert b"The basin (a picture at pictures.example is not part of this document)" in content
    assert "pictures.example" in warnings[0]


def test_the_theme_and_background_reach_the_page(tmp_path):
    page = converted(tmp_path, "x", "html", theme="dark", background="#fedcba")[0].decode()

    assert 'data-theme="dark"' in page
    assert "html{background:rgba(254,220,186,1.000)}" in page


def test_markdown_stays_as_it_is_but_for_line_ends_and_the_byte_order_mark(tmp_path):
    assert converted(tmp_path, "\ufeffone\r\ntwo  \rthree 中", "md")[0] == "one\ntwo  \nthree 中\n".encode()


def test_json_tells_the_outline_and_the_source(tmp_path):
    facts = json.loads(converted(tmp_path, showcase(), "json")[0])

    assert facts["type"] == "markdown"
    assert [heading["text"] for heading in facts["headings"][:2]] == [
        "Moving the archive to the new store",
        "What moves when",
    ]
    assert facts["headings"][-1] == {"level": 2, "text": "ملخص", "anchor": "ملخص"}
    assert facts["source"] == showcase()


@pytest.mark.parametrize("path", sorted((SAMPLES / "broken").iterdir()), ids=lambda path: path.stem)
def test_a_broken_note_is_refused_with_a_reason(tmp_path, path):
    with pytest.raises(BadDocument, match=r"The (note|document) .*\."):
        converted(tmp_path, path.read_bytes(), "html")


@pytest.mark.parametrize(
    "content",
    [
        "[" * 50_000,
        "[" * 20_000 + "a" + "](b)" * 20_000,
        "*a **a " * 30_000,
        "".join("e" + "`" * count for count in range(1, 2000)),
        "[a]: x\n" * 20_000 + "[a]" * 20_000,
        "- " * 20_000 + "x",
        "a[^1]" * 5_000 + "\n\n[^1]: x",
    ],
    ids=["brackets", "links", "emphasis", "backticks", "references", "lists", "footnotes"],
)
def test_pathological_notes_take_no_longer_than_ordinary_ones(tmp_path, content):
    started = time.monotonic()
    converted(tmp_path, content, "html")
    assert time.monotonic() - started < 5


def test_a_note_nested_too_deep_or_too_long_is_refused(tmp_path):
    with pytest.raises(BadDocument, match="3,000 deep"):
        converted(tmp_path, (SAMPLES / "nasty/deep_quote.md").read_text(), "html")
    with pytest.raises(BadDocument, match="500 are allowed"):
        converted(tmp_path, "<h1>" * 100_000, "json")
    with pytest.raises(BadDocument, match="5,000,001 characters"):
        converted(tmp_path, "x" * 5_000_001, "html")


@pytest.mark.browser
def test_the_pdf_is_paged_on_a4_with_text_links_and_page_numbers(tmp_path):
    pages = PdfReader(io.BytesIO(converted(tmp_path, showcase(), "pdf")[0])).pages
    text = "\n".join(page.extract_text() for page in pages)
    links = [
        item.get_object()["/A"].get("/URI")
        for page in pages
        for item in page.get("/Annots", [])
        if "/A" in item.get_object()
    ]

    assert len(pages) == 2
    assert (float(pages[0].mediabox.width), float(pages[0].mediabox.height)) == pytest.approx((595, 842), abs=1)
    assert "1 / 2" in text
    assert "2 / 2" in text
    assert "本计划将四百" in text
    assert "https://example.org/archive/bundles" in links


@pytest.mark.browser
def test_a_picture_of_the_note_is_860_css_pixels_wide_and_as_high_as_the_note(tmp_path):
    short = Image.open(io.BytesIO(converted(tmp_path, "# Short", "png")[0]))
    long = Image.open(io.BytesIO(converted(tmp_path, showcase(), "png")[0]))

    assert short.width == long.width == 1720
    assert short.height < 600
    assert long.height > 3000


def drawn(tmp_path: Path, content: str, **settings: object) -> etree._Element:
    return etree.fromstring(converted(tmp_path, content, "svg", **settings)[0])


def lines_of(drawing: etree._Element) -> list[str]:
    return [text.text for text in drawing.iter(f"{SVG}text")]


@pytest.mark.browser
def test_a_drawn_note_has_every_word_as_text_and_nothing_of_html(tmp_path):
    note = (
        "# Über **all** 中文\n\n"
        + "many words that fill lines " * 20
        + "\n\n- one\n- [x] done\n\n| a | b |\n|-|-|\n| c | d |\n"
    )
    drawing = drawn(tmp_path, note)
    said = " ".join(" ".join(lines_of(drawing)).split())
    for words in ("Über all 中文", "many words that fill lines", "one", "done", "a b c d"):
        assert words in said
    assert said.count("many") == 20
    assert {element.tag.removeprefix(SVG) for element in drawing.iter()} <= {
        "svg", "a", "text", "rect", "circle", "polyline", "image"
    }  # fmt: skip
    assert drawn(tmp_path, note, width=400).get("width") == "400"


@pytest.mark.browser
def test_a_drawn_note_keeps_links_strokes_and_pictures(tmp_path):
    pixel = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
    drawing = drawn(tmp_path, f"[here](https://example.org/x) ~~gone~~ ![dot]({pixel}) [there](#a)")
    assert [(link.get("href"), link[0].text) for link in drawing.iter(f"{SVG}a")] == [("https://example.org/x", "here")]
    assert [text.text for text in drawing.iter(f"{SVG}text") if text.get("text-decoration") == "line-through"] == [
        "gone"
    ]
    assert len(list(drawing.iter(f"{SVG}image"))) == 1


@pytest.mark.browser
@pytest.mark.parametrize(
    ("note", "marks"),
    [
        ("3. c\n4. d\n", ["3.", "4."]),
        ("<ol reversed start=3><li>c<li>b</ol>", ["3.", "2."]),
        ("<ol><li value=7>g<li>h</ol>", ["7.", "8."]),
    ],
)
def test_a_drawn_list_is_numbered_as_the_page_is(tmp_path, note, marks):
    assert [line for line in lines_of(drawn(tmp_path, note)) if line.endswith(".")] == marks


@pytest.mark.browser
def test_a_drawn_line_from_right_to_left_begins_at_the_right(tmp_path):
    texts = list(drawn(tmp_path, '<p dir="rtl">' + "مرحبا بالعالم " * 20 + "</p>").iter(f"{SVG}text"))
    assert len(texts) > 1
    assert {text.get("direction") for text in texts} == {"rtl"}
    assert all(float(text.get("x")) > 600 for text in texts)
