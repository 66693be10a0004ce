from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from longshore.errors import BadDocument

Draw = Callable[..., tuple[bytes, list[str]]]

HALF = r'"\ud800 half"'
SOURCES = {
    "plotly": f'{{"data": [{{"name": {HALF}, "y": [1e999, 2]}}], "layout": {{"title": {{"text": {HALF}}}}}}}',
    "vega": f"""{{"mark": "bar", "title": {HALF}, "data": {{"values": [{{"a": {HALF}, "b": -1e999, "c": 1}}]}},
        "encoding": {{"x": {{"field": "a"}}, "y": {{"field": "c", "type": "quantitative"}}}}}}""",
    "canvas": f"""{{"title": {HALF}, "shapes": [
        {{"id": {HALF}, "type": "rectangle", "x": 0, "y": 1e999, "width": 90, "height": 50, "text": {HALF}}}]}}""",
    "tldraw": f"""{{"title": {HALF}, "store": {{"document:document": {{"typeName": "document", "name": {HALF}}},
        "page:p": {{"id": "page:p", "typeName": "page", "name": "p"}},
        "shape:a": {{"id": "shape:a", "typeName": "shape", "type": "geo", "parentId": "page:p", "x": 0, "y": 1e999,
                     "index": "a1", "props": {{"w": 100, "h": 100, "geo": "rectangle", "text": {HALF}}}}}}}}}""",
    "excalidraw": f"""{{"type": "excalidraw", "appState": {{"name": {HALF}, "zoom": 1e999}}, "elements": [
        {{"id": {HALF}, "type": "text", "x": 0, "y": 0, "width": 100, "height": 40, "text": {HALF}}}]}}""",
}
TEXTS = ("json", "md", "html", "svg")


@pytest.mark.browser
@pytest.mark.parametrize(
    ("kind", "form"), [(kind, form) for kind in SOURCES for form in (*TEXTS, "png") if (kind, form) != ("vega", "md")]
)
def test_halves_of_characters_and_endless_numbers_stop_no_format(draw: Draw, kind: str, form: str) -> None:
    content, _ = draw(kind, SOURCES[kind], form)
    if form in TEXTS:
        assert "half" in content.decode()
        assert not re.search(r"\\ud800|\bInfinity[,\]}]", content.decode())


@pytest.mark.parametrize("form", ["csv", "xml", "xlsx"])
@pytest.mark.parametrize("kind", ["plotly", "vega"])
def test_a_table_has_them_as_gaps(draw: Draw, kind: str, form: str) -> None:
    content, warnings = draw(kind, SOURCES[kind], form)
    assert "Halves" in warnings[0]
    assert form == "xlsx" or not re.search("inf", content.decode(), re.IGNORECASE)


@pytest.mark.parametrize("kind", SOURCES)
def test_json_tells_what_it_replaced(draw: Draw, kind: str) -> None:
    content, warnings = draw(kind, SOURCES[kind], "json")
    assert "\ufffd half" in content.decode()
    json.loads(content, parse_constant=pytest.fail)
    assert any("Halves" in warning for warning in warnings)


def test_a_live_chart_has_a_gap_where_a_number_has_no_end(draw: Draw) -> None:
    for number in ("1e999", "-1e999", "Infinity", "NaN", "9" * 400, "1" * 300 + "e99"):
        page, _ = draw("plotly", f'{{"data": [{{"y": [7, {number}]}}]}}', "html")
        assert b'"y": [7, null]' in page


def test_characters_of_two_halves_stay(draw: Draw) -> None:
    content, warnings = draw("plotly", r'{"data": [{"name": "\ud83d\ude00", "y": [1]}]}', "json")
    assert "😀" in content.decode()
    assert warnings == []


@pytest.mark.parametrize("kind", ["plotly", "vega"])
@pytest.mark.parametrize("form", ["json", "html", "csv"])
def test_what_is_nested_deeper_than_anything_walks_is_refused(draw: Draw, kind: str, form: str) -> None:
    for levels in (250, 900, 100_000):
        with pytest.raises(BadDocument, match="nested too deeply"):
            draw(kind, '{"data": [], "mark": "bar", "meta": ' + "[" * levels + "]" * levels + "}", form)
