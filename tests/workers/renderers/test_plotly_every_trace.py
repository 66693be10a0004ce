"""Every type of trace in plotly's own schema: what it holds as data is in the table, or is said to be left out."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from importlib.resources import files
from itertools import count
from typing import Any

import pytest

Draw = Callable[..., tuple[bytes, list[str]]]

LOOKS = {"tickvals", "ticktext", "categoryarray", "columnorder", "format"}
"""Lists that say how axes and columns look."""
GRIDS = {"heatmap": "z text hovertext", "contour": "z text hovertext", "contourcarpet": "z text hovertext",
         "surface": "z surfacecolor", "carpet": "x y", "image": "z"}  # fmt: skip
STARTED = {
    "scatter": "x0 y0", "scattergl": "x0 y0", "bar": "x0 y0", "funnel": "x0 y0", "waterfall": "x0 y0",
    "heatmap": "x0 y0", "contour": "x0 y0", "image": "x0 y0", "carpet": "a0 b0", "contourcarpet": "a0 b0",
    "scatterpolar": "r0 theta0", "scatterpolargl": "r0 theta0", "barpolar": "r0 theta0",
    "pie": "label0", "funnelarea": "label0",
}  # fmt: skip
"""What is counted from these where it is not given."""


def schema() -> dict[str, list[str]]:
    validators = json.loads((files("plotly") / "validators" / "_validators.json").read_text(encoding="utf-8"))
    found: dict[str, list[str]] = defaultdict(list)
    for path, one in validators.items():
        kind, _, name = path.partition(".")
        if one["superclass"] == "DataArrayValidator" and kind not in {"layout", "frame", "frames", "data"}:
            found[kind] += [name] if name.rpartition(".")[2] not in LOOKS else []
    return dict(found)


SCHEMA = schema()


def full(kind: str, *, without: str = "") -> dict[str, Any]:
    """A trace with other numbers in each of its lists."""
    numbers = count(1000)
    trace: dict[str, Any] = {"type": kind}
    for name in SCHEMA[kind]:
        *parts, last = name.split(".")
        if last == without:
            continue
        values: Any = [next(numbers) for _ in range(3)]
        if last in GRIDS.get(kind, "").split() or (kind == "table" and last == "values"):
            values = [values, [next(numbers) for _ in range(3)], [next(numbers) for _ in range(3)]]
        if kind == "image" and last == "z":
            values = [[[one, one, one] for one in row] for row in values]
        at = trace
        for part in parts:
            if part == "dimension":
                at = at.setdefault("dimensions", [{"label": "same"}, {"label": "same", "values": [7771, 7772]}])[0]
            else:
                at = at.setdefault(part, {})
        at[last] = values
    return trace


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from leaves(one)
    elif isinstance(value, int | float):
        yield value


def table(draw: Draw, *traces: dict[str, Any]) -> tuple[list[list[str]], list[str]]:
    content, warnings = draw("plotly", json.dumps({"data": traces}), "csv")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))), warnings


def test_the_schema_has_the_types_that_are_looked_at() -> None:
    assert len(SCHEMA) >= 45
    assert set(GRIDS) | set(STARTED) <= set(SCHEMA)


@pytest.mark.parametrize("kind", SCHEMA)
def test_every_list_of_data_is_in_the_table_and_in_markdown(draw: Draw, kind: str) -> None:
    trace = full(kind)
    rows, warnings = table(draw, trace)
    cells = " ".join(cell for row in rows for cell in row)
    assert [one for one in leaves(trace) if str(one) not in cells] == []
    assert warnings == []
    text = draw("plotly", json.dumps({"data": [trace]}), "md")[0].decode()
    assert [one for one in leaves(trace) if str(one) not in text] == []


@pytest.mark.parametrize(("kind", "start"), [(kind, one) for kind, all_ in STARTED.items() for one in all_.split()])
def test_what_a_chart_counts_is_counted(draw: Draw, kind: str, start: str) -> None:
    axis = start[:-1]
    missing = "labels" if axis == "label" else axis
    trace = full(kind, without=missing) | {start: 20, f"d{axis}": 5}
    rows, warnings = table(draw, trace)
    assert warnings == []
    head = missing.upper() if missing in {"x", "y"} and kind != "carpet" else missing
    assert {"20", "25", "30"} <= {row[rows[0].index(head)] for row in rows[1:]}
    assert start not in rows[0]


@pytest.mark.parametrize(
    ("start", "step", "counted"),
    [
        ("2024-01-01", 86400000, ["2024-01-01", "2024-01-02"]),
        ("2024-01-31 23:30", 3600000, ["2024-01-31 23:30:00", "2024-02-01 00:30:00"]),
        ("2024-02", 86400000, ["2024-02-01", "2024-02-02"]),
        ("5", "2", ["5", "7"]),
        (None, None, ["0", "1"]),
    ],
)
def test_dates_are_counted_by_milliseconds(draw: Draw, start: Any, step: Any, counted: list[str]) -> None:
    for trace in ({"type": "bar", "y": [1, 2]}, {"type": "heatmap", "z": [[1, 2]]}):
        rows, _ = table(draw, trace | ({"x0": start, "dx": step} if step else {}))
        assert [row[2] for row in rows[1:]] == counted


def test_a_start_that_cannot_be_counted_from_is_told(draw: Draw) -> None:
    for trace in ({"type": "bar", "y": [1, 2]}, {"type": "heatmap", "z": [[1, 2]]}):
        rows, warnings = table(draw, trace | {"x0": "berth"})
        assert "counted from x0" in warnings[0]
        assert "berth" in rows[-1]


def test_a_grid_may_be_transposed_or_lie_between_its_edges(draw: Draw) -> None:
    turned, _ = table(draw, {"type": "heatmap", "z": [[1, 2, 3], [4, 5, 6]], "transpose": True, "x": ["a", "b"]})
    assert [row[2:] for row in turned[1:3]] == [["a", "0", "1"], ["b", "0", "4"]]
    edged, _ = table(draw, {"type": "heatmap", "z": [[1, 2]], "x": [10, 20, 40], "y": [0, 1]})
    assert edged[0][2:] == ["X", "Y", "X end", "Y end", "z"]
    assert edged[2][2:] == ["20", "0", "40", "1", "2"]


def test_single_values_and_measures_are_data(draw: Draw) -> None:
    rows, _ = table(draw, {"type": "parcats", "dimensions": [{"values": ["a"]}], "counts": 17})
    assert "17" in rows[-1]
    rows, _ = table(draw, {"type": "treemap", "labels": ["a"], "parents": [""], "marker": {"colors": [0.25]}})
    assert "0.25" in rows[-1]
    assert "red" not in str(table(draw, {"type": "pie", "values": [1], "marker": {"colors": ["red"]}}))


def test_what_is_about_other_things_stands_in_other_rows(draw: Draw) -> None:
    flow = {"node": {"label": ["a", "b"]}, "link": {"source": [0, 1], "target": [1, 0], "value": [3, 4]}}
    rows, _ = table(draw, {"type": "sankey", **flow})
    assert [row[2:] for row in rows[1:]] == [
        ["", "", "a", "", "", ""], ["", "", "b", "", "", ""], ["", "", "", "0", "1", "3"], ["", "", "", "1", "0", "4"],
    ]  # fmt: skip


def test_traces_of_one_name_can_be_told_apart(draw: Draw) -> None:
    rows, _ = table(draw, {"name": "Sea", "x": [1], "y": [1]}, {"name": "Sea", "x": [2], "y": [2]})
    assert [row[0] for row in rows[1:]] == ["Sea", "Sea (2)"]


def test_outlines_and_pictures_are_said_to_be_left_out(draw: Draw) -> None:
    _, warnings = table(draw, {"type": "image", "source": "data:image/png;base64,AA=="})
    assert warnings == ["Series 1 (image): left out of the table: source (a picture)."]
    outline = {"type": "FeatureCollection", "features": [{"geometry": {"coordinates": [[1, 2]]}}]}
    rows, warnings = table(draw, {"type": "choropleth", "locations": ["a"], "z": [1], "geojson": outline})
    assert "geojson (a map outline)" in warnings[0]
    assert rows[0][4:] == ["locations", "z"]


def test_markdown_tells_what_the_table_tells(draw: Draw) -> None:
    figure = {"data": [{"type": "indicator", "value": 7}, {"y": [5, 6], "x0": 3, "error_y": {"array": [0.5, 0.25]}}]}
    content, warnings = draw("plotly", json.dumps({**figure, "frames": [{"data": []}]}), "md")
    assert "| value |\n| --- |\n| 7 |" in content.decode()
    assert "| X | Y | error\\_y.array |\n| --- | --- | --- |\n| 3 | 5 | 0.5 |\n| 4 | 6 | 0.25 |" in content.decode()
    assert "animation" in warnings[0]
