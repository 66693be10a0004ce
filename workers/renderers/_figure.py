"""A Plotly figure as data: read, typed arrays decoded, its lists of numbers found."""

from __future__ import annotations

import base64
import binascii
import math
import sys
from array import array
from collections.abc import Iterator
from typing import Any

from workers.renderers._json import read_json
from workers.renderers._tables import distinct
from workers.renderers.base import BadDocument, Document, Render

TYPECODES = {
    "i1": "b", "int8": "b", "u1": "B", "uint8": "B", "u1c": "B", "uint8c": "B", "uint8clamped": "B",
    "i2": "h", "int16": "h", "u2": "H", "uint16": "H", "i4": "i", "int32": "i", "u4": "I", "uint32": "I",
    "f4": "f", "float32": "f", "f8": "d", "float64": "d",
}  # fmt: skip
"""Names of plotly.js's typed arrays, as `array` calls them."""

_LOOKS_NAMES = (
    "marker line error_x error_y error_z hoverlabel colorbar legendgrouptitle textfont insidetextfont outsidetextfont "
    "selected unselected transforms meta uid geojson colorscale selectedpoints tickvals ticktext categoryarray "
    "columnorder contours lighting"
)
LOOKS = frozenset(_LOOKS_NAMES.split())
"""Parts of a trace that say how it looks, not what it shows."""

UNKNOWN_TYPE = "Trace {number} of the figure has the type {kind!r}, which plotly.js does not know."


def read_figure(source: Document, render: Render) -> dict[str, Any]:
    """The figure: `data`, `layout` and `frames` always there. Raises BadDocument where it is none."""
    figure = read_json(source.read_text(), "The figure", render)
    if isinstance(figure, list):
        figure = {"data": figure}
    if not isinstance(figure, dict) or not isinstance(figure.get("data"), list):
        raise BadDocument(
            'The figure has no list "data". Send what `figure.to_json()` writes: {"data": […], "layout": {…}}.'
        )
    for number, trace in enumerate(figure["data"], 1):
        if not isinstance(trace, dict):
            raise BadDocument(f'Trace {number} of the figure is not an object such as {{"type": "bar", "y": […]}}.')
    layout = figure.get("layout") or {}
    if not isinstance(layout, dict):
        raise BadDocument('The figure\'s "layout" is not an object.')
    return {**figure, "layout": layout, "frames": figure.get("frames") or []}


def title_of(figure: dict[str, Any]) -> str:
    """The chart's title; empty where it has none."""
    title = figure["layout"].get("title")
    return str((title.get("text") if isinstance(title, dict) else title) or "")


def check_without_drawing(figure: dict[str, Any]) -> None:
    """Find what would show nothing, where plotly.js is not there to say so. Raises BadDocument."""
    import plotly.graph_objs

    decoded(figure["data"])
    known = {name.lower() for name in dir(plotly.graph_objs)}
    for number, trace in enumerate(figure["data"], 1):
        kind = trace.get("type")
        if kind is not None and str(kind) not in known:
            raise BadDocument(UNKNOWN_TYPE.format(number=number, kind=kind))


def decoded(value: Any) -> Any:
    """The same with every typed array `{"dtype", "bdata", "shape"}` as plain lists; a gap (NaN) is None."""
    if isinstance(value, list):
        return [decoded(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "bdata" in value and "dtype" in value:
        return _shaped(_numbers(value), value.get("shape"))
    return {key: decoded(one) for key, one in value.items()}


def _numbers(packed: dict[str, Any]) -> list[Any]:
    code = TYPECODES.get(str(packed["dtype"]))
    if code is None:
        raise BadDocument(f"The figure holds a typed array of the unknown dtype {packed['dtype']!r}.")
    numbers = array(code)
    try:
        numbers.frombytes(base64.b64decode(str(packed["bdata"]), validate=True))
    except (binascii.Error, ValueError) as error:
        raise BadDocument(
            f"The figure holds a typed array ({packed['dtype']}) that is cut off or not base64."
        ) from error
    if sys.byteorder == "big":
        numbers.byteswap()
    return [None if isinstance(one, float) and not math.isfinite(one) else one for one in numbers]


def _shaped(numbers: list[Any], shape: Any) -> list[Any]:
    sizes = [int(part) for part in str(shape).replace(",", " ").split() if part.isdecimal()] if shape else []
    if len(sizes) < 2 or math.prod(sizes) != len(numbers):  # noqa: PLR2004 - one dimension is a plain list
        return numbers
    for size in reversed(sizes[1:]):
        numbers = [numbers[start : start + size] for start in range(0, len(numbers), size)]
    return numbers


def arrays(part: dict[str, Any], prefix: str = "", depth: int = 3) -> Iterator[tuple[str, list[Any]]]:
    """Every list in a trace that is not among its looks, with its path; no two paths are the same."""
    for key, value in part.items():
        if key in LOOKS:
            continue
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value) and depth:
            labels = distinct(str(one.get("label") or number) for number, one in enumerate(value))
            for label, one in zip(labels, value, strict=True):
                yield from arrays(one, f"{prefix}{key}[{label}].", depth - 1)
        elif isinstance(value, list) and value:
            yield prefix + key, value
        elif isinstance(value, dict) and depth:
            yield from arrays(value, f"{prefix}{key}.", depth - 1)
