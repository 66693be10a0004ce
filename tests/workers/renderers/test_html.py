from __future__ import annotations

import html as escapes
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
from workers.renderers.markdown import note_html

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
    assert "a drawing is not part of this document" in content.decode()
    assert len(warnings) == 1
    assert "not well-formed" in warnings[0]


def test_what_a_drawing_inside_a_page_lacks_is_told_once(tmp_path):
    drawing = "<svg width=9 height=9><rect width='9' height='9'/><script>1</script></svg>".replace("=9", "='9'")
    content, warnings = converted(tmp_path, f"<p>before</p>{drawing}", "html")
    assert len(warnings) == 1
    assert "Left out of the SVG" in warnings[0]
    assert b"script>" not in content
    _, warnings = converted(tmp_path, f"<p onclick='x()'>before</p>{drawing}", "html")
    assert len(warnings) == 2


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


def markdown_of(tmp_path: Path, page: str) -> tuple[str, list[str]]:
    source = tmp_path / "page.html"
    source.write_text(page, encoding="utf-8")
    folder = tmp_path / "markdown"
    folder.mkdir(exist_ok=True)
    render = Render(folder, SETTINGS["md"](), time.monotonic() + 60, title="Page")
    return html.to_md(Document(source, "html", "Page"), render).read_text(), render.warnings


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<h2>One <em>two</em></h2><p>three</p>", "## One *two*\n\nthree\n"),
        ("<ul><li>a<ul><li>b</li></ul></li><li><input type=checkbox checked> c</li></ul>", "- a\n  - b\n- [x] c\n"),
        ("<table><tr><th>a<th>b<tr><td>1|2<td>x<br>y</table>", "| a | b |\n| --- | --- |\n| 1\\|2 | x<br>y |\n"),
        ("<pre><code class=language-py>if a &lt; b:\n  c_d\n</code></pre>", "```py\nif a < b:\n  c_d\n```\n"),
        ('<a href="https://x.org/a_b">t</a> H<sub>2</sub>O', "[t](https://x.org/a_b) H<sub>2</sub>O\n"),
        ("<p>see https://x.org/a_b_c#d or a_b</p>", "see https://x.org/a_b_c#d or a\\_b\n"),
        ("<title>T &amp; U</title><p>x", "# T & U\n\nx\n"),
        ("<p>中文 <b>粗体</b> 😀</p><p dir=rtl>שלום</p>", "中文 **粗体** 😀\n\nשלום\n"),  # noqa: RUF001
        ("<p>1.5 and a-b; &amp;amp; <code>a\\-b</code>", "1.5 and a-b; \\&amp; `a\\-b`\n"),
        ("<pre>x\\-y https://a.b/c\\_d</pre>", "```\nx\\-y https://a.b/c\\_d\n```\n"),
        ("<nav>nav</nav><footer>foot</footer>", "nav\n\nfoot\n"),
    ],
)
def test_a_page_becomes_markdown(tmp_path: Path, page: str, text: str) -> None:
    assert markdown_of(tmp_path, page)[0] == text


MARKUP = ["<script>alert(1)</script>", "&lt;b&gt;", "*a* _b_ `c`", "# no heading", "1. no list", "- no", "> no",
          "1.5", "3-4", "a- b", "[a](b)", "![a](b)", "~~no~~", "| a |\n| - |", "---", "===", "\\*", "```"]  # fmt: skip


@pytest.mark.parametrize("text", MARKUP)
def test_text_that_looks_like_markup_stays_text(tmp_path: Path, text: str) -> None:
    note, _ = markdown_of(tmp_path, f"<p>{escapes.escape(text)}</p>")
    shown = note_html(note)
    assert shown.startswith("<p>")
    assert shown.count("<") == 2
    assert escapes.unescape(shown[3:].rpartition("</p>")[0]) == text


def test_markdown_of_a_page_holds_nothing_that_runs(tmp_path: Path) -> None:
    page = "<p onclick=x()>a<script>b()</script><a href='javascript:c()'>d</a><img src='https://e.example/f.png'></p>"
    note, warnings = markdown_of(tmp_path, page)
    assert note == "ad(a picture at e.example is not part of this document)\n"
    assert "scripts" in " ".join(warnings)


def test_a_deep_and_a_huge_page_become_markdown_in_time(tmp_path: Path) -> None:
    began = time.monotonic()
    markdown_of(tmp_path, "<blockquote>" * 490 + "x")
    markdown_of(tmp_path, "<p>word <b>bold</b> a_b</p>" * 50_000)
    assert time.monotonic() - began < 20


def test_a_page_that_shows_nothing_is_no_markdown(tmp_path: Path) -> None:
    with pytest.raises(BadDocument, match="shows nothing"):
        markdown_of(tmp_path, "<p> </p>")
