"""Tables as files: CSV and XML here, XLSX in `_spreadsheet`.

CSV is RFC 4180 with CRLF. A cell is quoted where it holds any delimiter that can be asked for, so whoever reads the
file, `workers.inspect` too, can tell which one it has. Several tables share one CSV: a first column `table` names each
row's table, and the other columns are the union of theirs.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from workers.renderers.base import Document, Render

_QUOTED = re.compile(r'[",;\t|\r\n]')
_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001 - full-width signs, which spreadsheets take for the others
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Table:
    """One table; no row is longer than `heads`. Rows may be an iterator, which is read once."""

    name: str
    heads: Sequence[str]
    rows: Iterable[Sequence[Any]]


def text(value: object) -> str:
    """A cell as text: a gap (None, NaN) is empty, true and false are words, what is nested is JSON."""
    if isinstance(value, str):
        return _NOT_TEXT.sub("\ufffd", value)
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    return _NOT_TEXT.sub("\ufffd", json.dumps(value, ensure_ascii=False))


def distinct(names: Iterable[str]) -> list[str]:
    """The names, the second of its kind as `name (2)`."""
    seen: Counter[str] = Counter()
    taken: dict[str, None] = {}
    for name in names:
        label = name
        while label in taken:
            seen[name] += 1
            label = f"{name} ({seen[name] + 1})"
        taken[label] = None
    return list(taken)


def merged(tables: Sequence[Table], lead: Sequence[str], leads: Sequence[Sequence[Any]]) -> Table:
    """All in one: the columns `lead`, filled by `leads` for each table, then every column that any of them has."""
    labels = [distinct([*lead, *table.heads])[len(lead) :] for table in tables]
    heads = list(dict.fromkeys(chain(lead, *labels)))
    return Table("", heads, _spread(tables, labels, leads, {head: at for at, head in enumerate(heads)}))


def _spread(
    tables: Sequence[Table], labels: Sequence[Sequence[str]], leads: Sequence[Sequence[Any]], at: dict[str, int]
) -> Iterator[list[Any]]:
    for table, names, lead in zip(tables, labels, leads, strict=True):
        places = [at[name] for name in names]
        for row in table.rows:
            line = [*lead, *repeat(None, len(at) - len(lead))]
            for place, cell in zip(places, row, strict=False):
                line[place] = cell
            yield line


def save_csv(tables: Sequence[Table], render: Render) -> Document:
    """One table as it is, several in one as the module says. Text that would run as a formula is disarmed and told."""
    one = tables[0] if len(tables) == 1 else merged(tables, ["table"], [[table.name] for table in tables])
    delimiter = str(render.setting("delimiter", ","))
    armed = render.setting("formulas", "escape") == "raw"
    path = render.path("csv")
    disarmed = written = 0
    with path.open("w", encoding="utf-8-sig" if render.setting("bom", default=True) else "utf-8", newline="") as file:
        for row in chain([one.heads], one.rows):
            cells = [text(cell) for cell in row]
            if not armed:
                formulas = [at for at, cell in enumerate(cells) if isinstance(row[at], str) and _is_formula(cell)]
                disarmed += len(formulas)
                for at in formulas:
                    cells[at] = f"'{cells[at]}"
            cells += repeat("", len(one.heads) - len(cells))
            file.write((delimiter.join(map(_quoted, cells)) if cells != [""] else '""') + "\r\n")
            written += 1
    render.rows = written
    if disarmed:
        render.warn(
            f"{disarmed:,} cell(s) begin like a formula, so a ' stands before them. "
            "Ask for `formulas: raw` to have them as they are."
        )
    return Document(path, ".csv", render.title)


def _is_formula(cell: str) -> bool:
    return _FORMULA.match(cell) is not None and not _NUMBER.fullmatch(cell)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell


def save_xml(tables: Sequence[Table], render: Render) -> Document:
    """`<tables><table name><row><cell name>`, a row a line; gaps are left out."""
    path = render.path("xml")
    written = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<tables>\n')
        for table in tables:
            file.write(f"  <table name={attribute(table.name)}>\n")
            names = [attribute(head) for head in distinct(table.heads)]
            for row in table.rows:
                cells = (
                    f"<cell name={name}>{content(cell)}</cell>"
                    for name, cell in zip(names, row, strict=False)
                    if cell is not None
                )
                file.write(f"    <row>{''.join(cells)}</row>\n")
                written += 1
            file.write("  </table>\n")
        file.write("</tables>\n")
    render.rows = written
    return Document(path, ".xml", render.title)


def content(value: object) -> str:
    """A cell as the content of an XML element; what XML cannot hold is U+FFFD."""
    return escape(_NOT_IN_XML.sub("\ufffd", text(value)), {"\r": "&#13;"})


def attribute(value: object) -> str:
    """A cell as the value of an XML attribute, in its quotes."""
    return quoteattr(_NOT_IN_XML.sub("\ufffd", text(value)), {"\r": "&#13;"})
