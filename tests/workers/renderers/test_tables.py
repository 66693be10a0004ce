from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from workers.gate import rows
from workers.inspect import inspect
from workers.renderers import _spreadsheet
from workers.renderers._spreadsheet import save_xlsx, typed
from workers.renderers._tables import Table, distinct, save_csv, save_xml
from workers.renderers.base import SETTINGS, Document, Render

SAVE = {"csv": save_csv, "xml": save_xml, "xlsx": save_xlsx}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


def saved(folder: Path, tables: list[Table], form: str, **asked: Any) -> tuple[bytes, list[str]]:
    render = Render(folder, SETTINGS[form](**asked), time.monotonic() + 60, title="Tables")
    document = SAVE[form](tables, render)
    inspect(document.path, form)
    rows.check(Document(document.path, "file", "Tables"), document, form, render)
    return document.read_bytes(), render.warnings


def rows_of(content: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def test_one_table_is_plain_csv_that_excel_reads_as_utf_8(folder):
    table = Table(
        "t", ["Ort", "Wert", "ok"], [["Köln", 1.5, True], ["東京", None, False], ['a "b"', float("nan"), None]]
    )
    content, warnings = saved(folder, [table], "csv")
    assert content.startswith(b"\xef\xbb\xbfOrt,Wert,ok\r\n")
    assert rows_of(content)[1:] == [["Köln", "1.5", "true"], ["東京", "", "false"], ['a "b"', "", ""]]
    assert warnings == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_another_delimiter_and_no_byte_order_mark_where_asked(folder, delimiter):
    content, _ = saved(
        folder, [Table("t", ["a;b", "c,d"], [["1|2", "3\t4\n5"]])], "csv", delimiter=delimiter, bom=False
    )
    assert rows_of(content, delimiter) == [["a;b", "c,d"], ["1|2", "3\t4\n5"]]
    assert content.startswith(b'"a;b"')


def test_several_tables_share_a_csv_without_blank_lines(folder):
    tables = [Table("One", ["x", "y"], [[1, 2]]), Table("Two", ["y", "z", "y"], [[3, 4, 5], [6]])]
    assert rows_of(saved(folder, tables, "csv")[0]) == [
        ["table", "x", "y", "z", "y (2)"],
        ["One", "1", "2", "", ""],
        ["Two", "", "3", "4", "5"],
        ["Two", "", "6", "", ""],
    ]


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|x", "-x", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1+1", "＠x"])  # noqa: RUF001
def test_a_formula_in_csv_is_disarmed_and_told(folder, cell):
    content, warnings = saved(folder, [Table("t", ["a", "b"], [[cell, 1]])], "csv")
    assert rows_of(content)[1] == [f"'{cell}", "1"]
    assert "1 cell(s) begin like a formula" in warnings[0]
    content, warnings = saved(folder, [Table("t", ["a", "b"], [[cell, 1]])], "csv", formulas="raw")
    assert (rows_of(content)[1], warnings) == ([cell, "1"], [])


@pytest.mark.parametrize("cell", [-5, -1.5e-7, "-5", "+49.5", "-1e9"])
def test_a_number_is_no_formula(folder, cell):
    content, warnings = saved(folder, [Table("t", ["a", "b"], [[cell, 1]])], "csv")
    assert (rows_of(content)[1][0], warnings) == (str(cell), [])


@given(st.lists(st.lists(st.text(max_size=20), min_size=2, max_size=2), max_size=5), st.sampled_from(",;\t|"))
def test_any_text_comes_back_from_csv(folder, rows, delimiter):
    render = Render(folder, SETTINGS["csv"](delimiter=delimiter, formulas="raw"), time.monotonic() + 60)
    document = save_csv([Table("t", ["a", "b"], rows)], render)
    inspect(document.path, "csv")
    kept = [[cell.replace("\0", "\ufffd") for cell in row] for row in rows]
    assert rows_of(document.read_bytes(), delimiter)[1:] == kept
    document.path.unlink()


def test_a_lone_half_of_a_character_spoils_no_file(folder):
    for form in SAVE:
        content, _ = saved(folder, [Table("\ud800", ["\udc00"], [["\ud83d"]])], form)
        assert content


def test_xml_holds_every_cell_escaped(folder):
    content, _ = saved(folder, [Table('<"&', ["a", "a"], [["<b>", 1], [None, "\x07]]>"]])], "xml")
    root = etree.fromstring(content)
    assert root.find("table").get("name") == '<"&'
    found = [[(cell.get("name"), cell.text) for cell in row] for row in root.iter("row")]
    assert found == [[("a", "<b>"), ("a (2)", "1")], [("a (2)", "\ufffd]]>")]]


def book_of(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def test_a_sheet_keeps_numbers_as_numbers_and_formulas_and_dates_as_text(folder):
    cells = [1, 2.5, True, "=1+1", "2026-01-01", "https://example.org", "007", 10**16, None, "-5"]
    content, warnings = saved(folder, [Table("t", list("abcdefghij"), [cells])], "xlsx")
    row = next(iter(book_of(content)["t"].iter_rows(min_row=2)))
    assert [cell.value for cell in row] == [*cells[:7], "10000000000000000", None, "-5"]
    assert {cell.data_type for cell in row[3:8]} == {"s"}
    assert all(cell.hyperlink is None for cell in row)
    assert warnings == []


def test_the_same_tables_are_the_same_workbook(folder, monkeypatch):
    table = Table("t", ["a"], [[1], ["x"]])
    first, _ = saved(folder, [table], "xlsx")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.sleep(1.1)
    assert saved(folder, [table], "xlsx")[0] == first


def test_every_row_that_was_written_is_counted(folder):
    tables = [Table("t", ["a", "b"], [[1, None], [None, None], ["x\r\ny", 2]]), Table("u", ["c"], [[""]])]
    for form, count in (("csv", 5), ("xml", 4), ("xlsx", 4)):
        render = Render(folder, SETTINGS[form](), time.monotonic() + 60)
        SAVE[form](tables, render)
        assert render.rows == count


def test_sheets_have_names_that_excel_takes(folder):
    names = ["a/b", "A B", "'q'", "", "History", "x" * 40, "X" * 40, "😀" * 20, "[:*?\\]"]
    content, _ = saved(folder, [Table(name, ["a"], [[1]]) for name in names], "xlsx")
    sheets = book_of(content).sheetnames
    assert sheets[:5] == ["a b", "A B (2)", "q", "Sheet", "History_"]
    assert len({name.casefold() for name in sheets}) == len(names)
    assert all(len(name.encode("utf-16-le")) <= 62 for name in sheets)


def test_a_table_that_is_too_long_goes_on_in_the_next_sheet(folder, monkeypatch):
    monkeypatch.setattr(_spreadsheet, "MAX_ROWS", 301)
    content, _ = saved(folder, [Table("t", ["n"], ([n] for n in range(700)))], "xlsx")
    book = book_of(content)
    assert book.sheetnames == ["t", "t (2)", "t (3)"]
    numbers = [row[0] for sheet in book for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert numbers == list(range(700))


def test_text_that_a_cell_cannot_hold_is_cut_and_told(folder):
    content, warnings = saved(folder, [Table("t", ["a"], [["😀" * 20_000]])], "xlsx")
    assert book_of(content)["t"]["A2"].value == "😀" * 16_383
    assert "longer text was cut" in warnings[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", 12), ("-0.5", -0.5), ("0", 0), ("007", "007"), ("1,204", "1,204"), ("1e5", "1e5"), ("9" * 16, "9" * 16)],
)
def test_text_is_a_number_only_where_it_can_be_nothing_else(text, value):
    assert typed(text) == value


def test_names_are_told_apart():
    assert distinct(["a", "a", "a (2)", "b", "a"]) == ["a", "a (2)", "a (2) (2)", "b", "a (3)"]
