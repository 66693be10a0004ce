"""The tables in clean HTML, as rows of text: merged cells repeated, tables inside cells told apart.

The cells with `colspan` and `rowspan` are laid out as a browser does it (HTML Standard, 4.9.12, "forming a table").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from workers.renderers._tables import Table, distinct
from workers.renderers.base import BadDocument

MAX_CELLS = 5_000_000
MAX_COLSPAN = 1000
"""The HTML Standard's own limit."""

_BLOCK_NAMES = "p div li tr h1 h2 h3 h4 h5 h6 ul ol dl dt dd pre blockquote section article summary"
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_BLANKS = re.compile(r"\s+")
_LINE = "\x00"
"""Where a line ends, while every other blank is one space; the clean page holds no zero byte."""
_COUNT = re.compile(r"\s*\+?(\d{1,6})")


def html_tables(page: str) -> list[Table]:
    """Every table of the page in its order, named by its caption or the heading before it.

    The first row is the head, or the whole `<thead>`, whose rows are joined by " / ". Raises BadDocument where merged
    cells would make a table larger than MAX_CELLS.
    """
    from lxml import html

    parser = html.HTMLParser(encoding="utf-8", huge_tree=True)
    root = html.document_fromstring(f"<body>{page}</body>".encode(), parser=parser)
    found: list[tuple[str, list[str], list[list[str]]]] = []
    heading = ""
    for element in root.iter("table", "h1", "h2", "h3", "h4", "h5", "h6"):
        if element.tag != "table":
            heading = _text(element)
            continue
        caption = element.find("caption")
        grid, heads = _grid(element)
        if grid:
            name = (_text(caption) if caption is not None else "") or heading or f"Table {len(found) + 1}"
            found.append((name, _joined(grid[:heads]), grid[heads:]))
    names = distinct(name for name, _, _ in found)
    return [Table(name, heads, rows) for name, (_, heads, rows) in zip(names, found, strict=True)]


def _grid(table: Any) -> tuple[list[list[str]], int]:
    """The table's cells as rows of one width, and how many of the rows are its head."""
    rows = list(_rows(table))
    cells: dict[tuple[int, int], str] = {}
    for down, (_, row) in enumerate(rows):
        across = 0
        for cell in row:
            if cell.tag not in {"td", "th"}:
                continue
            while (down, across) in cells:
                across += 1
            content = _text(cell)
            wide = min(_count(cell.get("colspan")) or 1, MAX_COLSPAN)
            high = min(_count(cell.get("rowspan"), empty=1) or len(rows), len(rows) - down)
            if len(cells) + wide * high > MAX_CELLS:
                raise BadDocument(
                    f"A table of the page has more than {MAX_CELLS:,} cells, merged ones counted. Split it."
                )
            for at in range(down, down + high):
                for column in range(across, across + wide):
                    cells.setdefault((at, column), content)
            across += wide
    width = max((column for _, column in cells), default=-1) + 1
    grid = [[cells.get((down, across), "") for across in range(width)] for down in range(len(rows))] if width else []
    heads = 0
    while heads < len(rows) and (rows[heads][0] == "thead" or _all_heads(rows[heads][1])):
        heads += 1
    return grid, max(1, heads)


def _rows(table: Any) -> Iterator[tuple[str, Any]]:
    """The table's own rows with the part they are in; `<tfoot>` comes last wherever it stands."""
    parts = [table, *table.iterchildren("thead", "tbody", "tfoot")]
    for part in sorted(parts, key=lambda part: {"thead": 0, "tfoot": 2}.get(part.tag, 1)):
        for row in part.iterchildren("tr"):
            yield str(part.tag), row


def _all_heads(row: Any) -> bool:
    cells = [cell.tag for cell in row if cell.tag in {"td", "th"}]
    return bool(cells) and set(cells) == {"th"}


def _joined(heads: list[list[str]]) -> list[str]:
    """One name a column; what is merged downwards stands once."""
    return [" / ".join(dict.fromkeys(filter(None, column))) for column in zip(*heads, strict=True)]


def _count(value: str | None, empty: int = 0) -> int:
    """A span as HTML reads numbers; `empty` where there is none."""
    found = _COUNT.match(value or "")
    return int(found[1]) if found else empty


def _text(element: Any) -> str:
    """What an element says, tables inside it left out: they are tables of their own."""
    parts = ("".join(_words(element)) if len(element) else element.text or "").split(_LINE)
    return "\n".join(filter(None, (_BLANKS.sub(" ", part).strip() for part in parts)))


def _words(element: Any) -> Iterator[str]:
    """Texts in their order; without recursion, since elements may stand in each other 500 deep."""
    from lxml import etree

    inside = 0
    for event, part in etree.iterwalk(element, events=("start", "end")):
        if part.tag == "table" and part is not element:
            inside += 1 if event == "start" else -1
            yield _LINE
        if event == "start" and not inside:
            yield _said(part)
        if event == "end" and not inside:
            yield _LINE if part.tag in _BLOCKS else ""
            yield part.tail or "" if part is not element else ""


def _said(part: Any) -> str:
    """What an element says before its children do."""
    if part.tag == "img":
        return str(part.get("alt") or "")
    if part.tag == "input":
        return "[x] " if part.get("checked") is not None else "[ ] "
    before = _LINE if part.tag == "br" or part.tag in _BLOCKS else ""
    return before + ("" if part.tag == "style" else part.text or "")
