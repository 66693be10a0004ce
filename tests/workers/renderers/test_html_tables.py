from __future__ import annotations

import csv
import io
from collections.abc import Callable

import openpyxl
import pytest

from longshore.errors import BadDocument
from workers.renderers._html_tables import html_tables

Draw = Callable[..., tuple[bytes, list[str]]]

MERGED = """<h2>Results</h2><table>
<thead><tr><th rowspan=2>Name</th><th colspan=2>Score</th></tr><tr><th>A</th><th>B</th></tr></thead>
<tfoot><tr><td>Sum<td>3<td>4</tr></tfoot>
<tbody><tr><td rowspan=2>x<br>y</td><td>1</td><td>2</td></tr>
<tr><td colspan=2>three <b>3</b>  <i>i</i></td></tr></tbody>
</table>"""


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def one(page: str) -> tuple[list[str], list[list[str]]]:
    (table,) = html_tables(page)
    return list(table.heads), [list(row) for row in table.rows]


def test_merged_cells_are_repeated_and_heads_in_two_rows_joined() -> None:
    assert one(MERGED) == (
        ["Name", "Score / A", "Score / B"],
        [["x\ny", "1", "2"], ["x\ny", "three 3 i", "three 3 i"], ["Sum", "3", "4"]],
    )


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        ("<td rowspan=0>z<td>1<tr><td>2", [["z", "1"], ["z", "2"]]),
        ("<td rowspan=9>z<td>1<tr><td>2", [["z", "1"], ["z", "2"]]),
        ("<td colspan=0>z<td>1<tr><td>2", [["z", "1"], ["2", ""]]),
        ("<td>1<tr><td>2<td>3<td>4", [["1", "", ""], ["2", "3", "4"]]),
        ("<td rowspan=2 colspan=2>a<td>b<tr><td>c<td>d", [["a", "a", "b", ""], ["a", "a", "c", "d"]]),
    ],
)
def test_spans_are_laid_out_as_browsers_do(cells: str, shown: list[list[str]]) -> None:
    heads, found = one(f"<table><tr><td>head<tr>{cells}</table>")
    assert [row[: len(shown[0])] for row in found] == shown
    assert heads[0] == "head"


def test_a_table_in_a_cell_is_a_table_of_its_own() -> None:
    outer, inner = html_tables(
        "<table><caption>Outer</caption><tr><th>h<tr><td>before<table><tr><td>in<tr><td>side</table>after</table>"
    )
    assert (outer.name, outer.heads, outer.rows) == ("Outer", ["h"], [["before\nafter"]])
    assert (inner.name, inner.heads, inner.rows) == ("Table 2", ["in"], [["side"]])


def test_tables_are_named_by_caption_or_heading_and_told_apart() -> None:
    table = "<table><tr><td>x</table>"
    page = f"{table}<h1>A <i>b</i></h1>{table}{table}<table><caption> C </caption><tr><td>y</table>"
    assert [table.name for table in html_tables(page)] == ["Table 1", "A b", "A b (2)", "C"]


def test_blanks_are_one_and_blocks_are_lines() -> None:
    cell = "<p>one\n  two</p><ul><li>a</li><li>b</li></ul>c&nbsp;d<style>x{}</style>"
    assert one(f"<table><tr><th>h<tr><td>{cell}</table>")[1] == [["one two\na\nb\nc d"]]


def test_a_table_blown_up_by_spans_is_refused() -> None:
    bomb = "<table><tr>" + "<td colspan=1000 rowspan=65534>x" * 50 + "<tr>" * 70_000 + "</table>"
    with pytest.raises(BadDocument, match="cells"):
        html_tables(bomb)


def test_the_tables_of_a_note_share_a_csv(draw: Draw) -> None:
    ships = "| ship | t |\n|--|--:|\n| Ægir | 1.5 |\n| **B** | =1+1 |\n"
    note = f"# Fleet\n\n{ships}\n## 港口\n\n| port |\n|--|\n| a \\| b |\n"
    content, warnings = draw("markdown", note, "csv")
    assert rows(content) == [
        ["table", "ship", "t", "port"],
        ["Fleet", "Ægir", "1.5", ""],
        ["Fleet", "B", "'=1+1", ""],
        ["港口", "", "", "a | b"],
    ]
    assert warnings[0] == "Only the tables are in the file, not the text around them."


def test_one_table_is_as_it_stands(draw: Draw) -> None:
    assert rows(draw("markdown", "| a | b |\n|--|--|\n| 1 | 2 |\n", "csv")[0]) == [["a", "b"], ["1", "2"]]


def test_in_a_workbook_plain_numbers_are_numbers_and_all_else_is_text(draw: Draw) -> None:
    page = "<h1>Log</h1><table><tr><th>n<th>code<th>day<th>sum<tr><td>-1.5<td>007<td>2026-01-02<td>1,204</table>"
    book = openpyxl.load_workbook(io.BytesIO(draw("html", page, "xlsx")[0]))
    assert book.sheetnames == ["Log"]
    assert list(book["Log"].values)[1] == (-1.5, "007", "2026-01-02", "1,204")


def test_scripts_and_what_they_hide_stay_out(draw: Draw) -> None:
    page = "<table><tr><th>a<tr><td onclick=x()>ok<script>alert(1)</script></table>"
    content, warnings = draw("html", page, "csv")
    assert rows(content) == [["a"], ["ok"]]
    assert "scripts" in " ".join(warnings)


@pytest.mark.parametrize(("kind", "text"), [("markdown", "# Only words\n"), ("html", "<p>words</p><table></table>")])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_holds_no_table_is_refused_in_words(draw: Draw, kind: str, text: str, form: str) -> None:
    with pytest.raises(BadDocument, match="holds no table"):
        draw(kind, text, form)
