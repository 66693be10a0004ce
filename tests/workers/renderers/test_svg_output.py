from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from tests.workers.renderers.test_svg import BOX, OPEN, a_drawing, cleaned, drawn, picture, sample
from workers.renderers import _svg_draw
from workers.renderers._pixels import Pixels
from workers.renderers.base import BadDocument, Refused, Unavailable


@pytest.fixture
def no_browser(monkeypatch):
    def missing(*_, **__):
        raise Unavailable("Get it with: sudo apt-get install -y chromium-headless-shell")

    monkeypatch.setattr(_svg_draw, "_by_browser", missing)


def test_absurd_sizes_are_refused_in_a_line_of_readable_length(tmp_path):
    for box in ("0 0 1e300 1e300", "0 0 1e-300 5", "0 0 1e9 1e-9"):
        with pytest.raises(BadDocument) as refused:
            cleaned(tmp_path, f'{OPEN} viewBox="{box}"><rect width="9" height="9"/></svg>')
        assert len(refused.value.message) < 200


@pytest.mark.parametrize(
    ("attributes", "width", "height"),
    [
        ('width="2in" height="1in"', 192, 96),
        ('width="100%" viewBox="0 0 300 200"', 300, 200),
        ('width="150" viewBox="0 0 300 200"', 150, 100),
        ('height="50" viewBox="-10,-10 300 200"', 75, 50),
        ('width="30mm" height="20mm"', 113, 76),
    ],
)
def test_the_size_is_what_a_browser_would_make_of_it(tmp_path, attributes, width, height):
    content, _ = drawn(tmp_path, f'{OPEN} {attributes}><rect width="9" height="9"/></svg>', "png", scale=1)

    assert picture(content).size == (width, height)


def test_a_drawing_without_any_size_is_as_large_as_its_ink(tmp_path):
    content, warnings = drawn(tmp_path, f'{OPEN}><rect x="500" y="300" width="140" height="60"/></svg>', "png", scale=1)

    assert picture(content).size == (640, 360)
    assert "tells no size" in warnings[0]


def test_cleaning_changes_size_padding_and_background_only_when_asked(tmp_path):
    plain, _ = cleaned(tmp_path, BOX)
    asked, _ = cleaned(tmp_path, BOX, padding=10, background="#00ff00", width=280)

    assert plain.count("<rect") == 1
    assert 'width="120"' in plain
    assert 'viewBox="-10 -10 140 60"' in asked
    assert 'width="280" height="120"' in asked
    assert picture(drawn(tmp_path, BOX, "png", padding=10, background="#00ff00", scale=1)[0]).getpixel((3, 3)) == (
        0,
        255,
        0,
    )


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
@pytest.mark.parametrize(("asked", "size"), [({}, (240, 80)), ({"scale": 1.37}, (164, 55)), ({"width": 90}, (180, 60))])
def test_output_pixels_are_css_pixels_times_scale(tmp_path, form, asked, size):
    content, _ = drawn(tmp_path, BOX, form, **asked)

    assert picture(content).size == size
    assert picture(content).format == form.upper()


@pytest.mark.parametrize(
    ("form", "background", "corner"),
    [
        ("png", "white", (255, 255, 255)),
        ("png", "rebeccapurple", (102, 51, 153)),
        ("png", "transparent", (0, 0, 0, 0)),
        ("webp", "transparent", (0, 0, 0, 0)),
        ("jpeg", "transparent", (255, 255, 255)),
        ("png", "#0000ff80", (0, 0, 255, 128)),
    ],
)
def test_the_background_shows_behind_the_drawing(tmp_path, form, background, corner):
    text = f'{OPEN} width="60" height="60"><circle cx="30" cy="30" r="9"/></svg>'
    content, _ = (
        drawn(tmp_path, text, form, background=background, quality=100)
        if form != "png"
        else drawn(tmp_path, text, form, background=background)
    )

    assert picture(content).getpixel((0, 0)) == corner


def test_an_unknown_colour_is_refused_by_name(tmp_path):
    with pytest.raises(BadDocument, match="blurple"):
        drawn(tmp_path, BOX, "png", background="blurple")


def test_the_same_drawing_gives_the_same_bytes(tmp_path):
    assert drawn(tmp_path, BOX, "png") == drawn(tmp_path, BOX, "png")


def test_too_many_pixels_are_refused_with_the_remedy(tmp_path):
    with pytest.raises(Refused, match="smaller width, height or scale"):
        drawn(tmp_path, BOX, "png", width=16000, scale=4)
    with pytest.raises(Refused, match="smaller width"):
        drawn(tmp_path, sample("nasty/huge_view_box.svg").decode(), "png")


def test_a_scale_that_nobody_asked_for_is_lowered_instead(tmp_path):
    content, warnings = drawn(tmp_path, f'{OPEN} width="12000" height="20"><rect width="9" height="9"/></svg>', "png")

    assert picture(content).size == (16384, 27)
    assert "1.37" in warnings[0]


def test_without_a_browser_what_librsvg_cannot_draw_is_told(tmp_path, no_browser):
    content, warnings = drawn(tmp_path, sample("showcase.svg").decode(), "png", scale=1)

    assert picture(content).size == (960, 540)
    assert "HTML inside the drawing" in warnings[0]
    assert "colour in emoji" in warnings[0]
    assert "text along a path" in warnings[0]
    assert "apt-get install" in warnings[0]


def test_what_librsvg_might_never_finish_is_not_given_to_it(tmp_path, no_browser):
    with pytest.raises(Refused, match="bounded time"):
        drawn(tmp_path, sample("nasty/endless_dashes.svg").decode(), "png")
    blurred = '<rect width="2000" height="2000" filter="url(#f)"/>' * 9
    with pytest.raises(Refused, match="bounded time"):
        drawn(
            tmp_path,
            f'{OPEN} width="2000" height="2000"><filter id="f"><feGaussianBlur stdDeviation="90"/></filter>'
            f"{blurred}</svg>",
            "png",
        )


def test_the_web_page_holds_the_drawing_and_allows_nothing_else(tmp_path):
    content, _ = drawn(tmp_path, BOX, "html")

    assert b"default-src 'none'" in content
    assert b"data:image/svg+xml;base64," in content
    assert b"<title>A drawing</title>" in content


@pytest.mark.browser
def test_the_browser_draws_emoji_in_colour_and_html_inside_the_drawing(tmp_path):
    content, warnings = drawn(tmp_path, sample("showcase.svg").decode(), "png", scale=1.5)
    shown = picture(content).convert("RGB")

    assert shown.size == (1440, 810)
    assert warnings == []
    html = shown.crop((1092, 336, 1350, 520))
    assert html.convert("L").getextrema()[0] < 120


@pytest.mark.browser
def test_a_pdf_page_is_as_large_as_the_drawing_and_holds_text(tmp_path):
    content, _ = drawn(tmp_path, sample("showcase.svg").decode(), "pdf")
    pages = PdfReader(io.BytesIO(content)).pages

    assert len(pages) == 1
    assert (float(pages[0].mediabox.width), float(pages[0].mediabox.height)) == pytest.approx((720, 405), abs=1)
    assert "third quarter" in pages[0].extract_text()


@pytest.mark.browser
def test_a_drawing_larger_than_the_paper_is_shrunk_onto_it(tmp_path):
    wide = f'{OPEN} width="4000" height="9000"><rect width="4000" height="9000"/><text y="99">x</text></svg>'
    content, _ = drawn(tmp_path, wide, "pdf", page_size="a4", orientation="landscape", margin_mm=40)
    pages = PdfReader(io.BytesIO(content)).pages

    assert len(pages) == 1
    assert (float(pages[0].mediabox.width), float(pages[0].mediabox.height)) == pytest.approx((842, 595), abs=1)


@pytest.mark.parametrize(
    ("layers", "sheet"), [('style="mix-blend-mode: multiply"', ""), ('mask="url(#m)"', ""), ("", "g { mask: url(#m) }")]
)
def test_layers_as_large_as_the_picture_are_left_to_the_browser(tmp_path, layers, sheet):
    def weight(count: int) -> float:
        shapes = f'<g {layers}><path d="M0 0H9V9z"/></g>' * count
        text = f'{OPEN} width="1000" height="1000"><style>{sheet}</style><mask id="m"/>{shapes}</svg>'
        root = _svg_draw.root_of(a_drawing(tmp_path, text))
        return _svg_draw.weight(root, _svg_draw.markup(root), Pixels(1000, 1000))

    assert weight(5) < 1 < weight(150)
