from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from longshore.errors import BadDocument
from workers.renderers._missing import missing

SAMPLES = Path(__file__).parent.parent.parent / "samples" / "graphviz"

Draw = Callable[..., tuple[bytes, list[str]]]


@pytest.mark.browser
@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.dot")), ids=lambda path: path.stem)
def test_a_graph_becomes_the_same_svg_every_time(draw: Draw, path: Path) -> None:
    first, warnings = draw("graphviz", path, "svg")
    assert draw("graphviz", path, "svg")[0] == first
    assert warnings == []
    assert b"Noto Sans CJK SC" in first


@pytest.mark.browser
def test_the_showcase_keeps_its_words_and_becomes_a_picture(draw: Draw) -> None:
    svg = draw("graphviz", SAMPLES / "showcase.dot", "svg")[0].decode()
    for word in ("客户门户", "海关", "🚚", "€ 12.40"):
        assert word in svg
    assert draw("graphviz", SAMPLES / "showcase.dot", "png")[0].startswith(b"\x89PNG")
    assert draw("graphviz", SAMPLES / "showcase.dot", "pdf")[0].startswith(b"%PDF-")


@pytest.mark.browser
@pytest.mark.parametrize("engine", ["dot", "neato", "fdp", "sfdp", "twopi", "circo", "osage", "patchwork"])
def test_every_layout_draws(draw: Draw, engine: str) -> None:
    svg, _ = draw("graphviz", f"digraph {{ layout={engine}; alpha -> beta -> gamma -> alpha }}", "svg")
    assert b">gamma</text>" in svg


@pytest.mark.browser
def test_wide_letters_are_drawn_smaller_than_the_room_that_graphviz_left(draw: Draw) -> None:
    svg = draw("graphviz", 'digraph { a [label="客户门户客户门户"]; b [label="plain"] }', "svg")[0].decode()
    sizes = {text: float(size) for size, text in re.findall(r'font-size="([\d.]+)"[^>]*>([^<]+)</text>', svg)}
    assert sizes["客户门户客户门户"] < sizes["plain"] <= 14


@pytest.mark.browser
def test_the_dark_theme_has_light_ink_on_a_dark_ground(draw: Draw) -> None:
    svg = draw("graphviz", SAMPLES / "states.dot", "svg", theme="dark")[0].decode()
    assert "#e6e9ef" in svg
    assert "fill:#1b1f27" in svg


@pytest.mark.browser
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dangling-edge", r"line 3: syntax error.*\nb -> ;"),
        ("unclosed", "line 3"),
        ("prose", "line 1.*nothing"),
        ("empty", "is empty"),
    ],
)
def test_a_broken_graph_is_told_with_its_line(draw: Draw, name: str, said: str) -> None:
    with pytest.raises(BadDocument) as caught:
        draw("graphviz", SAMPLES / "broken" / f"{name}.dot", "svg")
    assert re.search(said, caught.value.message), caught.value.message


@pytest.mark.browser
def test_no_file_is_read_and_no_link_runs(draw: Draw, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"\x89PNG\r\n\x1a\nCANARY")
    graph = (
        f'digraph {{ a [image="{tmp_path}/secret.png"]; b [URL="javascript:alert(1)"]; '
        f'c [label=<<table><tr><td><img src="{tmp_path}/secret.png"/></td></tr></table>>]; '
        'd [shapefile="/etc/passwd"] }'
    )
    svg, warnings = draw("graphviz", graph, "svg")
    assert svg.count(b"<image") == svg.count(missing().encode()) > 0
    assert b"secret" not in svg
    assert b"javascript" not in svg
    assert any("no file is read" in warning for warning in warnings)


@pytest.mark.browser
def test_the_page_holds_the_drawing_inline_and_no_script(draw: Draw) -> None:
    page = draw("graphviz", SAMPLES / "showcase.dot", "html")[0].decode()
    assert "<svg" in page
    assert "客户门户" in page
    assert "<script" not in page


def test_json_and_markdown_need_no_browser(draw: Draw) -> None:
    text = 'digraph { a [label="世界"] }\n'
    assert json.loads(draw("graphviz", text, "json")[0])["source"] == text
    assert draw("graphviz", text, "md")[0].decode() == f"# Sample\n\n```dot\n{text}```\n"


DOT = (
    'digraph {{ quay [image="{}", label=""]; '
    'ship [shape=none, label=<<table><tr><td><img src="{}"/></td></tr></table>>] }}'
)


@pytest.mark.browser
def test_a_missing_picture_is_a_box_and_told_once(draw: Draw) -> None:
    svg, warnings = draw("graphviz", DOT.format("quay.png", "http://a.invalid/b.png?c=1&amp;d=2"), "svg")
    assert svg.count(missing().encode()) == 2
    assert b"quay.png" not in svg
    assert draw("graphviz", DOT.format("quay.png", "http://a.invalid/b.png?c=1&amp;d=2"), "svg") == (svg, warnings)
    assert len(warnings) == 1
    assert "2 picture(s)" in warnings[0]
    assert "quay.png, http://a.invalid/b.png?c=1&d=2" in warnings[0]
    plain, _ = draw("graphviz", 'digraph { quay [label=""] ship [shape=none, label=""] }', "png")
    assert draw("graphviz", DOT.format("quay.png", "b.png"), "png")[0] != plain


@pytest.mark.browser
def test_a_picture_inside_the_graph_shows_in_its_own_size(draw: Draw) -> None:
    written = io.BytesIO()
    Image.new("RGB", (100, 40), "teal").save(written, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode()}"
    svg, warnings = draw("graphviz", DOT.format(url, url), "svg")
    assert svg.count(url.encode()) == 2
    assert re.search(rb'<image height="30px"[^>]+width="75px"', svg)
    assert warnings == []


@pytest.mark.browser
def test_a_broken_picture_inside_the_graph_is_a_box(draw: Draw) -> None:
    svg, warnings = draw("graphviz", DOT.format("data:image/png;base64,AAAA", "b.png"), "svg")
    assert svg.count(missing().encode()) == 2
    assert "2 picture(s)" in warnings[0]


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_clusters_in_clusters_have_the_letters_of_all_others(draw: Draw, theme: str) -> None:
    inner = 'subgraph cluster_b { label="inner"; subgraph cluster_c { label="innermost"; n } }'
    graph = f'/* {{ */ digraph "{{" {{ subgraph cluster_a {{ label="outer"; {inner} }} }}'
    svg = draw("graphviz", graph, "svg", theme=theme)[0].decode()
    letters = re.findall(r'<text [^>]*?font-family="([^"]*)"[^>]*?>(\w+)</text>', svg)
    assert sorted(word for _, word in letters) == ["inner", "innermost", "n", "outer"]
    assert len({family for family, _ in letters}) == 1
    inks = set(re.findall(r'<text [^>]*?fill="([^"]*)"', svg))
    assert inks == {"#1f2430" if theme == "light" else "#e6e9ef"}


@pytest.mark.browser
def test_a_broken_line_is_told_as_it_was_written(draw: Draw) -> None:
    with pytest.raises(BadDocument, match="line 1") as raised:
        draw("graphviz", "digraph { a -> ; }", "svg")
    assert raised.value.message.endswith("digraph { a -> ; }")
