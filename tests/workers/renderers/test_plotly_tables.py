from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable
from typing import Any

import openpyxl
import pytest
from lxml import etree

from longshore.errors import BadDocument
from tests.workers.renderers.test_plotly import TRACES, packed

Draw = Callable[..., tuple[bytes, list[str]]]

MORE: dict[str, dict[str, Any]] = {
    "pie": {"labels": ["a", "b"], "values": [7, 8.5], "domain": {"x": [0, 0.25]}},
    "heatmap": {"x": ["Mo", "Tu"], "y": ["am", "pm", "night"], "z": [[11, 12], [13, None], [15, 16]]},
    "box": {"q1": [1], "median": [2], "q3": [3], "lowerfence": [0.5], "upperfence": [4.5]},
    "mesh3d": {"x": [1, 2, 3, 4], "y": [5, 6, 7, 8], "z": [9, 10, 11, 12], "i": [0], "j": [1], "k": [2]},
    "scatter": {"x": [1, 2], "y": [3, 4], "marker": {"size": [17, 18]}, "error_y": {"array": [0.1, 0.2]}},
    "bar": {"y": [3, 4], "x0": 20, "dx": 10},
    "waterfall": {"x": [5], "y": ["only"], "orientation": "h"},
    "scatterpolar": {"r": [1.25, 2.25], "theta": [45, 90]},
    "histogram": {"x": [1, 1, 2]},
    "image": {"z": [[[255, 128, 64]]]},
    "treemap": {"labels": ["a", "b"], "parents": ["", "a"], "values": [31, 32]},
}


def figure(*traces: dict[str, Any], **layout: Any) -> str:
    return json.dumps({"data": list(traces), "layout": layout})


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def numbers(value: Any) -> set[float]:
    if isinstance(value, dict):
        return set().union(*(numbers(one) for name, one in value.items() if name != "domain"))
    if isinstance(value, list):
        return set().union(*map(numbers, value))
    return {float(value)} if isinstance(value, int | float) else set()


def found(cells: Iterable[str]) -> set[float]:
    return {float(one) for cell in cells for one in re.findall(r"-?\d+(?:\.\d+)?", cell)}


def test_points_are_the_columns_that_older_clients_know(draw: Draw) -> None:
    bar = {"type": "bar", "name": 'Sea, "north"', "x": ["Jan", "Feb"], "y": [1, None]}
    content, warnings = draw("plotly", figure(bar, {"x": [1], "y": [2.5]}), "csv")
    assert content.startswith(b"\xef\xbb\xbfSeries,Type,X,Y\r\n")
    assert rows(content)[1:] == [
        ['Sea, "north"', "bar", "Jan", "1"],
        ['Sea, "north"', "bar", "Feb", ""],
        ["Series 2", "scatter", "1", "2.5"],
    ]
    assert warnings == []


def test_typed_arrays_are_numbers(draw: Draw) -> None:
    trace = {"x": packed("i2", "h", 1, -2), "y": packed("f8", "d", 0.1, float("nan"))}
    assert rows(draw("plotly", figure(trace), "csv")[0])[1:] == [
        ["Series 1", "scatter", "1", "0.1"],
        ["Series 1", "scatter", "-2", ""],
    ]


@pytest.mark.parametrize("kind", TRACES | MORE)
def test_every_number_of_every_trace_is_there(draw: Draw, kind: str) -> None:
    text = figure({"type": kind, **(TRACES | MORE)[kind]})
    wanted = numbers((TRACES | MORE)[kind]) - ({10.0} if kind == "bar" else set())
    assert wanted <= found(cell for row in rows(draw("plotly", text, "csv")[0]) for cell in row)
    root = etree.fromstring(draw("plotly", text, "xml")[0])
    points = [one for point in root.iter("point") for one in point.attrib.values()]
    assert wanted <= found([*points, *(value.text or "" for value in root.iter("value"))])
    book = openpyxl.load_workbook(io.BytesIO(draw("plotly", text, "xlsx")[0]))
    values = [cell.value for sheet in book for row in sheet for cell in row]
    assert kind == "image" or wanted <= {float(one) for one in values if isinstance(one, int | float)}


def test_a_grid_is_a_row_for_each_cell_with_what_stands_at_its_edges(draw: Draw) -> None:
    table = rows(draw("plotly", figure({"type": "heatmap", **MORE["heatmap"]}), "csv")[0])
    assert table[0] == ["Series", "Type", "X", "Y", "z"]
    assert [row[2:] for row in table[1:]][1:4] == [["Tu", "am", "12"], ["Mo", "pm", "13"], ["Tu", "pm", ""]]


def test_a_surface_knows_the_place_of_each_of_its_cells(draw: Draw) -> None:
    surface = {"type": "surface", "x": [[1, 2], [3, 4]], "y": [[5, 6], [7, 8]], "z": [[9, 10], [11]]}
    assert [row[2:] for row in rows(draw("plotly", figure(surface), "csv")[0])[1:]] == [
        ["1", "5", "9"], ["2", "6", "10"], ["3", "7", "11"], ["4", "8", ""],
    ]  # fmt: skip


def test_an_axis_that_the_chart_counts_is_filled_in(draw: Draw) -> None:
    counted = [row[2:] for row in rows(draw("plotly", figure({"y": [5, 6]}, {"type": "bar", **MORE["bar"]}), "csv")[0])]
    assert counted[1:] == [["0", "5"], ["1", "6"], ["20", "3"], ["30", "4"]]


def test_more_about_each_point_is_in_more_columns(draw: Draw) -> None:
    trace = {"x": [["2025", "2026"], ["Q1", "Q2"]], "y": [1, 2], "customdata": [["a", 1], ["b"]], "X": [8, 9]}
    table = rows(draw("plotly", figure(trace), "csv")[0])
    assert table[0] == ["Series", "Type", "X", "Y", "customdata[0]", "customdata[1]", "X (2)"]
    assert table[2][2:] == ["2026 / Q2", "2", "b", "", "9"]


def test_a_formula_in_a_name_is_disarmed(draw: Draw) -> None:
    content, warnings = draw("plotly", figure({"name": "=HYPERLINK(0)", "x": ["@a"], "y": [-1]}), "csv")
    assert rows(content)[1] == ["'=HYPERLINK(0)", "scatter", "'@a", "-1"]
    assert "2 cell(s)" in warnings[0]


def test_xml_has_the_shape_that_older_clients_know_and_is_escaped(draw: Draw) -> None:
    content, _ = draw("plotly", figure({"name": '<"&>', "x": ["a<b"], "y": [1]}, title={"text": "P & L"}), "xml")
    root = etree.fromstring(content)
    assert (root.tag, root.findtext("title")) == ("chart", "P & L")
    series = root.find("data/series")
    assert dict(series.attrib) == {"index": "0", "type": "scatter", "name": '<"&>'}
    assert [dict(point.attrib) for point in series] == [{"x": "a<b", "y": "1"}]


def test_a_workbook_has_a_sheet_for_each_trace_with_blocks_side_by_side(draw: Draw) -> None:
    flow = {"type": "sankey", "name": "Flow", **TRACES["sankey"]}
    book = openpyxl.load_workbook(io.BytesIO(draw("plotly", figure(flow, {"x": [1], "y": [2]}), "xlsx")[0]))
    assert book.sheetnames == ["Flow", "Series 2"]
    assert list(book["Flow"].values) == [
        ("node.label", "link.source", "link.target", "link.value"), ("a", 0, 1, 3), ("b", None, None, None),
    ]  # fmt: skip


def test_what_has_no_data_and_what_moves_is_told(draw: Draw) -> None:
    text = json.dumps({"data": [{"type": "bar", "name": "Nothing"}], "frames": [{"data": []}]})
    for form in ("csv", "xml", "xlsx"):
        _, warnings = draw("plotly", text, form)
        assert warnings[0] == "Nothing (bar) holds no data."
        assert "animation" in warnings[1]


def test_a_chart_without_traces_is_a_table_without_rows(draw: Draw) -> None:
    assert rows(draw("plotly", figure(), "csv")[0]) == [["Series", "Type", "X", "Y"]]
    assert openpyxl.load_workbook(io.BytesIO(draw("plotly", figure(), "xlsx")[0])).sheetnames == ["Sheet"]


def test_an_unknown_type_is_refused(draw: Draw) -> None:
    with pytest.raises(BadDocument, match="does not know"):
        draw("plotly", figure({"type": "doughnut", "values": [1]}), "csv")
