from __future__ import annotations

import io
import re
import time
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
from PIL import Image
from pypdf import PdfReader

from workers.browser import browser
from workers.renderers import _print, html, image, markdown, svg
from workers.renderers._page import paper
from workers.renderers._running import Line, running
from workers.renderers.base import SETTINGS, BadDocument, Document, Render

pytestmark = pytest.mark.browser

NOTE = "# Over 中文\n\ntext\n\n## A part\n\nmore\n\n# Next\n" + "\n\nline" * 120
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100"><rect width="200" height="100"/></svg>'


def a_render(tmp_path: Path, form: str = "pdf", title: str = "A title", **settings: object) -> Render:
    folder = tmp_path / f"scratch{sum(1 for _ in tmp_path.iterdir())}"
    folder.mkdir()
    return Render(folder, SETTINGS[form](**settings), time.monotonic() + 60, title=title)


def printed(tmp_path: Path, kind: str, content: str | bytes, title: str = "A title", **settings: object) -> bytes:
    render = a_render(tmp_path, title=title, **settings)
    source = tmp_path / "source"
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    document = Document(source, kind, title)
    steps = {"markdown": [markdown.to_html, html.to_pdf], "svg": [svg.clean, svg.to_pdf], "image": [image.to_pdf],
             "html": [html.clean, html.to_pdf]}  # fmt: skip
    for step in steps[kind]:
        document = step(document, render)
    return document.read_bytes()


def reader(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content))


def size_mm(page: Any) -> tuple[float, float]:
    return float(page.mediabox.width) / 72 * 25.4, float(page.mediabox.height) / 72 * 25.4


def ink(content: bytes) -> tuple[tuple[int, int], tuple[int, int, int, int]]:
    """Size of the first page and the box around everything that is not white, at 1 pixel per point."""
    with pdfium.PdfDocument(content) as document:
        page = document[0].render(scale=1).to_pil()
    grey = page.convert("L").point(lambda value: 255 if value < 200 else 0)
    box = grey.getbbox()
    assert box is not None
    return page.size, box


@pytest.mark.parametrize(
    ("settings", "width", "height"),
    [
        ({}, 210, 297),
        ({"page_size": "a3"}, 297, 420),
        ({"page_size": "legal"}, 215.9, 355.6),
        ({"page_size": "letter", "orientation": "landscape"}, 279.4, 215.9),
        ({"page_size": "custom", "page_width_mm": 90, "page_height_mm": 50}, 90, 50),
    ],
)
@pytest.mark.parametrize("kind", ["markdown", "svg"])
def test_a_page_has_the_size_that_was_asked_for(tmp_path, kind, settings, width, height):
    if kind == "svg" and not settings:
        width, height = 200 / 96 * 25.4, 100 / 96 * 25.4
    pages = reader(printed(tmp_path, kind, NOTE if kind == "markdown" else DRAWING, **settings)).pages

    assert size_mm(pages[0]) == pytest.approx((width, height), abs=0.4)
    assert len(pages) == 1 or kind == "markdown"


@pytest.mark.parametrize(
    "style", ["@page{size:A4}", "@page{size:A5 portrait}", "@page wide{size:A4 portrait}h1{page:wide}"]
)
def test_the_paper_that_was_asked_for_goes_above_the_page_s_own(tmp_path, style):
    page = f"<style>{style}</style><h1>One</h1><p style='break-before:page'>Two"
    pages = reader(printed(tmp_path, "html", page, page_size="letter", orientation="landscape", header="Draft")).pages
    assert [size_mm(one) for one in pages] == [pytest.approx((279.4, 215.9), abs=0.4)] * len(pages)


def test_a_page_turns_itself_where_no_paper_was_asked_for(tmp_path):
    pages = reader(printed(tmp_path, "html", "<style>@page{size:A4 landscape}</style><h1>One</h1>")).pages
    assert size_mm(pages[0]) == pytest.approx((297, 210), abs=0.4)


def test_headings_become_bookmarks_unless_nobody_wants_them(tmp_path):
    found = reader(printed(tmp_path, "markdown", NOTE)).outline
    assert [one.title if not isinstance(one, list) else [inner.title for inner in one] for one in found] == [
        "Over 中文",
        ["A part"],
        "Next",
    ]
    assert reader(printed(tmp_path, "markdown", NOTE, outline=False)).outline == []


def test_header_and_footer_are_filled_in_on_every_page(tmp_path):
    pages = reader(
        printed(tmp_path, "markdown", NOTE, header="{title}|Draft — 草稿|{date}", footer="Page {page} of {pages}",
                date="21 May 2026")
    ).pages  # fmt: skip
    assert len(pages) > 1
    for number, page in enumerate(pages, 1):
        text = page.extract_text()
        for part in ("A title", "Draft", "草稿", "21 May 2026", f"Page {number} of {len(pages)}"):
            assert part in text


def test_a_text_has_its_title_and_page_numbers_at_the_foot_unless_something_else_is_asked(tmp_path):
    usual = reader(printed(tmp_path, "markdown", "text", title="The usual")).pages[0].extract_text()
    assert "The usual" in usual
    assert "1 / 1" in usual
    assert "1 / 1" not in reader(printed(tmp_path, "markdown", "text", footer="")).pages[0].extract_text()


def test_nothing_in_a_header_footer_title_or_date_is_markup(tmp_path):
    nasty = "<b>B</b><script>1</script>&amp;\"'"
    content = printed(
        tmp_path,
        "markdown",
        "text",
        title=nasty + "{page}",
        header=nasty,
        footer="{title}|{date}",
        date=nasty + "{pages}",
    )
    text = reader(content).pages[0].extract_text().replace("\n", "")
    assert text.count("<script>1</script>") == 3
    assert text.count("&amp;\"'") == 3
    assert "{page}" in text, "what is filled in is not read again"
    assert "{pages}" in text


NASTY = ("<script>|{title}{page}|{date}", "</div><iframe>\\", '"><img src=x></style>')


def test_the_html_of_a_running_line_holds_only_escaped_text(tmp_path):
    line, title, date = NASTY
    render = a_render(tmp_path, header=line, date=date)
    told = running(line, Document(tmp_path, "markdown", title), paper(render), render).html()
    assert told.count("<") == told.count("<div ") * 2 + told.count("<span ") * 2
    for tag in ("<script", "<iframe", "<img"):
        assert tag not in told


def test_the_css_of_a_running_line_holds_no_sign_of_the_user(tmp_path):
    line, title, date = NASTY
    render = a_render(tmp_path, header=line, date=date)
    told = running(line, Document(tmp_path, "markdown", title), paper(render), render).css("top")
    contents = re.findall(r"content:(.*?);font", told)
    assert len(contents) == 3
    for content in contents:
        assert re.fullmatch(r'(?:"(?:\w|\\[0-9a-f]+ )*"|counter\(pages?\)| )+', content), content


@pytest.mark.parametrize(
    ("line", "title", "fits"),
    [
        ("{title}||{page} / {pages}", "Short", True),
        ("{title}||{page} / {pages}", "Отчёт", True),
        ("{title}||{page} / {pages}", "long " * 20, False),
        ("{title}|middle|{page}", "twenty letters, more", False),
        ("{title}", "草稿", False),
    ],
)
def test_only_a_line_that_surely_fits_is_written_without_a_template(tmp_path, line, title, fits):
    render = a_render(tmp_path)
    assert running(line, Document(tmp_path, "markdown", title), paper(render), render).fits() is fits


def test_both_ways_to_write_a_running_line_look_the_same(tmp_path, monkeypatch):
    settings = {"header": "{title}|Middle|May", "footer": "{title}||{page} / {pages}"}
    _, ours = ink(printed(tmp_path, "markdown", "text", **settings))
    monkeypatch.setattr(Line, "fits", lambda _line: False)
    _, chromium = ink(printed(tmp_path, "markdown", "text", **settings))
    assert ours == pytest.approx(chromium, abs=2)


def test_a_line_too_long_for_its_place_is_cut_and_covers_nothing(tmp_path):
    text = reader(printed(tmp_path, "markdown", "text", title="long " * 60)).pages[0].extract_text()
    assert "1 / 1" in text
    assert "…" in text


def test_margins_leave_the_page_free(tmp_path):
    content = printed(
        tmp_path, "markdown", NOTE, page_size="a4", footer="", margin_mm=20, margin_left_mm=60, margin_top_mm=50
    )
    (width, height), (left, top, right, bottom) = ink(content)
    assert left / 72 * 25.4 == pytest.approx(60, abs=2)
    assert top / 72 * 25.4 == pytest.approx(50, abs=4)
    assert (height - bottom) / 72 * 25.4 >= 19
    assert (width - right) / 72 * 25.4 >= 19


@pytest.mark.parametrize(
    ("settings", "middle"),
    [
        ({"page_size": "a4"}, (105, 148.5)),
        ({"page_size": "letter", "orientation": "landscape"}, (139.7, 107.95)),
        ({"page_size": "a4", "margin_top_mm": 115}, None),
        ({"page_size": "a3", "margin_top_mm": 95, "margin_bottom_mm": 15, "margin_left_mm": 75}, (178.5, 250)),
        ({"page_size": "custom", "page_width_mm": 60, "page_height_mm": 200}, (30, 100)),
    ],
)
def test_a_drawing_stands_in_the_middle_of_its_paper(tmp_path, settings, middle):
    if middle is None:
        with pytest.raises(ValueError, match="less than or equal to 100"):
            SETTINGS["pdf"](**settings)
        return
    _, (left, top, right, bottom) = ink(printed(tmp_path, "svg", DRAWING, **settings))
    assert ((left + right) / 2 / 72 * 25.4, (top + bottom) / 2 / 72 * 25.4) == pytest.approx(middle, abs=1)
    assert (right - left) / (bottom - top) == pytest.approx(2, abs=0.05)


def test_a_drawing_larger_than_its_paper_is_shrunk_to_the_margins(tmp_path):
    big = DRAWING.replace('"200"', '"4000"').replace('"100"', '"2000"')
    (width, _), (left, _, right, _) = ink(printed(tmp_path, "svg", big, page_size="a4", margin_mm=20))
    assert left / 72 * 25.4 == pytest.approx(20, abs=1)
    assert (width - right) / 72 * 25.4 == pytest.approx(20, abs=1)


def test_the_background_covers_the_whole_sheet(tmp_path):
    (width, height), box = ink(printed(tmp_path, "svg", DRAWING, page_size="a4", background="#336699"))
    assert box == (0, 0, width, height)


@pytest.mark.parametrize("title", ["A title", "Ein Titel (1) \\ mit 中文", "()\\("])
def test_properties_are_kept_or_stripped_without_harm_to_the_file(tmp_path, title):
    kept = printed(tmp_path, "markdown", NOTE, title=title)
    bare = printed(tmp_path, "markdown", NOTE, title=title, metadata="strip", footer="{title}||{page} / {pages}")
    assert reader(kept).metadata.title == title
    stripped = reader(bare)
    assert not any(stripped.metadata.get(name) for name in ("/Title", "/Creator", "/Producer"))
    assert len(bare) == len(kept)
    assert len(stripped.outline) == 3
    assert stripped.pages[0].extract_text() == reader(kept).pages[0].extract_text()


def test_every_page_of_a_tiff_and_every_frame_of_a_gif_becomes_a_page(tmp_path):
    shades = [Image.new("RGB", (300, 200), (60 * number, 0, 0)) for number in range(4)]
    for form in ("TIFF", "GIF"):
        out = io.BytesIO()
        shades[0].save(out, form, save_all=True, append_images=shades[1:])
        for settings in ({}, {"page_size": "a4", "footer": "{page}/{pages}"}):
            pages = reader(printed(tmp_path, "image", out.getvalue(), **settings)).pages
            assert len(pages) == 4
            reds = [page.images[0].image.convert("RGB").getpixel((150, 100))[0] for page in pages]
            assert reds == pytest.approx([0, 60, 120, 180], abs=4)
            if settings:
                assert "4/4" in pages[3].extract_text()


def test_pages_of_other_sizes_stand_in_the_middle_of_the_largest(tmp_path):
    out = io.BytesIO()
    Image.new("RGB", (300, 200)).save(out, "TIFF", save_all=True, append_images=[Image.new("RGB", (100, 400))])
    pages = reader(printed(tmp_path, "image", out.getvalue())).pages
    assert len(pages) == 2
    assert size_mm(pages[0]) == pytest.approx((300 / 96 * 25.4, 400 / 96 * 25.4), abs=0.4)


def test_a_film_of_too_many_frames_is_cut_and_told(tmp_path):
    out = io.BytesIO()
    frames = [Image.new("L", (8, 8), number) for number in range(230)]
    frames[0].save(out, "TIFF", save_all=True, append_images=frames[1:])
    source = tmp_path / "film.tiff"
    source.write_bytes(out.getvalue())
    render = a_render(tmp_path)
    assert len(reader(image.to_pdf(Document(source, "image", ""), render).read_bytes()).pages) == 200
    assert "only the first 200" in render.warnings[0]


def test_millimetres_are_exact():
    pages = reader(browser().pdf("<!doctype html><p>x", seconds=30, size_mm=(215.9, 279.4))).pages
    assert (float(pages[0].mediabox.width), float(pages[0].mediabox.height)) == (612, 792)


def test_a_text_of_more_pages_than_a_pdf_may_have_is_refused_by_that_number(tmp_path, monkeypatch):
    monkeypatch.setattr(_print, "MAX_PAGES", 12)
    broken = "text\n\n" + '<p style="break-after:page">x</p>\n\n' * 12
    assert len(reader(printed(tmp_path, "markdown", broken)).pages) == 12
    with pytest.raises(BadDocument, match="more than 12 pages"):
        printed(tmp_path, "markdown", broken * 3)
