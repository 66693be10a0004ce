"""A trace's numbers in long form: blocks of columns that CSV, XML and XLSX share.

- Lists of one length share a block; `x` and `y` are its columns X and Y. Where the chart counts one of them by itself
  (`x0`, `dx`), it is filled in.
- A grid (a heatmap's `z`) is a row for each of its cells; X and Y are what stands at its edges, else the column's and
  the row's number from 0. A list beside each point (`customdata`) becomes columns `customdata[0]`, `customdata[1]`.
- Single numbers (an indicator's `value`) are a block of one row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat, zip_longest
from typing import Any

from workers.renderers._figure import arrays, decoded, tables
from workers.renderers._tables import Table, distinct, text

LEAD = ["Series", "Type", "X", "Y"]
COUNTED = frozenset({"scatter", "scattergl", "bar", "funnel", "waterfall"})
"""Traces that count the axis whose values are not given."""
_WHISKERS = tuple(f"error_{axis}.{part}" for axis in "xyz" for part in ("array", "arrayminus", "value", "valueminus"))
MEASURES = ("marker.size", "marker.color", "line.color", *_WHISKERS)
"""Data among the looks: what bubbles and whiskers show."""
SINGLE = ("value", "delta.reference", "gauge.threshold.value", "x0", "dx", "y0", "dy", *_WHISKERS)


@dataclass(frozen=True, slots=True)
class Series:
    """One trace: its place in the figure from 0, and its data in blocks, whose rows are read once."""

    index: int
    name: str
    kind: str
    blocks: list[Table]


def series_of(figure: dict[str, Any]) -> list[Series]:
    """Every trace of a figure."""
    return [
        Series(number, str(trace.get("name") or f"Series {number + 1}"), _kind(trace), list(_blocks(trace)))
        for number, trace in enumerate(decoded(figure["data"]))
    ]


def long_table(found: list[Series]) -> Table:
    """All traces in one: Series, Type, X, Y, then every other column that any of them has."""
    heads = dict.fromkeys(chain(LEAD, *(block.heads for series in found for block in series.blocks)))
    return Table("", list(heads), _lines(found, {head: at for at, head in enumerate(heads)}))


def _lines(found: list[Series], at: dict[str, int]) -> Iterator[list[Any]]:
    for series in found:
        for block in series.blocks or [Table("", [], [[]])]:
            places = [at[head] for head in block.heads]
            for row in block.rows:
                line = [series.name, series.kind, *repeat(None, len(at) - 2)]
                for place, cell in zip(places, row, strict=True):
                    line[place] = cell
                yield line


def sheet(series: Series) -> Table:
    """One trace with its blocks side by side."""
    heads = distinct(chain.from_iterable(block.heads for block in series.blocks))
    gaps = [tuple(repeat(None, len(block.heads))) for block in series.blocks]
    rows = (
        list(chain.from_iterable(row or gap for row, gap in zip(parts, gaps, strict=True)))
        for parts in zip_longest(*(block.rows for block in series.blocks))
    )
    return Table(series.name, heads, rows)


def _kind(trace: dict[str, Any]) -> str:
    return str(trace.get("type") or "scatter")


def _blocks(trace: dict[str, Any]) -> Iterator[Table]:
    if _kind(trace) == "table":
        for _, heads, rows in tables(trace):
            yield _block({}, dict(zip(distinct(heads), zip(*rows, strict=True), strict=False)))
        return
    columns = _columns(trace)
    singles = {name: one for name in SINGLE if isinstance(one := _at(trace, name), int | float)}
    x, y = columns.pop("x", None), columns.pop("y", None)
    if _is_nested(columns.get("z")):
        yield _grid(columns, x or [], y or [])
    else:
        axes = _axes(_kind(trace), singles, x, y)
        length = max(map(len, axes.values()), default=0)
        if axes:
            yield _block(axes, {name: columns.pop(name) for name in list(columns) if len(columns[name]) == length})
    by_length: dict[int, dict[str, Any]] = {}
    for name, values in columns.items():
        by_length.setdefault(len(values), {})[name] = values
    for group in by_length.values():
        yield _block({}, group)
    if singles:
        yield _block({}, {name: [one] for name, one in singles.items()})


def _columns(trace: dict[str, Any]) -> dict[str, list[Any]]:
    """Every list of the trace that is data, by its path; a list of colours' names is none."""
    found = {name: values for name, values in arrays(trace) if not name.startswith("domain.")}
    found |= {name: values for name in MEASURES if isinstance(values := _at(trace, name), list) and values}
    return {
        name: values
        for name, values in found.items()
        if not name.endswith(("color", "colors")) or any(isinstance(one, int | float) for one in values)
    }


def _axes(kind: str, singles: dict[str, Any], x: list[Any] | None, y: list[Any] | None) -> dict[str, list[Any]]:
    """X and Y as far as they are known; categories in several levels are joined by " / "."""
    axes = {"X": x, "Y": y}
    if kind in COUNTED and (x is None) != (y is None):
        name, start, step = ("X", "x0", "dx") if x is None else ("Y", "y0", "dy")
        first, each = singles.pop(start, 0), singles.pop(step, 1)
        axes[name] = [first + each * number for number in range(len(x or y or []))]
    return {
        name: [" / ".join(map(text, level)) for level in zip_longest(*values)] if _is_nested(values) else values
        for name, values in axes.items()
        if values is not None
    }


def _grid(columns: dict[str, list[Any]], x: list[Any], y: list[Any]) -> Table:
    """The cells of `z` and of every other grid of its size, row by row; they are taken out of `columns`."""
    grid = columns["z"]
    width = max(map(len, grid))
    names = [name for name, values in columns.items() if _is_nested(values) and len(values) == len(grid)
             and max(map(len, values)) == width]  # fmt: skip
    grids = [columns.pop(name) for name in names]

    def cells() -> Iterator[list[Any]]:
        for down in range(len(grid)):
            for across in range(width):
                place = [_edge(x, across, down, across), _edge(y, down, down, across)]
                yield [*place, *(_item(_item(one, down), across) for one in grids)]

    return Table("", ["X", "Y", *_beside(names)], cells())


def _edge(values: list[Any], number: int, down: int, across: int) -> Any:
    """What stands at the edge of a grid: an item, an item of a grid of places, else the number itself."""
    if _is_nested(values):
        return _item(_item(values, down), across)
    return values[number] if number < len(values) else number


def _block(axes: dict[str, list[Any]], beside: dict[str, Any]) -> Table:
    """Columns of one length; a list in every row becomes columns of its own."""
    columns: dict[str, Any] = {}
    for name, values in beside.items():
        if _is_nested(values):
            parts = list(zip_longest(*values))
            columns |= {f"{name}[{number}]": part for number, part in enumerate(parts)}
        else:
            columns[name] = values
    return Table("", [*axes, *_beside(columns)], zip_longest(*axes.values(), *columns.values()))


def _beside(names: Any) -> list[str]:
    """Names of columns that are none of the four that lead."""
    return distinct([*LEAD, *names])[len(LEAD) :]


def _is_nested(values: Any) -> bool:
    return isinstance(values, list) and bool(values) and all(isinstance(row, list) for row in values)


def _item(values: Any, number: int) -> Any:
    return values[number] if isinstance(values, list) and number < len(values) else None


def _at(trace: dict[str, Any], path: str) -> Any:
    found: Any = trace
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found
