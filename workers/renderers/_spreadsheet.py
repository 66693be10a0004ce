"""Tables as an XLSX workbook, a sheet each, written row by row: the memory does not grow with them.

The bytes depend on the tables alone: XlsxWriter dates every part of the archive 1980, and the workbook gets CREATED.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any

from workers.renderers._tables import Table, text
from workers.renderers.base import Document, Render

CREATED = datetime(2000, 1, 1, tzinfo=UTC)
MAX_ROWS, MAX_COLUMNS, MAX_TEXT = 1_048_576, 16_384, 32_767
"""Rows and columns of a sheet, UTF-16 units of a cell ("Excel specifications and limits")."""
MAX_NAME = 31
EXACT = 10**15
"""Spreadsheets keep 15 digits; a longer whole number is written as text."""
SAMPLED = 200
"""Rows that are looked at to choose the width of columns."""
WIDEST = 60
"""Characters; longer cells are cut off by the next one, or wrapped by whoever opens it."""

_FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f\ufffd]")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?")


def typed(cell: str) -> str | int | float:
    """A number where the text can only be one; what begins with 0 (a postcode) or holds separators stays text."""
    if not _NUMBER.fullmatch(cell):
        return cell
    return float(cell) if "." in cell else int(cell)


def save_xlsx(tables: Sequence[Table], render: Render) -> Document:
    """A sheet for each table; one that is too long goes on in the next sheet."""
    from xlsxwriter import Workbook

    path = render.path("xlsx")
    options = {"constant_memory": True, "tmpdir": str(render.folder), "use_zip64": True}
    book = Workbook(str(path), options)
    book.set_properties({"title": text(render.title)[:255], "created": CREATED})
    bold = book.add_format({"bold": True})
    taken: set[str] = set()
    written = 0
    for table in tables:
        rows = iter(table.rows)
        more = True
        while more:
            sheet = book.add_worksheet(_sheet_name(table.name, taken))
            first = list(islice(rows, SAMPLED))
            _look(sheet, table.heads, first, render)
            written += _write(sheet, 0, table.heads, render, bold)
            number = 0
            for number, row in enumerate(chain(first, islice(rows, MAX_ROWS - 1 - len(first))), 1):
                written += _write(sheet, number, row, render)
            following = list(islice(rows, 1)) if number == MAX_ROWS - 1 else []
            rows, more = chain(following, rows), bool(following)
    book.close()
    render.rows = written
    return Document(path, ".xlsx", render.title)


def _look(sheet: Any, heads: Sequence[str], first: Sequence[Sequence[Any]], render: Render) -> None:
    for column, head in enumerate(heads[:MAX_COLUMNS]):
        cells = chain([head], (row[column] for row in first if column < len(row)))
        sheet.set_column(column, column, min(WIDEST, max(map(_width, cells)) + 2))
    if render.setting("freeze", default=True):
        sheet.freeze_panes(1, 0)


def _width(cell: object) -> int:
    """Columns on the screen; CJK and emoji take two."""
    return max(
        sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in line)
        for line in text(cell)[:1000].split("\n")
    )


def _write(sheet: Any, number: int, row: Sequence[Any], render: Render, look: Any = None) -> bool:
    """Whether any cell of the row was written: one without is not in the file."""
    if len(row) > MAX_COLUMNS:
        render.warn(f"A sheet has {MAX_COLUMNS:,} columns at most; what is further right was left out.")
    written = False
    for column, cell in enumerate(row[:MAX_COLUMNS]):
        if isinstance(cell, bool):
            sheet.write_boolean(number, column, cell, look)
        elif _is_exact(cell):
            sheet.write_number(number, column, cell, look)
        elif content := text(cell):
            sheet.write_string(number, column, _fitting(content, render), look)
        else:
            continue
        written = True
    return written


def _is_exact(cell: object) -> bool:
    return math.isfinite(cell) if isinstance(cell, float) else isinstance(cell, int) and abs(cell) < EXACT


def _fitting(content: str, render: Render) -> str:
    if len(content) <= MAX_TEXT // 2:
        return content
    units = content.encode("utf-16-le")
    if len(units) <= 2 * MAX_TEXT:
        return content
    render.warn(f"A cell holds {MAX_TEXT:,} characters at most; longer text was cut.")
    return units[: 2 * MAX_TEXT].decode("utf-16-le", "ignore")


def _sheet_name(name: str, taken: set[str]) -> str:
    r"""A name that Excel takes: 31 UTF-16 units, no `[]:*?/\`, no quote at an end, distinct in any case."""
    plain = " ".join(_FORBIDDEN.sub(" ", text(name)).split()).strip("'") or "Sheet"
    if plain.casefold() == "history":
        plain += "_"
    label, number = _short(plain, MAX_NAME), 1
    while label.casefold() in taken:
        number += 1
        ending = f" ({number})"
        label = _short(plain, MAX_NAME - len(ending)) + ending
    taken.add(label.casefold())
    return label


def _short(name: str, units: int) -> str:
    return name.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore").strip("' ")
