from __future__ import annotations

import zlib

import pytest
from PIL import Image

from longshore.errors import Permanent
from workers.convert import convert
from workers.gate import pdf
from workers.gate.blank import check
from workers.renderers.base import SETTINGS, Document, Render

EMPTY = '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="200">{}</svg>'
BOX = EMPTY.format('<rect width="400" height="200"/>')
LINE = EMPTY.format('<path d="M0 0L400 200" stroke="red"/>')
WHITE = EMPTY.format('<rect width="400" height="200" fill="white"/>')
NOTE = "# Harbour report\n\nShips arrived yesterday.\n"


@pytest.fixture
def held(tmp_path):
    """`held(kind, source, *made, **settings)`: the warnings about documents made one after another."""

    def check_all(kind, source, *made, **asked):
        documents = []
        for number, (form, content) in enumerate([(kind, source), *made]):
            path = tmp_path / str(number)
            if callable(content):
                content(path)
            else:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
            documents.append(Document(path, f".{form}" if number else form, ""))
        render = Render(folder=tmp_path, settings=SETTINGS[made[-1][0]](**asked), deadline=0)
        seen = pdf.see(documents[-1].read_bytes()) if made[-1][0] == "pdf" else None
        check(documents[0], source if isinstance(source, str) else "", documents[1:], seen, render)
        return render.warnings

    return check_all


def picture(form="PNG", colour="white", size=(800, 400), mode="RGB", dot=None):
    def write(path):
        image = Image.new(mode, size, colour)
        if dot:
            image.paste(dot, (300, 200, 303, 203))
        image.save(path, form, compression="tiff_adobe_deflate" if form == "TIFF" else None)

    return write


@pytest.mark.parametrize("form", ["png", "jpeg", "webp", "tiff"])
@pytest.mark.parametrize("size", [(8, 4), (800, 400), (2400, 1600)])
def test_a_blank_picture_of_a_drawing_that_shows_something_is_no_artifact(held, form, size):
    with pytest.raises(Permanent, match="came out blank"):
        held("svg", LINE, ("svg", LINE), (form, picture(form.upper(), size=size)))


@pytest.mark.parametrize(
    ("colour", "mode", "asked"),
    [
        ((0, 0, 0, 0), "RGBA", {"background": "transparent"}),
        ((9, 9, 9, 0), "RGBA", {"background": "transparent"}),
        ((255, 255, 255, 255), "RGBA", {}),
        ("#223344", "RGB", {"background": "#223344"}),
        (255, "L", {}),
        ("#16191f", "RGB", {"theme": "dark"}),
    ],
)
def test_nothing_but_the_ground_is_blank(held, colour, mode, asked):
    with pytest.raises(Permanent, match="came out blank"):
        held("svg", LINE, ("svg", LINE), ("png", picture(colour=colour, mode=mode)), **asked)


@pytest.mark.parametrize("colour", ["black", "#eeeeee"])
def test_one_colour_that_is_not_the_ground_is_a_drawing(held, colour):
    assert held("svg", BOX, ("svg", BOX), ("png", picture(colour=colour))) == []


def test_a_small_dot_on_a_large_picture_is_a_drawing(held):
    assert held("svg", LINE, ("svg", LINE), ("png", picture(size=(2400, 1600), dot="black"))) == []


@pytest.mark.parametrize("drawing", [WHITE, EMPTY.format('<path d="M0 0"/>')])
def test_a_blank_picture_of_a_blank_drawing_is_told(held, drawing):
    for made in (("png", picture()), ("pdf", blank_pdf())):
        (warning,) = held("svg", drawing, ("svg", drawing), made)
        assert "is blank" in warning


def test_a_drawing_that_lost_everything_is_no_artifact(held):
    with pytest.raises(Permanent, match="SVG came out blank"):
        held("svg", LINE, ("svg", EMPTY.format("<title>x</title>")))
    with pytest.raises(Permanent, match="SVG came out blank"):
        held("svg", LINE, ("svg", WHITE))
    assert held("svg", LINE, ("svg", LINE)) == []
    assert held("svg", BOX, ("svg", BOX)) == []
    assert held("canvas", '{"shapes": []}', ("svg", WHITE)) == [
        "The SVG is blank: nothing in the document can be seen."
    ]


def test_a_page_that_lost_its_text_is_no_artifact(held):
    page = "<!doctype html><head><style>p{}</style><title>T</title></head><body>{}</body>"
    with pytest.raises(Permanent, match="HTML came out blank"):
        held("markdown", NOTE, ("html", page.replace("{}", "<p> </p>", 2).replace("p<p> </p>", "p{}")))
    for shown in ("<p>Hi</p>", '<img src="data:,">', "<svg></svg>", "<hr>"):
        assert held("markdown", NOTE, ("html", page.replace("<body>{}", f"<body>{shown}"))) == []
    with pytest.raises(Permanent, match="PNG came out blank"):
        held("markdown", NOTE, ("html", page.replace("<body>{}", "<body>Hi")), ("png", picture()))


@pytest.mark.parametrize(
    "page", ['<p style="color:white">Hello there</p>', '<p style="position:absolute;left:-9000px">Hello there</p>']
)
def test_white_on_white_is_doubtful_and_told_where_nothing_but_words_tell_of_it(held, page):
    (warning,) = held("html", page, ("html", page), ("png", picture()))
    assert "nothing but its ground" in warning
    with pytest.raises(Permanent, match="HTML came out blank"):
        held("html", page, ("html", "<!doctype html><p></p>"))


def test_a_photograph_of_fog_is_told_and_one_that_lost_its_boat_is_no_artifact(held):
    assert len(held("image", picture(), ("png", picture()))) == 1
    with pytest.raises(Permanent, match="came out blank"):
        held("image", picture(dot="black"), ("png", picture()))


def blank_pdf(operators=b"", more=b"", page=b"/Type /Page"):
    return (
        b"%PDF-1.4\n1 0 obj\n<<" + page + b" /Contents 2 0 R /Resources <<" + more + b">> >>\nendobj\n"
        b"2 0 obj\n<</Length %d>> stream\n%s\nendstream\nendobj\n%%%%EOF\n" % (len(operators), operators)
    )


def test_a_pdf_without_a_page_is_no_artifact(held):
    with pytest.raises(Permanent, match="no pages"):
        held("markdown", NOTE, ("html", "<body>Hi"), ("pdf", blank_pdf(page=b"/Type /Pages")))


def test_a_blank_pdf_is_no_artifact(held):
    for operators in (b"", b"1 1 1 rg 0 0 300 200 re f"):
        with pytest.raises(Permanent, match="PDF came out blank"):
            held("svg", LINE, ("svg", LINE), ("pdf", blank_pdf(operators)))
    for operators in (b"0 0 0 rg 0 0 300 200 re f", b"1 1 1 rg 0 0 9 9 re f 0 0 m 9 9 l S", b"BT (Hi) Tj ET"):
        assert held("svg", LINE, ("svg", LINE), ("pdf", blank_pdf(operators))) == []
    assert held("svg", LINE, ("svg", LINE), ("pdf", blank_pdf(more=b"/X <</Subtype /Image>>"))) == []


def test_a_line_too_long_to_be_read_to_its_end_is_not_blank(held, monkeypatch):
    monkeypatch.setattr(pdf, "INFLATED", 1000)
    line = zlib.compress(b"1 1 1 rg 0 0 9 9 re f\n0 0 m\n" + b"9 9 l\n" * 1000 + b"S\n")
    packed = blank_pdf(b"", page=b"/Type /Page").replace(b"stream\n\nendstream", b"stream\n" + line + b"\nendstream")
    assert held("svg", LINE, ("svg", LINE), ("pdf", packed)) == []


@pytest.mark.browser
@pytest.mark.parametrize("look", ["opacity:.5", "mix-blend-mode:multiply", "filter:none", "isolation:isolate"])
def test_a_drawing_that_is_all_on_one_layer_is_not_blank_on_paper(look, tmp_path):
    (tmp_path / "source").write_text(EMPTY.format(f'<g style="{look}"><path d="M0 0H99V99z"/><path d="M9 0H99z"/></g>'))
    folder = tmp_path / "out"
    folder.mkdir()
    _, render = convert(tmp_path / "source", "svg", "pdf", title="T", given={}, folder=folder, seconds=30)
    assert render.warnings == []
