"""The numbers of a Plotly chart as CSV, XML, XLSX and Markdown: those of every trace, whatever its type.

CSV has the columns Series, Type, X, Y, and then one for everything else that any trace holds (`labels`, `z`, `open`,
`link.value` ...); XML has it as `<value name>` inside the point. `_figure_rows` says how grids and nested lists are
laid out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, repeat
from typing import Any

from workers.renderers._figure import check_without_drawing, read_figure, title_of
from workers.renderers._figure_rows import Series, long_table, series_of, sheet
from workers.renderers._spreadsheet import save_xlsx
from workers.renderers._tables import Table, attribute, content, save_csv, text
from workers.renderers.base import Document, Render, conversion

MAX_ROWS = 5000
"""Rows of one table in Markdown, which is for reading."""


@conversion("plotly", "csv", cost=3, follows=("delimiter", "bom", "formulas"))
def to_csv(source: Document, render: Render) -> Document:
    """The chart's numbers with the columns Series, Type, X, Y, and more for traces that have more."""
    return save_csv([long_table(_series(read_figure(source, render), render))], render)


@conversion("plotly", "xlsx", cost=30, follows=("freeze",))
def to_xlsx(source: Document, render: Render) -> Document:
    """The chart's numbers, a sheet for each trace."""
    sheets = [sheet(series) for series in _series(read_figure(source, render), render)]
    return save_xlsx(sheets or [Table("Sheet", [], [])], render)


@conversion("plotly", "xml", cost=4)
def to_xml(source: Document, render: Render) -> Document:
    """The chart's title and, for each trace, a series of points."""
    figure = read_figure(source, render)
    path = render.path("xml")
    written = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<chart>\n')
        file.write(f"  <title>{content(title_of(figure) or source.title)}</title>\n  <data>\n")
        for series in _series(figure, render):
            about = f"type={attribute(series.kind)} name={attribute(series.name)}"
            file.write(f'    <series index="{series.index}" {about}>\n')
            for block in series.blocks:
                for point in _points(block):
                    file.write(f"      {point}\n")
                    written += 1
            file.write("    </series>\n")
        file.write("  </data>\n</chart>\n")
    render.rows = written
    return Document(path, ".xml", render.title)


@conversion("plotly", "md", cost=3)
def to_md(source: Document, render: Render) -> Document:
    """Markdown with a table of every trace's data."""
    figure = read_figure(source, render)
    parts = [f"# {_plain(title_of(figure) or source.title)}"]
    for series in _series(figure, render):
        parts.append(f"## {_plain(series.label)} ({_plain(series.kind)})")
        for block in series.blocks:
            rows = iter(block.rows)
            lines = [block.heads, *islice(rows, MAX_ROWS)]
            more = sum(1 for _ in rows)
            if more:
                total = MAX_ROWS + more
                lack_trace(series, f"only the first {MAX_ROWS:,} of {total:,} rows", render)
                render.warn(f"{series.label}: only the first {MAX_ROWS:,} of {total:,} rows are in the table.")
            table = [" | ".join(_plain(cell) for cell in line) for line in lines]
            table.insert(1, " | ".join(repeat("---", len(block.heads))))
            parts.append("\n".join(f"| {line} |" for line in table))
    return render.save("md", "\n\n".join(parts) + "\n")


def _plain(value: object) -> str:
    """One cell or heading: a gap is empty, and nothing in it can end the cell or begin markup."""
    words = text(value)
    for sign in "\\|<>[]*_`#":
        words = words.replace(sign, f"\\{sign}")
    return " ".join(words.split())


def _points(block: Table) -> Iterator[str]:
    axes = [head for head in block.heads if head in {"X", "Y"}]
    names = [attribute(head) for head in block.heads[len(axes) :]]
    for row in block.rows:
        place = "".join(
            f" {axis.lower()}={attribute(cell)}" for axis, cell in zip(axes, row, strict=False) if cell is not None
        )
        values = "".join(_values(names, row[len(axes) :]))
        yield f"<point{place}>{values}</point>" if values else f"<point{place}/>"


def _values(names: Iterable[str], cells: Iterable[Any]) -> Iterator[str]:
    for name, cell in zip(names, cells, strict=True):
        if cell is not None:
            yield f"<value name={name}>{content(cell)}</value>"


def lack_trace(series: Series, why: str, render: Render) -> None:
    """List a trace by its place in the figure, its type and its name."""
    render.lack("traces", id=str(series.index), type=series.kind, name=series.label, why=why)


def _series(figure: dict[str, Any], render: Render) -> list[Series]:
    check_without_drawing(figure)
    found = series_of(figure)
    for series in found:
        for part in series.left_out:
            lack_trace(series, f"left out of the table: {part}", render)
            render.warn(f"{series.label} ({series.kind}): left out of the table: {part}.")
        if not series.blocks and not series.left_out:
            lack_trace(series, "holds no data", render)
            render.warn(f"{series.label} ({series.kind}) holds no data.")
    if figure["frames"]:
        render.warn("The frames of the animation are left out; the table has what the chart shows first.")
    return found
