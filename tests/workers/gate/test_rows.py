from __future__ import annotations

import json
import zipfile

import pytest

from longshore.errors import Permanent
from workers.convert import convert
from workers.gate.rows import check
from workers.renderers.base import SETTINGS, Document, Render


@pytest.fixture
def held(tmp_path):
    def run(form, rows):
        asked = {"delimiter": ";"} if form == "csv" else {}
        render = Render(folder=tmp_path, settings=SETTINGS[form](**asked), deadline=0, rows=rows)
        check(Document(tmp_path / "table", f".{form}", ""), form, render)

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
        check(made, form, render)
