from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from longshore.errors import BadDocument

SAMPLES = Path(__file__).parent.parent.parent / "samples" / "vega"

Draw = Callable[..., tuple[bytes, list[str]]]


def test_csv_holds_the_data_and_disarms_formulas(draw: Draw) -> None:
    content, warnings = draw("vega", SAMPLES / "text-table.vl.json", "csv")
    assert content.startswith(b"\xef\xbb\xbfberth,ships,note\r\nA1,12,'=1+1\r\n")
    assert content.endswith(b"C3,15,-3\r\n")
    assert "begin like a formula" in warnings[0]


def test_several_tables_share_one_csv_and_have_sheets_of_their_own(draw: Draw) -> None:
    content = draw("vega", SAMPLES / "two-tables.json", "csv")[0].decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [row["table"] for row in rows] == ["plan", "plan", "done", "done"]
    assert rows[2]["by.name"] == "Ann"
    book = openpyxl.load_workbook(io.BytesIO(draw("vega", SAMPLES / "two-tables.json", "xlsx")[0]))
    assert book.sheetnames == ["plan", "done"]


def test_rows_come_from_features_and_bare_values(draw: Draw) -> None:
    rows = list(csv.DictReader(io.StringIO(draw("vega", SAMPLES / "map.vl.json", "csv")[0].decode("utf-8-sig"))))
    assert [row["properties.name"] for row in rows] == ["北港", "مرسى", "Zuid"]
    assert (
        draw("vega", json.dumps({"mark": "bar", "data": {"values": [1, None, 2.5]}}), "csv")[0]
        == b'\xef\xbb\xbfdata\r\n1\r\n""\r\n2.5\r\n'
    )


def test_a_spec_without_rows_has_no_table(draw: Draw) -> None:
    with pytest.raises(BadDocument, match="no rows"):
        draw("vega", SAMPLES / "broken" / "remote-data.json", "csv")


def test_what_is_no_table_is_told(draw: Draw) -> None:
    outline = {"values": {"type": "Topology", "objects": {}}, "format": {"type": "topojson", "feature": "land"}}
    layers = [{"data": outline, "mark": "geoshape"}, {"data": {"values": [{"a": 1}]}, "mark": "bar"}]
    content, warnings = draw("vega", json.dumps({"layer": layers}), "csv")
    assert content == b"\xef\xbb\xbfa\r\n1\r\n"
    assert warnings == ["layer[0].data is a map outline or another tree without rows; it is not in the table."]
