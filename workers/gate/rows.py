"""A table has every row that its conversion put in, and a row for each record that its source is seen to have."""

from __future__ import annotations

import csv
import re
import zipfile
from typing import IO

from longshore.errors import Permanent
from workers.gate import records
from workers.renderers.base import Document, Render

_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")


def check(source: Document, made: Document, form: str, render: Render) -> None:
    """Count the rows, hold them against `render.rows` and against the source. Raises Permanent."""
    count = {"csv": _csv, "xlsx": _xlsx, "xml": _xml}.get(form)
    if count is None or render.rows is None:
        return
    found = count(made, render)
    if found != render.rows:
        raise Permanent(f"The {form.upper()} has {found:,} rows instead of {render.rows:,}. Please report it.")
    least = records.count(source)
    if least and found < least + (form != "xml"):  # the others have a row of names
        raise Permanent(f"The {form.upper()} has {found:,} rows, but its source {least:,} and more. Please report it.")


def _csv(made: Document, render: Render) -> int:
    delimiter = str(render.setting("delimiter", ","))
    with made.path.open(encoding="utf-8-sig", newline="") as file:
        return sum(1 for _ in csv.reader(file, delimiter=delimiter))


def _xlsx(made: Document, _render: Render) -> int:
    """Rows of all sheets, as far as they have a cell."""
    with zipfile.ZipFile(made.path) as archive:
        return sum(_elements(archive.open(name)) for name in filter(_SHEET.fullmatch, archive.namelist()))


def _xml(made: Document, _render: Render) -> int:
    return _elements(made.path.open("rb"))


def _elements(content: IO[bytes]) -> int:
    """The elements `row` and `point` of an XML document, in constant memory."""
    from lxml import etree

    found = 0
    with content:
        tags = ("{*}row", "{*}point")
        for _, row in etree.iterparse(content, tag=tags, resolve_entities=False, no_network=True, huge_tree=True):
            found += 1
            row.clear()
            while row.getprevious() is not None:
                del row.getparent()[0]
    return found
