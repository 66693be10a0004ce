from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from longshore.errors import BadDocument

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
    assert b"<image" not in svg
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
