"""The data inside a Vega or Vega-Lite spec as CSV, XLSX and XML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workers.renderers._spreadsheet import save_xlsx
from workers.renderers._tables import Table, save_csv, save_xml
from workers.renderers._vega import Spec, check_parts, read_spec
from workers.renderers.base import BadDocument, Document, Render, conversion

MAX_DEPTH = 8
"""Levels of objects in a row that become columns of their own (`a.b`); what is deeper is JSON in its cell."""


@conversion("vega", "csv", cost=3, follows=("delimiter", "bom", "formulas"))
def to_csv(source: Document, render: Render) -> Document:
    """The data inside the spec, a row a line; a first column `table` tells several apart."""
    return save_csv(tables(read_spec(source, render), render), render)


@conversion("vega", "xlsx", cost=30, follows=("freeze",))
def to_xlsx(source: Document, render: Render) -> Document:
    """The data inside the spec, a sheet for each of its tables."""
    return save_xlsx(tables(read_spec(source, render), render), render)


@conversion("vega", "xml", cost=4)
def to_xml(source: Document, render: Render) -> Document:
    """The data inside the spec as XML."""
    return save_xml(tables(read_spec(source, render), render), render)


def tables(spec: Spec, render: Render) -> list[Table]:
    """Every table whose values stand in the spec. Raises BadDocument where there is none, or nothing could be drawn."""
    check_parts(spec)
    found: list[Table] = []
    for path, name, values, within in _inline(spec):
        rows = _rows(values, within)
        if rows is None:
            render.lack("tables", id=path, name=name, why="a map outline or another tree without rows")
            render.warn(f"{path} is a map outline or another tree without rows; it is not in the table.")
            continue
        flat = [dict(_cells(row)) for row in rows]
        heads = list(dict.fromkeys(head for row in flat for head in row))
        if heads:
            found.append(Table(name, heads, [[row.get(head) for head in heads] for row in flat]))
    for path, data in spec.sources():
        if data.get("url"):
            render.lack("tables", id=path, name=str(data["url"]), why="nothing is loaded")
            render.warn(f"{path}.url is not loaded, so its rows are not in the table.")
    if not found:
        raise BadDocument("The spec holds no rows: none of its data has values inside.")
    return found


def _inline(spec: Spec) -> Iterator[tuple[str, str, Any, Any]]:
    """Path, name, values, and the property that holds the rows, of each table in the spec."""
    known = set()
    for name, values in (spec.content.get("datasets") or {}).items():
        known.add(str(name))
        yield f"datasets.{name}", str(name), values, None
    for path, data in spec.sources():
        if "values" in data and str(data.get("name")) not in known:
            form = data.get("format")
            within = form.get("property") if isinstance(form, dict) else None
            yield path, str(data.get("name") or path), data["values"], within


def _rows(values: Any, within: Any) -> list[Any] | None:
    for part in str(within).split(".") if within else ():
        values = values.get(part) if isinstance(values, dict) else None
    if isinstance(values, dict) and values.get("type") == "FeatureCollection":
        values = values.get("features")
    elif isinstance(values, dict) and values.get("type") != "Topology" and "children" not in values:
        values = [values]
    return values if isinstance(values, list) else None


def _cells(row: Any) -> Iterator[tuple[str, Any]]:
    """The cells of a row by column; a row that is a bare value is the column `data`, as Vega calls it."""
    if not isinstance(row, dict):
        yield "data", row
        return
    waiting = [(str(name), value, 1) for name, value in row.items()]
    while waiting:
        name, value, depth = waiting.pop(0)
        if isinstance(value, dict) and value and depth < MAX_DEPTH:
            waiting[:0] = [(f"{name}.{inner}", one, depth + 1) for inner, one in value.items()]
        else:
            yield name, value
