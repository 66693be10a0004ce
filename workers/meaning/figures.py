"""Charts: data and looks, without the marks that libraries leave in a figure."""

from __future__ import annotations

import json
from typing import Any

from longshore.errors import BadDocument
from workers.meaning.digest import Meaning, of_value, without


def plotly(content: bytes) -> Meaning:
    """Traces, layout and frames of a Plotly figure. Raises BadDocument."""
    figure = _json(content)
    traces = figure.get("data")
    listed = [without(one, "uid") for one in traces] if isinstance(traces, list) else traces
    layout = without(figure.get("layout"), "uirevision", "datarevision", "editrevision", "selectionrevision")
    return of_value(without(figure, "data", "layout") | {"data": listed, "layout": layout}, empty=not listed)


def vega(content: bytes) -> Meaning:
    """A Vega or Vega-Lite spec; empty where all data stand in it and there is not one row. Raises BadDocument."""
    spec = without(_json(content), "usermeta")
    values = [one.get("values") if isinstance(one, dict) else None for one in _data(spec)]
    return of_value(spec, empty=bool(values) and all(one == [] for one in values))


def _data(spec: dict[str, Any]) -> list[Any]:
    data = spec.get("data")
    return data if isinstance(data, list) else [data] if data is not None else []


def _json(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadDocument(f"The document is not JSON that can be read: {error}") from error
    if not isinstance(found, dict):
        raise BadDocument("The document is not a JSON object.")
    return found
