from __future__ import annotations

import importlib
import json
import zipfile

import pytest

from longshore.errors import Permanent
from workers.convert import convert
from workers.gate.records import count
from workers.gate.rows import check
from workers.renderers.base import SETTINGS, Document, Render


@pytest.fixture
def held(tmp_path):
    def run(form, rows):
        asked = {"delimiter": ";"} if form == "csv" else {}
        render = Render(folder=tmp_path, settings=SETTINGS[form](**asked), deadline=0, rows=rows)
        (tmp_path / "unread").write_text("")
        check(Document(tmp_path / "unread", "vega", ""), Document(tmp_path / "table", f".{form}", ""), form, render)

    return run


def write_csv(tmp_path):
    text = '\ufeffname;note\r\nCrane;"two\r\nlines ""here"""\r\n"";""\r\n'
    (tmp_path / "table").write_bytes(text.encode())


def write_xml(tmp_path):
    rows = '<row><cell name="a">&lt;row></cell></row><row></row>'
    text = f'<?xml version="1.0"?><tables><table name="row">{rows}</table></tables>'
    (tmp_path / "table").write_text(text)


def write_xlsx(tmp_path):
    row = '<row r="1"><c r="A1"/></row>'
    with zipfile.ZipFile(tmp_path / "table", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "xl/worksheets/sheet1.xml",
            "<x:a xmlns:x='y'>" + row.replace("row", "x:row") * 99_999 + "<rowBreaks/></x:a>",
        )
        archive.writestr("xl/worksheets/sheet2.xml", "<sheetData><row/></sheetData>")
        archive.writestr("xl/worksheets/_rels/sheet1.xml.rels", row)


@pytest.mark.parametrize(("form", "write", "rows"), [
    ("csv", write_csv, 3), ("xlsx", write_xlsx, 100_000), ("xml", write_xml, 2),
])  # fmt: skip
def test_every_row_is_counted_again(form, write, rows, held, tmp_path):
    write(tmp_path)
    held(form, rows)
    held(form, None)
    with pytest.raises(Permanent, match=f"has {rows:,} rows instead of"):
        held(form, rows + 1)
    with pytest.raises(Permanent):
        held(form, rows - 1)


def test_other_formats_have_no_rows(held):
    held("md", 7)


SPEC = {"data": {"values": [{"a": number, "b": None} for number in range(7)]}, "mark": "bar"}
FIGURE = {"data": [{"type": "bar", "x": ["a", "b"], "y": [1, 2]}, {"type": "pie", "labels": ["c"], "values": [3]}]}


@pytest.mark.parametrize(
    ("kind", "document", "form", "count"),
    [
        ("vega", SPEC, "csv", 8),
        ("vega", SPEC, "xlsx", 8),
        ("vega", SPEC, "xml", 7),
        ("plotly", FIGURE, "csv", 4),
        ("plotly", FIGURE, "xlsx", 5),
        ("plotly", FIGURE, "xml", 3),
    ],
)
def test_the_numbers_of_a_chart_are_counted_again(kind, document, form, count, tmp_path):
    (tmp_path / "source").write_text(json.dumps(document), encoding="utf-8")
    folder = tmp_path / "out"
    folder.mkdir()
    made, render = convert(tmp_path / "source", kind, form, title="T", given={}, folder=folder, seconds=30)
    assert render.rows == count
    render.rows += 1
    with pytest.raises(Permanent, match=f"has {count} rows instead of {count + 1}"):
        check(Document(tmp_path / "source", kind, ""), made, form, render)


TABLE = "| ship | crew |\n| --- | --- |\n| Ida | 12 |\n| | |\n| Ada | 9 |\n"
NOTE = f"Ships\n\n{TABLE}\n```\n\n{TABLE}```\n"
PAGE = (
    "<table><thead><tr><th>ship<tbody><tr><td>Ida<tr><td>Ada</table>"
    "<table><tr><td>no head<tr><td>&nbsp;<tr><td>1</table>"
)


@pytest.mark.parametrize(
    ("kind", "text", "least"),
    [
        ("plotly", json.dumps(FIGURE), 3),
        ("plotly", json.dumps([{"y": [1, None, 3]}, {"type": "heatmap", "z": [[1, 2], [3, None]]}]), 5),
        ("plotly", json.dumps({"data": [{"y": {"dtype": "f8", "bdata": "AAAAAAAA8D8AAAAAAAD4fw=="}}]}), 1),
        ("plotly", json.dumps({"data": [{"type": "table", "cells": {"values": [[1, 2]]}}]}), 0),
        ("vega", json.dumps(SPEC), 7),
        ("vega", json.dumps({"datasets": {"a": [{"b": 1}, {}]}, "layer": [{"data": {"values": [1, 2, ""]}}]}), 3),
        ("vega", json.dumps({"data": {"name": "a"}, "datasets": {"a": [{"b": None}, {"b": 2}]}, "mark": "bar"}), 1),
        ("markdown", NOTE, 2),
        ("markdown", NOTE.replace("Ida", "a & b"), 0),
        ("html", PAGE, 3),
        ("html", PAGE.replace("Ida", "<button>Ida</button>"), 0),
        ("vega", "{", 0),
        ("svg", "<svg/>", 0),
    ],
)
def test_records_are_counted_in_the_source_alone(kind, text, least, tmp_path):
    (tmp_path / "source").write_text(text, encoding="utf-8")
    assert count(Document(tmp_path / "source", kind, "")) == least


def without_ada(real):
    return lambda text: real(text.replace("| Ada | 9 |\n", ""))


LOSING = {
    "plotly": ("plotly_tables.series_of", lambda real: lambda figure: real(figure)[:-1]),
    "vega": ("vega_tables.check_parts", lambda _real: lambda spec: spec.content["data"]["values"].pop()),
    "markdown": ("html_tables.note_html", without_ada),
}
TABLES = {"plotly": json.dumps(FIGURE), "vega": json.dumps({**SPEC, "data": {"values": [{"a": 1}, {"a": 2}]}})}


@pytest.mark.parametrize(("kind", "text"), [*TABLES.items(), ("markdown", NOTE.replace("| | |\n", ""))])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_row_that_the_conversion_lost_without_noticing_fails_the_export(kind, text, form, tmp_path, monkeypatch):
    where, lose = LOSING[kind]
    module, _, name = f"workers.renderers.{where}".rpartition(".")
    (tmp_path / "source").write_text(text, encoding="utf-8")
    (tmp_path / "out").mkdir()
    draw = {"title": "T", "given": {}, "folder": tmp_path / "out", "seconds": 60}
    convert(tmp_path / "source", kind, form, **draw)
    loaded = importlib.import_module(module)
    monkeypatch.setattr(loaded, name, lose(getattr(loaded, name)))
    with pytest.raises(Permanent, match="rows, but its source"):
        convert(tmp_path / "source", kind, form, **draw)
