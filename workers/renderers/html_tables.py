"""The tables in notes and web pages as CSV and XLSX."""

from __future__ import annotations

from collections.abc import Callable

from workers.renderers._html_clean import clean_html
from workers.renderers._html_tables import html_tables
from workers.renderers._spreadsheet import save_xlsx, typed
from workers.renderers._tables import Table, save_csv
from workers.renderers.base import BadDocument, Document, Render, conversion
from workers.renderers.html import read_page
from workers.renderers.markdown import note_html, read_note


@conversion("markdown", "csv", cost=10, follows=("delimiter", "bom", "formulas"))
@conversion("html", "csv", cost=15, follows=("delimiter", "bom", "formulas"))
def to_csv(source: Document, render: Render) -> Document:
    """The tables in it, merged cells repeated; a first column `table` tells several apart."""
    return save_csv(_tables(source, render), render)


@conversion("markdown", "xlsx", cost=30, follows=("freeze",))
@conversion("html", "xlsx", cost=35, follows=("freeze",))
def to_xlsx(source: Document, render: Render) -> Document:
    """The tables in it, a sheet each; plain numbers are numbers, all else is text."""
    sheets = [
        Table(table.name, table.heads, ([typed(cell) for cell in row] for row in table.rows))
        for table in _tables(source, render)
    ]
    return save_xlsx(sheets, render)


READ: dict[str, Callable[[Document], str]] = {
    "markdown": lambda source: note_html(read_note(source)),
    "html": read_page,
}


def _tables(source: Document, render: Render) -> list[Table]:
    found = html_tables(clean_html(READ[source.form](source), render, note=True, shown=False))
    if not found:
        name = "note" if source.form == "markdown" else "page"
        raise BadDocument(f"The {name} holds no table, so there is nothing for a spreadsheet. Ask for another format.")
    render.warn("Only the tables are in the file, not the text around them.")
    return found
