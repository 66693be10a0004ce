from __future__ import annotations

import io
import json
import re
import time
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from workers.renderers import html
from workers.renderers.base import SETTINGS, BadDocument, Document, Refused, Render

SAMPLES = Path(__file__).parents[2] / "samples" / "html"
DRAW = {"pdf": html.to_pdf, "png": html.to_png, "jpeg": html.to_jpeg, "webp": html.to_webp}
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def converted(tmp_path: Path, content: str | bytes, form: str, **settings: object) -> tuple[bytes, list[str]]:
    source = tmp_path / "source.html"
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    folder = tmp_path / f"scratch{sum(1 for _ in tmp_path.iterdir())}"
    folder.mkdir()
    render = Render(folder, SETTINGS[form](**settings), time.monotonic() + 60, title="A page")
    document = Document(source, "html", "A page")
    if form == "json":
        return html.to_json(document, render).read_bytes(), render.warnings
    page = html.clean(document, render)
    return (DRAW[form](page, render) if form in DRAW else page).read_bytes(), render.warnings


def body_of(content: str | bytes, tmp_path: Path) -> str:
    return converted(tmp_path, content, "html")[0].decode().partition("<body>\n")[2]


def showcase() -> str:
    return (SAMPLES / "showcase.html").read_text(encoding="utf-8")


def test_a_harmless_page_keeps_its_style_and_text_without_a_warning(tmp_path):
    content, warnings = converted(tmp_path, showcase(), "html")
    page = content.decode()

    assert warnings == []
    assert "grid-template-columns: 1fr 1fr" in page
    assert "株式会社 みなと造船" in page
    assert '<html lang="en"' in page
    assert "data:image/svg+xml;base64," in page


def test_everything_that_loads_or_runs_is_left_out_and_told(tmp_path):
    content, warnings = converted(tmp_path, (SAMPLES / "nasty/links_and_scripts.html").read_text(), "html")
    page = content.decode()

    for trace in ("canary", "alert", "passwd", "script:", "<script", "<iframe", "<form", "<input", "<link", "onload"):
        assert trace not in page
    assert "text stays" in page
    assert "a ship (a picture at pictures.example is not part of this document)" in page
    assert 'href="https://example.org/"' in page
    told = " ".join(warnings)
    for what in ("scripts", "embedded pages", "form fields", "style sheets in other files", "@import", "picture(s)"):
        assert what in told


def test_every_page_forbids_loading_and_running_once_more(tmp_path):
    page = converted(tmp_path, "<p>x</p>", "html")[0].decode()

    assert page.index("Content-Security-Policy") < page.index("<body>")
    assert "default-src 'none'" in page
    assert "script-src" not in page


@pytest.mark.parametrize(
    "attack",
    [
        '<svg><p><style><g title="</style><img src=x onerror=alert(1)>">',
        "<math><mi><table><mglyph><style><math><img src onerror=alert(1)></style></math></mglyph></table></mi></math>",
        '<img src="data:image/png;base64,AAAA"><img src=" jav&#x09;ascript:alert(1)">',
        "<a href='&#106;avascript:alert(1)'>x</a>",
        "<style><!--</style><script>alert(1)</script>--></style>",
        "<style>p{}</style/><script>alert(1)</script>",
        '<div style="background:\\75\\72\\6c(javascript:alert(1))">x</div>',
        "<p id='x' style='x:url(&quot;&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;)'>x</p>",
        "<title></title><script>alert(1)</script>x",
        "<img alt='\"><script>alert(1)</script>' src='http://x.example/'>",
    ],
)
def test_no_known_trick_leaves_a_script_behind(tmp_path, attack):
    body = body_of(attack + "<p>end</p>", tmp_path)

    assert not re.search(
        r"<script|<[a-z]+[^>]*\son\w+=|(href|src)=\"\s*j", re.sub(r'"[^"]*"', '""', body), re.IGNORECASE
    )
    assert "end" in body


def test_a_picture_inside_the_page_stays_only_where_its_bytes_are_a_picture(tmp_path):
    good = f'<img alt="dot" src="data:image/png;base64,{PNG}">'
    content, warnings = converted(tmp_path, good + good.replace("image/png", "image/gif"), "html")

    assert content.decode().count(PNG) == 1
    assert len(warnings) == 1


def test_a_broken_drawing_inside_a_page_is_told_and_the_page_goes_on(tmp_path):
    content, warnings = converted(tmp_path, "<p>before</p><svg><rect></svg><p>after</p>", "html")

    assert b"before" in content
    assert b"after" in content
    assert "not well-formed" in warnings[0]


def test_a_page_without_a_style_is_set_like_a_note(tmp_path):
    plain = converted(tmp_path, "<h1>Title</h1><p>Text", "html", theme="dark")[0].decode()
    styled = converted(tmp_path, "<style>p{color:red}</style><p>Text", "html", theme="dark")[0].decode()

    assert "markdown-alert" in plain
    assert '<html data-theme="dark">' in plain
    assert "markdown-alert" not in styled


@pytest.mark.parametrize("path", sorted((SAMPLES / "broken").iterdir()), ids=lambda path: path.stem)
def test_a_broken_page_is_refused_with_a_reason(tmp_path, path):
    with pytest.raises(BadDocument, match=r"The (page|document) .*\."):
        converted(tmp_path, path.read_bytes(), "html")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<div>" * 3000 + "x", "3,000 deep"),
        ("<i></b>" * 3000 + "x", "3,000 deep"),
        ("<body " * 300_000, "shows nothing"),
        ("<link " * 300_000, "shows nothing"),
        ("<br>" * 500_001 + "x", "500,001 tags"),
        ("x" * 20_000_001, "20,000,001 characters"),
    ],
)
def test_a_page_too_deep_or_too_large_is_refused_at_once(tmp_path, content, reason):
    started = time.monotonic()
    with pytest.raises(BadDocument, match=reason):
        converted(tmp_path, content, "html")
    assert time.monotonic() - started < 5


def test_json_tells_title_headings_and_text(tmp_path):
    facts = json.loads(converted(tmp_path, showcase(), "json")[0])

    assert facts["title"] == "A page"
    assert facts["headings"][0] == {"level": 1, "text": "Invoice 2031-0417", "anchor": ""}
    assert "Mainsail, 46 m²" in facts["text"]
    assert "letter-spacing" not in facts["text"]
    assert facts["source"] == showcase()


@pytest.mark.browser
def test_the_pdf_has_links_page_numbers_and_the_paper_that_was_asked_for(tmp_path):
    pages = PdfReader(io.BytesIO(converted(tmp_path, showcase(), "pdf", page_size="letter")[0])).pages
    links = [item.get_object()["/A"].get("/URI") for page in pages for item in page.get("/Annots", [])]

    assert len(pages) == 1
    assert (float(pages[0].mediabox.width), float(pages[0].mediabox.height)) == pytest.approx((612, 792), abs=1)
    assert "https://example.org/orders/0417" in links
    assert "1 / 1" in pages[0].extract_text()


@pytest.mark.browser
@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_a_picture_shows_the_whole_page_at_the_width_that_was_asked_for(tmp_path, form):
    tall = "<style>body{margin:0}</style><div style='height:1500px;background:#0000ff'></div><p>end</p>"
    picture = Image.open(io.BytesIO(converted(tmp_path, tall, form, width=400, scale=1)[0]))

    assert picture.format == form.upper()
    assert picture.width == 400
    assert picture.height > 1500
    assert picture.convert("RGB").getpixel((200, 1400)) == pytest.approx((0, 0, 255), abs=3)


@pytest.mark.browser
def test_a_page_too_long_for_the_default_scale_is_drawn_smaller_and_told(tmp_path):
    long = "<style>body{margin:0}</style><div style='height:9000px'></div><p>end</p>"
    content, warnings = converted(tmp_path, long, "png", width=200)

    picture = Image.open(io.BytesIO(content))
    assert picture.width == 200
    assert picture.height > 9000
    assert "scale 1" in warnings[0]
    with pytest.raises(Refused):
        converted(tmp_path, long, "png", width=200, scale=2)


@pytest.mark.browser
def test_a_transparent_page_is_transparent(tmp_path):
    picture = Image.open(io.BytesIO(converted(tmp_path, "<p>x</p>", "png", background="transparent", scale=1)[0]))

    assert picture.getpixel((2, 2))[3] == 0
