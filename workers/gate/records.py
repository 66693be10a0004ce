"""How many records a source has for a table, counted in its own text: nothing of what wrote the table is asked.

Where a source says a thing in a way that is not read here, fewer are counted, and the count is a least one.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from array import array
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from workers.renderers.base import BadDocument, Document

ITEMS = {
    "i1": "b", "int8": "b", "u1": "B", "uint8": "B", "u1c": "B", "uint8c": "B", "uint8clamped": "B",
    "i2": "h", "int16": "h", "u2": "H", "uint16": "H", "i4": "i", "int32": "i", "u4": "I", "uint32": "I",
    "f4": "f", "float32": "f", "f8": "d", "float64": "d",
}  # fmt: skip
"""Plotly's names of the items of typed arrays, as `array` calls them."""
POINTS = ("x", "y", "labels", "values", "lat", "lon", "r", "theta", "open", "close", "high", "low")
"""Lists of a Plotly trace with an item for each point, whatever its type."""
GRIDS = frozenset({"heatmap", "contour", "histogram2d", "histogram2dcontour"})
VIEWS = ("layer", "concat", "hconcat", "vconcat", "marks", "spec")
"""Where the spec of a chart has further views."""
MOST = 25_000_000
"""Bytes of a source that is counted."""

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,}).*?(?:^ {0,3}\1|\Z)", re.DOTALL | re.MULTILINE)
_PIPES = re.compile(r"(?:\A|\n[ \t]*\n)(\|.*\|)\n(\|(?:[ \t]*:?-+:?[ \t]*\|)+)\n((?:\|.*\|(?:\n|\Z))*)")
_UNSURE_IN_NOTE = re.compile(r"[<&]|\\\||\]\(|\A---")
_UNREAD = re.compile(r"<(style|script)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[/!]?([a-z][a-z0-9]*)[^<>]*>", re.IGNORECASE)
_PLAIN_TAGS = (
    "html head title meta body main article section header footer div p span h1 h2 h3 h4 h5 h6 hr br a b i u em strong "
    "small code sub sup ul ol li table caption colgroup col thead tbody tfoot tr th td doctype"
)
PLAIN_TAGS = frozenset(_PLAIN_TAGS.split())
"""All that a page may have whose rows are counted: the text of these is the text of the page."""
_TABLE = re.compile(r"<table\b[^<>]*>((?:(?!<table\b).)*?)</table\s*>", re.DOTALL | re.IGNORECASE)
_HEAD = re.compile(r"<thead\b.*?(?:</thead\s*>|(?=<tbody\b))", re.DOTALL | re.IGNORECASE)
_ROW = re.compile(r"<tr\b", re.IGNORECASE)
_CELL = re.compile(r"<t[dh]\b", re.IGNORECASE)
_DATA = re.compile(r"<td\b", re.IGNORECASE)
_MARKUP = re.compile(r"<[^<>]*>|&[^;\s]*;?")
_WORD = re.compile(r"\w")


def count(source: Document) -> int:
    """The least number of records with something in them: 0 where nobody can tell."""
    counter = {"plotly": _of_figure, "vega": _of_spec, "markdown": _of_note, "html": _of_page}.get(source.form)
    if counter is None or source.path.stat().st_size > MOST:
        return 0
    try:
        return counter(source.read_text())
    except (BadDocument, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return 0  # the conversion has judged what is broken


def _of_figure(text: str) -> int:
    figure = json.loads(text)
    traces = figure if isinstance(figure, list) else figure["data"]
    return sum(_of_trace(trace) for trace in traces)


def _of_trace(trace: dict[str, Any]) -> int:
    """A point counts where any of its lists has something for it; a grid has a point for each cell."""
    lists = [found for name in POINTS if (found := _items(trace.get(name)))]
    points = sum(any(map(_is_there, values)) for values in zip_longest(*lists))
    grid = trace.get("z") if str(trace.get("type")) in GRIDS else None
    cells = sum(sum(map(_is_there, row)) for row in grid if isinstance(row, list)) if isinstance(grid, list) else 0
    return max(points, cells)


def _items(value: Any) -> list[Any]:
    """A plain list, or the numbers of a typed array with one dimension; nothing for what is nested."""
    if isinstance(value, list):
        return [] if any(isinstance(one, list | dict) for one in value) else value
    if not isinstance(value, dict) or "," in str(value.get("shape", "")) or str(value.get("dtype")) not in ITEMS:
        return []
    found = array(ITEMS[str(value["dtype"])])
    try:
        found.frombytes(base64.b64decode(str(value.get("bdata", ""))))
    except (binascii.Error, ValueError):
        return []
    return found.tolist()


def _is_there(value: Any) -> bool:
    return value is not None and value != "" and not (isinstance(value, float) and not math.isfinite(value))


def _of_spec(text: str) -> int:
    spec = json.loads(text)
    tables = dict(spec.get("datasets") or {})
    return sum(map(_of_table, [*tables.values(), *_values(spec, tables.keys(), 0)]))


def _values(view: dict[str, Any], named: Any, depth: int) -> Iterator[Any]:
    """The values inside a view and the views in it, without those that `datasets` has under the same name."""
    looked_up = [one.get("from") for one in view.get("transform") or () if isinstance(one, dict)]
    holders = [view, *(one for one in looked_up if isinstance(one, dict))]
    for holder in holders:
        data = holder.get("data")
        for one in data if isinstance(data, list) else [data]:
            if isinstance(one, dict) and not one.get("format") and str(one.get("name")) not in named:
                yield one.get("values")
    for name in VIEWS if depth < 50 else ():  # noqa: PLR2004 - as deep as specs may be
        inner = view.get(name)
        for one in inner if isinstance(inner, list) else [inner]:
            if isinstance(one, dict):
                yield from _values(one, named, depth + 1)


def _of_table(values: Any) -> int:
    return sum(map(_says, values)) if isinstance(values, list) else 0


def _says(row: Any) -> bool:
    """Whether a row has a cell with something in it."""
    if isinstance(row, dict):
        return any(_is_there(one) and one != {} for one in row.values() if not isinstance(one, dict))
    return _is_there(row)


def _of_note(text: str) -> int:
    plain = text.replace("\r\n", "\n")
    if _UNSURE_IN_NOTE.search(plain):
        return 0
    tables = _PIPES.findall(_FENCE.sub("", plain))
    bodies = [body for head, line, body in tables if head.count("|") == line.count("|")]
    return sum(_WORD.search(row) is not None for body in bodies for row in body.split("\n"))


def _of_page(text: str) -> int:
    plain = _UNREAD.sub("", text)
    if not {name.lower() for name in _TAG.findall(plain)} <= PLAIN_TAGS:
        return 0
    return sum(map(_below_heads, _TABLE.findall(plain)))


def _below_heads(table: str) -> int:
    """Rows with text below those that name the columns: a head, or else the first row."""
    heads = "".join(_HEAD.findall(table))
    rows = _ROW.split(_HEAD.sub("", table))[1:]
    found = sum(_DATA.search(row) is not None and _WORD.search(_MARKUP.sub(" ", f"<{row}")) is not None for row in rows)
    named = _CELL.search(heads) or (rows and not _DATA.search(rows[0]))
    return found if named else max(0, found - 1)
