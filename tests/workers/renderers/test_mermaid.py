from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from longshore.errors import BadDocument, Unavailable

SAMPLES = Path(__file__).parent.parent.parent / "samples" / "mermaid"
GOOD = sorted(SAMPLES.glob("*.mmd"))

Draw = Callable[..., tuple[bytes, list[str]]]


@pytest.mark.browser
@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_diagram_becomes_the_same_plain_svg_every_time(draw: Draw, path: Path) -> None:
    first, warnings = draw("mermaid", path, "svg")
    for other in GOOD[:2]:
        draw("mermaid", other, "svg")
    assert draw("mermaid", path, "svg")[0] == first
    assert warnings == []
    text = first.decode()
    assert "<foreignObject" not in text
    assert "<script" not in text
    assert "Noto Sans CJK SC" in text


@pytest.mark.browser
def test_the_showcase_keeps_its_words_and_becomes_a_picture(draw: Draw) -> None:
    svg = draw("mermaid", SAMPLES / "showcase.mmd", "svg")[0].decode()
    for word in ("店铺", "📱", "intake", "倉庫", "Delivered"):
        assert word in svg
    png, warnings = draw("mermaid", SAMPLES / "showcase.mmd", "png")
    assert png.startswith(b"\x89PNG")
    assert warnings == []
    assert draw("mermaid", SAMPLES / "showcase.mmd", "pdf")[0].startswith(b"%PDF-")


@pytest.mark.browser
def test_settings_reach_the_drawing(draw: Draw) -> None:
    plain = draw("mermaid", SAMPLES / "sequence.mmd", "svg")[0].decode()
    dark = draw("mermaid", SAMPLES / "sequence.mmd", "svg", theme="dark")[0].decode()
    wide = draw("mermaid", SAMPLES / "sequence.mmd", "svg", width=333, background="transparent")[0].decode()
    assert "fill:white" in plain
    assert "fill:#1b1f27" in dark
    assert 'width="333"' in wide
    assert "fill:white;fill-opacity:1" not in wide


@pytest.mark.browser
def test_a_gantt_chart_does_not_show_today(draw: Draw) -> None:
    around = "gantt\n dateFormat YYYY-MM-DD\n section A\n Long :a, 2000-01-01, 36500d\n"
    assert 'class="today"' not in draw("mermaid", around, "svg")[0].decode()
    assert 'class="today"' in draw("mermaid", around + " todayMarker stroke-width:5px\n", "svg")[0].decode()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("unclosed-brace", r"broken on line 3: \n.*Choice"),
        ("after-comment", r"broken on line 7: "),
        ("prose", "names no diagram type"),
        ("picture", "nothing is loaded"),
        ("empty", "is empty"),
    ],
)
def test_a_broken_diagram_is_told_with_its_line(draw: Draw, name: str, said: str) -> None:
    with pytest.raises(BadDocument) as caught:
        draw("mermaid", SAMPLES / "broken" / f"{name}.mmd", "svg")
    assert re.search(said, caught.value.message), caught.value.message


@pytest.mark.browser
@pytest.mark.parametrize(
    "hostile",
    [
        'flowchart LR\n A["<img src=x onerror=alert(1)>"] --> B["<script>alert(1)</script>"]\n',
        'flowchart LR\n A --> B\n click A "javascript:alert(1)"\n click B call alert(1)\n',
        '%%{init: {"securityLevel": "loose", "htmlLabels": true}}%%\nflowchart LR\n A["<b onclick=a()>x</b>"]\n',
        '%%{init: {"themeCSS": "* { background: url(http://127.0.0.1/x) }"}}%%\nflowchart LR\n A --> B\n',
    ],
    ids=["html", "click", "init", "css"],
)
def test_a_hostile_diagram_carries_nothing_out(draw: Draw, hostile: str) -> None:
    svg = draw("mermaid", hostile, "svg")[0].decode()
    for sign in ("<script", "onerror=", "onclick=", "javascript:", "127.0.0.1/x"):
        assert not re.search(rf"<[^>]*{re.escape(sign)}|url\([^)]*{re.escape(sign)}", svg), sign


@pytest.mark.browser
def test_the_page_holds_the_drawing_inline_and_no_script(draw: Draw) -> None:
    page = draw("mermaid", SAMPLES / "showcase.mmd", "html")[0].decode()
    assert "<svg" in page
    assert "店铺" in page
    assert "<script" not in page
    assert "default-src 'none'" in page


def test_json_and_markdown_need_no_browser_and_say_that_nothing_was_checked(draw: Draw, monkeypatch) -> None:
    def no_browser() -> None:
        raise Unavailable("No browser is installed on this machine.")

    monkeypatch.setattr("workers.browser.browser", no_browser)
    text = 'flowchart LR\n A["世界"] --> B["```"]\n'
    content, warnings = draw("mermaid", text, "json")
    assert json.loads(content) == {"type": "mermaid", "title": "Sample", "source": text}
    assert "was not looked at" in warnings[0]
    assert draw("mermaid", text, "md")[0].decode() == f"# Sample\n\n````mermaid\n{text}````\n"


@pytest.mark.browser
def test_the_name_of_a_state_stands_in_the_middle_of_its_box(draw: Draw, tmp_path: Path) -> None:
    source = tmp_path / "states.mmd"
    source.write_text("stateDiagram-v2\n  [*] --> Short\n  Short --> AVeryLongNameOfAState\n", encoding="utf-8")
    drawing = draw("mermaid", source, "svg")[0].decode()
    at = r'<g class="label" style="" transform="translate\(([^,]+),[^)]*\)">.*?<text[^>]*>'
    labels = re.findall(at, drawing)
    assert labels == ["0", "0"]
    assert drawing.count('text-anchor="middle"') >= 2


@pytest.mark.browser
@pytest.mark.parametrize("head", ["flowchart LR\n  a", "stateDiagram-v2\n  state "])
def test_characters_that_a_document_names_are_drawn(draw: Draw, head: str) -> None:
    body = "[%s]" if head.startswith("flow") else "%s as a"
    text = head + body % '"say #quot;yes#quot; #9829; #amp; #lt;b#gt;"'
    svg = draw("mermaid", text, "svg")[0].decode()
    words = re.sub(r"\s+", "", re.sub(r"<[^<>]*>", "", svg.partition("</style>")[2]))
    assert 'say"yes"♥&amp;&lt;b&gt;' in words
