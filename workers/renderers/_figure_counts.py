"""Values that a Plotly chart counts by itself, from a start and a step, where no list of them is given."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

_POINTS = (("x", "y", "x0", "dx"), ("y", "x", "y0", "dy"))
_POLAR = (("r", "theta", "r0", "dr"), ("theta", "r", "theta0", "dtheta"))
_PIECES = (("labels", "values", "label0", "dlabel"),)
_BARS = (("x", "open", "", ""),)
COUNTED = {
    **dict.fromkeys(("scatter", "scattergl", "bar", "funnel", "waterfall"), _POINTS),
    **dict.fromkeys(("scatterpolar", "scatterpolargl", "barpolar"), _POLAR),
    **dict.fromkeys(("pie", "funnelarea"), _PIECES),
    **dict.fromkeys(("ohlc", "candlestick"), _BARS),
}
"""By type of trace: the list that is counted where it is missing, beside which list, its start and its step."""

STARTS = ("x0", "y0", "a0", "b0", "r0", "theta0", "label0")
STEPS = ("dx", "dy", "da", "db", "dr", "dtheta", "dlabel")

_MONTH = re.compile(r"\d{4}-\d{2}")


def fill(trace: dict[str, Any], kind: str, columns: dict[str, list[Any]], singles: dict[str, Any]) -> Iterator[str]:
    """Put the counted lists into `columns` and take their starts and steps out of `singles`; yields what it cannot."""
    for column, beside, start, step in _counted(trace, kind, columns):
        if column in columns:
            singles.pop(start, None)
            singles.pop(step, None)
        elif beside in columns:
            count = length(columns[beside])
            each = singles.get(step, _usual_step(trace, column, count))
            values = run(singles.get(start, 0), each, count)
            if values is None:
                yield start
                continue
            singles.pop(start, None)
            singles.pop(step, None)
            columns[column] = values


def _counted(trace: dict[str, Any], kind: str, columns: dict[str, list[Any]]) -> tuple[tuple[str, str, str, str], ...]:
    if kind == "box" and "q1" in columns:
        return (("y", "q1", "y0", "dy"),) if trace.get("orientation") == "h" else (("x", "q1", "x0", "dx"),)
    return COUNTED.get(kind, ())


def _usual_step(trace: dict[str, Any], column: str, count: int) -> float:
    if column != "theta":
        return 1
    return (math.tau if trace.get("thetaunit") == "radians" else 360) / (count or 1)


def length(values: list[Any]) -> int:
    """How many places a list has; one of categories in several levels has those of its longest level."""
    if values and all(isinstance(level, list) for level in values):
        return max(map(len, values))
    return len(values)


def run(start: Any, step: Any, count: int) -> list[Any] | None:
    """`count` values from a number, or from a date by milliseconds; None where it is neither."""
    first, each = number(start), number(step)
    if each is None:
        return None
    if first is not None:
        return [first + each * at for at in range(count)]
    day = _date(start)
    if day is None:
        return None
    try:
        days = [day + timedelta(milliseconds=each * at) for at in range(count)]
    except OverflowError:
        return None
    if all(one.time() == datetime.min.time() for one in days):
        return [one.date().isoformat() for one in days]
    return [one.isoformat(sep=" ") for one in days]


def number(value: Any) -> float | int | None:
    """A number, also from text as plotly.js reads it; None for anything else."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
        value = int(value) if value.is_integer() else value
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if good else None


def _date(value: Any) -> datetime | None:
    text = f"{value}-01" if isinstance(value, str) and _MONTH.fullmatch(value) else value
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None) if isinstance(text, str) else None
    except ValueError:
        return None
