"""A trace's numbers in long form: blocks of columns that CSV, XML, XLSX and Markdown share.

- Lists of one length share a block; `x` and `y` are its columns X and Y. Where the chart counts values by itself
  (`x0`, `dx`), they are filled in.
- A grid (a heatmap's `z`) is a row for each of its cells; X and Y (on a carpet `a` and `b`) are what stands at its
  edges, else what the chart counts there. Edges that are one more than the cells end in a column of their own.
- A list beside each point (`customdata`) becomes columns `customdata[0]`, `customdata[1]`.
- Single values (an indicator's `value`) are a block of one row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat, zip_longest
from typing import Any

from workers.renderers._figure import arrays, decoded
from workers.renderers._figure_counts import STARTS, STEPS, fill, length, number, run
from workers.renderers._tables import Table, distinct, text

LEAD = ["Series", "Type", "X", "Y"]
ON_CARPET = frozenset({"carpet", "contourcarpet"})
"""Traces whose grid lies between `a` and `b`."""
_WHISKERS = tuple(f"error_{axis}.{part}" for axis in "xyz" for part in ("array", "arrayminus", "value", "valueminus"))
MEASURES = ("marker.size", "marker.color", "marker.colors", "line.color", "line.width", *_WHISKERS)
"""Data among the looks: what bubbles, colours and whiskers show."""
SINGLE = (
    "value", "delta.reference", "gauge.threshold.value", "counts", "base", "isomin", "isomax",
    *STARTS, *STEPS, *_WHISKERS,
)  # fmt: skip
NO_TABLE = {"geojson": "a map outline", "source": "a picture"}
"""Data that is no table, by the attribute that holds it."""
NOT_COUNTED = "what is counted from {}, which is neither a number nor a date"
FACES = frozenset({"i", "j", "k", "facecolor"})


@dataclass(frozen=True, slots=True)
class Series:
    """One trace: its place in the figure from 0, and its data in blocks, whose rows are read once.

    `label` is the name that no other trace has, `left_out` says what of it is in no block.
    """

    index: int
    name: str
    label: str
    kind: str
    blocks: list[Table]
    left_out: list[str]


def series_of(figure: dict[str, Any]) -> list[Series]:
    """Every trace of a figure."""
    traces = decoded(figure["data"])
    names = [str(trace.get("name") or f"Series {number}") for number, trace in enumerate(traces, 1)]
    found = []
    for at, (trace, name, label) in enumerate(zip(traces, names, distinct(names), strict=True)):
        left_out = [f"{part} ({what})" for part, what in NO_TABLE.items() if trace.get(part)]
        found.append(Series(at, name, label, _kind(trace), list(_blocks(trace, left_out)), left_out))
    return found


def long_table(found: list[Series]) -> Table:
    """All traces in one: Series, Type, X, Y, then every other column that any of them has."""
    heads = dict.fromkeys(chain(LEAD, *(block.heads for series in found for block in series.blocks)))
    return Table("", list(heads), _lines(found, {head: at for at, head in enumerate(heads)}))


def _lines(found: list[Series], at: dict[str, int]) -> Iterator[list[Any]]:
    for series in found:
        for block in series.blocks or [Table("", [], [[]])]:
            places = [at[head] for head in block.heads]
            for row in block.rows:
                line = [series.label, series.kind, *repeat(None, len(at) - 2)]
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
    return Table(series.label, heads, rows)


def _kind(trace: dict[str, Any]) -> str:
    return str(trace.get("type") or "scatter")


def _blocks(trace: dict[str, Any], left_out: list[str]) -> Iterator[Table]:
    kind = _kind(trace)
    columns = _columns(trace)
    if kind == "table":
        yield from _table_trace(trace, columns)
    singles = {name: one for name in SINGLE if _is_single(one := _at(trace, name))}
    left_out += [NOT_COUNTED.format(name) for name in fill(trace, kind, columns, singles)]
    grid = next((name for name in ("z", "y") if _is_nested(columns.get(name))), "") if kind in ON_CARPET else "z"
    if _is_nested(columns.get(grid)):
        yield _grid(trace, grid, columns, singles, left_out)
    elif kind not in ON_CARPET and not (kind == "box" and "q1" in columns):
        axes = {name.upper(): _levels(columns.pop(name)) for name in ("x", "y") if name in columns}
        longest = max(map(len, axes.values()), default=0)
        if axes:
            beside = [name for name, values in columns.items() if len(values) == longest and not _group(kind, name)]
            yield _block(axes, {name: columns.pop(name) for name in beside})
    by_length: dict[tuple[str, int], dict[str, Any]] = {}
    for name, values in columns.items():
        by_length.setdefault((_group(kind, name), len(values)), {})[name] = values
    for group in by_length.values():
        axes = {name.upper(): group.pop(name) for name in ("x", "y") if name in group and not _is_nested(group[name])}
        yield _block(axes, group)
    if singles:
        yield _block({}, {name: [one] for name, one in singles.items()})


def _columns(trace: dict[str, Any]) -> dict[str, list[Any]]:
    """Every list of the trace that is data, by its path; a list of colours' names is none."""
    found = {name: values for name, values in arrays(trace) if not name.startswith("domain.")}
    found |= {name: values for name in MEASURES if isinstance(values := _at(trace, name), list) and values}
    return {
        name: values for name, values in found.items() if not name.endswith(("color", "colors")) or _has_number(values)
    }


def _group(kind: str, name: str) -> str:
    """What a list is about, where one trace is about several things: nodes and links, corners and faces."""
    if kind == "mesh3d" and name in FACES:
        return "faces"
    part, dot, _ = name.partition(".")
    return part if dot and part in {"node", "link", "slices", "starts", "gauge"} else ""


def _levels(values: list[Any]) -> list[Any]:
    """Values of an axis; categories in several levels are joined by " / "."""
    return [" / ".join(map(text, level)) for level in zip_longest(*values)] if _is_nested(values) else values


def _grid(
    trace: dict[str, Any], main: str, columns: dict[str, list[Any]], singles: dict[str, Any], left_out: list[str]
) -> Table:
    """The cells of a grid and of every other one of its size, row by row; they are taken out of `columns`."""
    high, width = len(columns[main]), length(columns[main])
    kind = _kind(trace)
    places = frozenset({"x", "y"}) if kind == "surface" else frozenset()
    names = [name for name, values in columns.items()
             if _is_nested(values) and len(values) == high and length(values) == width
             and (kind in ON_CARPET or name not in {"x", "y"})]  # fmt: skip
    grids = [columns.pop(name) for name in names]
    if trace.get("transpose") is True:
        grids = [list(map(list, zip_longest(*one))) for one in grids]
        high, width = width, high
    heads: list[str] = []
    edges: list[list[Any]] = []
    for axis, count in zip("ab" if kind in ON_CARPET else "xy", (width, high), strict=True):
        values = columns.pop(axis, None)
        given = values if values and axis in places and _is_nested(values) else _levels(values or [])
        if values is None:
            given = run(singles.get(f"{axis}0", 0), singles.get(f"d{axis}", 1), count) or []
            left_out += [] if given else [NOT_COUNTED.format(f"{axis}0")]
        if given:
            singles.pop(f"{axis}0", None)
            singles.pop(f"d{axis}", None)
        heads.append(axis if kind in ON_CARPET else axis.upper())
        edges.append(given)
    ends = [at for at, count in enumerate((width, high)) if not _is_nested(edges[at]) and len(edges[at]) == count + 1]

    def cells() -> Iterator[list[Any]]:
        for down in range(high):
            for across in range(width):
                at = (across, down)
                place = [_edge(values, at[which], down, across) for which, values in enumerate(edges)]
                last = [edges[which][at[which] + 1] for which in ends]
                yield [*place, *last, *(_item(_item(one, down), across) for one in grids)]

    return Table("", [*heads, *_beside([*(f"{heads[which]} end" for which in ends), *names])], cells())


def _edge(values: list[Any], at: int, down: int, across: int) -> Any:
    """What stands at the edge of a grid: an item, an item of a grid of places, else the number itself."""
    if _is_nested(values):
        return _item(_item(values, down), across)
    return values[at] if at < len(values) else at


def _block(axes: dict[str, list[Any]], beside: dict[str, Any]) -> Table:
    """Columns of one length; a list in every row becomes columns of its own."""
    columns: dict[str, Any] = {}
    for name, values in beside.items():
        if _is_nested(values):
            parts = list(zip_longest(*values))
            columns |= {f"{name}[{at}]": part for at, part in enumerate(parts)}
        else:
            columns[name] = values
    return Table("", [*axes, *_beside(columns)], zip_longest(*axes.values(), *columns.values()))


def _table_trace(trace: dict[str, Any], columns: dict[str, list[Any]]) -> Iterator[Table]:
    """The cells of a table under its heads."""
    for name in ("header.values", "cells.values"):
        columns.pop(name, None)

    def listed(name: str) -> list[Any]:
        values = _at(trace, f"{name}.values")
        return [one if isinstance(one, list) else [one] for one in values] if isinstance(values, list) else []

    named = [" ".join(map(text, head)) for head in listed("header")]
    cells = listed("cells")
    heads = distinct([*named, *(f"Column {at + 1}" for at in range(len(named), len(cells)))])
    if heads:
        rows = zip_longest(*cells, *([] for _ in heads[len(cells) :]))
        yield Table("", _beside(heads), rows)


def _beside(names: Iterable[str]) -> list[str]:
    """Names of columns that are none of the four that lead."""
    return distinct([*LEAD, *names])[len(LEAD) :]


def _is_single(value: Any) -> bool:
    return number(value) is not None or (isinstance(value, str) and bool(value))


def _has_number(values: Any) -> bool:
    if isinstance(values, list):
        return any(map(_has_number, values))
    return isinstance(values, int | float) and not isinstance(values, bool)


def _is_nested(values: Any) -> bool:
    return isinstance(values, list) and bool(values) and all(isinstance(row, list) for row in values)


def _item(values: Any, at: int) -> Any:
    return values[at] if isinstance(values, list) and at < len(values) else None


def _at(trace: dict[str, Any], path: str) -> Any:
    found: Any = trace
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found
