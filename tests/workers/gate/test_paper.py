from __future__ import annotations

import io

import pytest
from pypdf import PdfWriter

from longshore.errors import Permanent
from workers.gate.paper import check
from workers.gate.pdf import see
from workers.renderers.base import SETTINGS, Document, Render

MM = 72 / 25.4
A4 = (210 * MM, 297 * MM)


@pytest.fixture
def held(tmp_path):
    """`held(source form, pages, settings)`: the pages, in points, held against what they were made from."""

    def run(form, pages, *, count=None, told=False, **asked):
        writer, written = PdfWriter(), io.BytesIO()
        for width, height in pages:
            writer.add_blank_page(width, height)
        writer.write(written)
        (tmp_path / "made").write_bytes(written.getvalue())
        (tmp_path / "drawing").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="199.5" height="100"/>')
        render = Render(folder=tmp_path, settings=SETTINGS["pdf"](**asked), deadline=0, pages=count, other_size=told)
        steps = [Document(tmp_path / "drawing", form, ""), Document(tmp_path / "made", ".pdf", "")]
        check(steps, see(written.getvalue()), render)

    return run


def test_the_pages_of_a_text_are_the_paper_that_was_asked_for(held):
    held(".html", [A4, A4], count=2)
    held(".html", [A4[::-1]], orientation="landscape")
    held(".html", [(612, 792)], page_size="letter")
    held(".html", [A4, A4[::-1]])
    held(".html", [(200 * MM, 90 * MM)], page_size="custom", page_width_mm=200, page_height_mm=90)


@pytest.mark.parametrize(
    ("pages", "asked", "words"),
    [
        ([A4], {"page_size": "letter"}, "Page 1 of the PDF is 210.0 x 297.0 mm instead of 215.9 x 279.4 mm"),
        ([A4], {"orientation": "landscape"}, "instead of 297.0 x 210.0 mm"),
        ([A4, A4[::-1]], {"page_size": "a4"}, "Page 2 of the PDF is 297.0 x 210.0 mm"),
        ([], {}, "no pages"),
    ],
)
def test_a_page_of_another_size_is_no_artifact(held, pages, asked, words):
    with pytest.raises(Permanent, match=words):
        held(".html", pages, **asked)


@pytest.mark.parametrize("count", [1, 3])
def test_every_page_is_counted_again(held, count):
    with pytest.raises(Permanent, match=f"has 2 pages instead of {count}"):
        held(".html", [A4, A4], count=count)


def test_the_page_of_a_drawing_is_as_large_as_the_drawing(held):
    held(".svg", [(150, 75)])
    held(".svg", [A4], page_size="a4")
    with pytest.raises(Permanent, match=r"52\.9 x 52\.9 mm instead of 52\.9 x 26\.5 mm"):
        held(".svg", [(150, 150)])


def test_the_page_of_a_drawing_fits_the_size_that_was_asked_for(held):
    held(".svg", [(150, 75)], width=200)
    held(".svg", [(150, 75)], width=200, height=400)
    with pytest.raises(Permanent, match="asked for were 300 x any pixels"):
        held(".svg", [(150, 75)], width=300)
    held(".svg", [(150, 75)], width=300, told=True)


def test_the_pages_of_a_picture_are_all_alike(held):
    held("image", [(150, 75), (150, 75)], count=2)
    with pytest.raises(Permanent, match="Page 2"):
        held("image", [(150, 75), (150, 90)], count=2)


def test_what_a_stream_holds_is_no_page():
    assert not see(b"1 0 obj\n<</Length 30>>\nstream\n/MediaBox [0 0 1 1]\nendstream\nendobj").sizes
