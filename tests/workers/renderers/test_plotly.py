from __future__ import annotations

import base64
import io
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader

from longshore.errors import BadDocument
from workers.browser import browser
from workers.browser._network import closed_context

SAMPLES = Path(__file__).parent.parent.parent / "samples" / "plotly"

Draw = Callable[..., tuple[bytes, list[str]]]

TRACES: dict[str, dict[str, Any]] = {
    "scattergl": {"x": [1, 2], "y": [1, 2], "mode": "markers"},
    "scatter3d": {"x": [1, 2], "y": [1, 2], "z": [1, 2]},
    "surface": {"z": [[1, 2], [3, 4]]},
    "choropleth": {"locations": ["DEU", "CHN"], "z": [1, 2]},
    "scattermap": {"lat": [50, 30], "lon": [10, 120]},
    "parcoords": {"dimensions": [{"label": "a", "values": [1, 2]}, {"label": "b", "values": [2, 1]}]},
    "sankey": {"node": {"label": ["a", "b"]}, "link": {"source": [0], "target": [1], "value": [3]}},
    "candlestick": {"x": ["2026-01-01"], "open": [1], "high": [3], "low": [0], "close": [2]},
    "table": {"header": {"values": ["a"]}, "cells": {"values": [[1, 2]]}},
    "indicator": {"mode": "gauge+number", "value": 3},
}


def figure(kind: str, **layout: Any) -> str:
    return json.dumps({"data": [{"type": kind, **TRACES[kind]}], "layout": {"width": 300, "height": 240, **layout}})


def packed(dtype: str, code: str, *numbers: float, shape: str = "") -> dict[str, str]:
    content = base64.b64encode(struct.pack(f"<{len(numbers)}{code}", *numbers)).decode()
    return {"dtype": dtype, "bdata": content} | ({"shape": shape} if shape else {})


@pytest.mark.browser
@pytest.mark.parametrize("form", ["svg", "png", "jpeg", "webp", "pdf"])
def test_the_showcase_is_drawn_the_same_every_time(draw: Draw, form: str) -> None:
    first, warnings = draw("plotly", SAMPLES / "showcase.json", form)
    assert draw("plotly", SAMPLES / "showcase.json", form)[0] == first
    assert warnings == []
    if form in {"png", "jpeg", "webp"}:
        assert Image.open(io.BytesIO(first)).size == (2200, 1240)
    if form == "svg":
        assert "按承运商统计的包裹" in first.decode()


@pytest.mark.browser
def test_the_pdf_is_one_page_of_vectors(draw: Draw) -> None:
    pages = PdfReader(io.BytesIO(draw("plotly", SAMPLES / "showcase.json", "pdf")[0])).pages
    assert len(pages) == 1
    assert "Parcels by carrier, 2026" in pages[0].extract_text()
    assert list(pages[0].images) == []


@pytest.mark.browser
@pytest.mark.parametrize("kind", TRACES)
def test_a_trace_leaves_ink(draw: Draw, kind: str) -> None:
    png, warnings = draw("plotly", figure(kind), "png", scale=1)
    colours = Image.open(io.BytesIO(png)).convert("RGB").getcolors(1_000_000)
    assert colours is not None
    assert len(colours) > 5
    assert bool(warnings) == (kind == "scattermap")


@pytest.mark.browser
def test_webgl_data_is_really_drawn(draw: Draw) -> None:
    bare = {"axis": {"visible": False}}
    text = json.dumps({
        "data": [{"type": "scattergl", "x": [1], "y": [1], "mode": "markers", "marker": {"size": 60, "color": "red"}}],
        "layout": {"width": 200, "height": 200, "margin": {"l": 0, "r": 0, "t": 0, "b": 0}, "xaxis": bare["axis"]},
    })  # fmt: skip
    assert Image.open(io.BytesIO(draw("plotly", text, "png", scale=1)[0])).convert("RGB").getpixel((100, 100)) == (
        255,
        0,
        0,
    )


@pytest.mark.browser
def test_settings_reach_the_chart(draw: Draw) -> None:
    def corner(form: str, **asked: Any) -> tuple[tuple[int, int], Any]:
        image = Image.open(io.BytesIO(draw("plotly", SAMPLES / "showcase.json", form, scale=1, **asked)[0]))
        return image.size, image.convert("RGBA").getpixel((2, 2))

    assert corner("png", width=550) == ((550, 310), (255, 255, 255, 255))
    assert corner("png", background="transparent")[1][3] == 0
    assert corner("jpeg", background="transparent")[1] == (255, 255, 255, 255)
    assert corner("png", theme="dark")[1] == (17, 17, 17, 255)
    assert corner("png", background="#ff0000")[1] == (255, 0, 0, 255)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("not-json", "line 1, column 11"),
        ("no-data", "no list"),
        ("unknown-type", "bubblechart"),
        ("cut-array", "Float64Array"),
    ],
)
def test_a_broken_figure_is_told(draw: Draw, name: str, said: str) -> None:
    with pytest.raises(BadDocument, match=said):
        draw("plotly", SAMPLES / "broken" / f"{name}.json", "png")


@pytest.mark.browser
def test_the_live_page_draws_without_a_network_and_runs_only_its_own_scripts(draw: Draw, tmp_path: Path) -> None:
    hostile = json.loads((SAMPLES / "world.json").read_text(encoding="utf-8"))
    hostile["layout"]["title"]["text"] = "</script><script>owned = 1</script><img src=x onerror='owned=1'>"
    page = draw("plotly", json.dumps(hostile), "html")[0].decode()

    def look(engine: Any) -> list[Any]:
        context = closed_context(engine.browser, scripts=True)
        shown = context.new_page()
        shown.set_content(page)
        shown.wait_for_selector(".choroplethlayer path", state="attached", timeout=20_000)
        seen = shown.evaluate("() => [document.querySelectorAll('.choroplethlayer path').length, window.owned || 0]")
        context.close()
        return list(seen)

    count, owned = browser()._render(look, 60)
    assert count == 7
    assert owned == 0


def test_json_has_plain_lists_for_typed_arrays(draw: Draw) -> None:
    trace = {
        "type": "heatmap",
        "x": packed("i2", "h", -1, 2),
        "y": packed("f8", "d", 0.5, float("nan"), 2),
        "z": packed("f4", "f", 1, 2, 3, 4, 5, 6, shape="3, 2"),
        "ids": packed("u1", "B", 7, 255),
    }
    content = json.loads(draw("plotly", json.dumps({"data": [trace]}), "json")[0])
    assert content["data"][0] == {
        "type": "heatmap", "x": [-1, 2], "y": [0.5, None, 2], "z": [[1, 2], [3, 4], [5, 6]], "ids": [7, 255],
    }  # fmt: skip
    with pytest.raises(BadDocument, match="cut off"):
        draw("plotly", SAMPLES / "broken" / "cut-array.json", "json")


def test_markdown_has_a_table_for_every_trace(draw: Draw) -> None:
    text = draw("plotly", SAMPLES / "showcase.json", "md")[0].decode()
    assert text.startswith("# Parcels by carrier, 2026 · 按承运商统计的包裹\n")
    assert "## Sea 🚢 (bar)\n\n| X | Y |\n| --- | --- |\n| 2026-01-01 | 4120 |" in text
    assert text.count("| --- | --- |") == 4
    assert "| Hamburg | 汉堡 | 7.8 |" in draw("plotly", SAMPLES / "table.json", "md")[0].decode()
    hostile = json.dumps({"data": [{"x": ["a|b\n# c", "<b>"], "name": "[x](y)"}]})
    assert "| a\\|b \\# c | 0 |\n| \\<b\\> | 1 |" in draw("plotly", hostile, "md")[0].decode()


def test_a_long_table_is_cut_and_the_cut_is_told(draw: Draw) -> None:
    text, warnings = draw("plotly", json.dumps({"data": [{"y": list(range(6000)), "name": "Long"}]}), "md")
    assert text.count(b"\n| ") == 5002
    assert warnings == ["Long: only the first 5,000 of 6,000 rows are in the table."]
