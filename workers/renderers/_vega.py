"""A Vega or Vega-Lite spec as data: read, its dialect told, text tables inside it read, what cannot be drawn found."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workers.renderers._json import read_json
from workers.renderers.base import BadDocument, Document, Render

MAX_BYTES = 25_000_000
MAX_ROWS = 500_000
"""Rows of all tables inside one spec; 100,000 of them, averaged into seven bars, take 0.8 s."""

MAX_LEVELS = 50
"""Views inside views."""

MAX_SIDE = 50_000
"""CSS pixels of a view; an axis has a tick for every 40 of them, and millions of ticks fill the page's memory."""

SCHEMA = "https://vega.github.io/schema/{}/v6.json"

_COMPOSED = ("layer", "concat", "hconcat", "vconcat")
_LITE_KEYS = frozenset({"mark", "facet", "repeat", "spec", "encoding", *_COMPOSED})
_VEGA_KEYS = frozenset({"marks", "signals", "scales", "axes"})
_LITE_MARKS = (
    "arc area bar boxplot circle errorband errorbar geoshape image line point rect rule square text tick trail"
)
_VEGA_MARKS = "arc area group image line path rect rule shape symbol text trail"
_MARKS = {True: frozenset(_LITE_MARKS.split()), False: frozenset(_VEGA_MARKS.split())}
_TYPES = frozenset({"quantitative", "temporal", "ordinal", "nominal", "geojson", "geo", "q", "t", "o", "n", "g"})
_DELIMITERS = {"csv": ",", "tsv": "\t"}


@dataclass(frozen=True, slots=True)
class Spec:
    """A chart's spec; `lite` where it is Vega-Lite."""

    content: dict[str, Any]
    lite: bool

    def views(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The spec and every view or group inside it, each with its path (empty, or ending in a dot).

        Raises BadDocument below MAX_LEVELS.
        """
        waiting = [("", self.content, 0)]
        while waiting:
            path, view, level = waiting.pop(0)
            if level > MAX_LEVELS:
                raise BadDocument(f"The spec nests views more than {MAX_LEVELS} levels deep. Flatten it.")
            yield path, view
            for name in _COMPOSED if self.lite else ("marks",):
                inner = view.get(name)
                if isinstance(inner, list):
                    inside = ((at, one) for at, one in enumerate(inner) if isinstance(one, dict))
                    waiting += [(f"{path}{name}[{at}].", one, level + 1) for at, one in inside]
            if self.lite and isinstance(view.get("spec"), dict):
                waiting.append((f"{path}spec.", view["spec"], level + 1))

    def sources(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every object that says where a table comes from, with its path."""
        for path, view in self.views():
            data = view.get("data")
            if isinstance(data, dict):
                yield f"{path}data", data
            elif isinstance(data, list):
                yield from ((f"{path}data[{at}]", one) for at, one in enumerate(data) if isinstance(one, dict))
            transforms = view.get("transform")
            for at, one in enumerate(transforms if isinstance(transforms, list) else []):
                looked_up = one.get("from") if isinstance(one, dict) else None
                if isinstance(looked_up, dict) and isinstance(looked_up.get("data"), dict):
                    yield f"{path}transform[{at}].from.data", looked_up["data"]


def read_spec(source: Document, render: Render) -> Spec:
    """The spec with `$schema`, and with tables that were text as rows. Raises BadDocument where it is none."""
    size = source.path.stat().st_size
    if size > MAX_BYTES:
        raise BadDocument(f"The spec has {size:,} bytes; {MAX_BYTES:,} are allowed. Aggregate its data first.")
    content = read_json(source.read_text(), "The spec", render)
    if not isinstance(content, dict):
        raise BadDocument('The spec is not a JSON object such as {"data": …, "mark": "bar", "encoding": …}.')
    lite = _is_lite(content)
    usual = SCHEMA.format("vega-lite" if lite else "vega")
    spec = Spec({"$schema": content.pop("$schema", None) or usual, **content}, lite)
    rows = sum(len(one) for one in (spec.content.get("datasets") or {}).values() if isinstance(one, list))
    for path, data in spec.sources():
        if isinstance(data.get("values"), str):
            data["values"], data["format"] = _from_text(path, data["values"], data.get("format"), render)
        rows += len(data["values"]) if isinstance(data.get("values"), list) else 0
    if rows > MAX_ROWS:
        raise BadDocument(f"The spec holds {rows:,} rows; {MAX_ROWS:,} are allowed. Aggregate the data first.")
    return spec


def check_drawable(spec: Spec) -> None:
    """Find what needs no drawing to be found: what `check_parts` finds, and data at an address, which is never loaded.

    Raises BadDocument.
    """
    check_parts(spec)
    for path, data in spec.sources():
        if data.get("url"):
            raise BadDocument(f"{path}.url is not loaded: put the values inside, as {path}.values.")


def check_parts(spec: Spec) -> None:
    """Raise BadDocument for a mark or a type of field that does not exist, and for a view that is too large."""
    language = "Vega-Lite" if spec.lite else "Vega"
    for path, view in spec.views():
        for side in ("width", "height"):
            length = view.get(side)
            if isinstance(length, int | float) and length > MAX_SIDE:
                raise BadDocument(f"{path}{side} is {length:g} pixels; {MAX_SIDE:,} are allowed. Make it smaller.")
        _check_types(f"{path}encoding", view.get("encoding") if spec.lite else None)
        if spec.lite and "mark" in view:
            mark = view["mark"]
            where, name = f"{path}mark", mark.get("type") if isinstance(mark, dict) else mark
        elif not spec.lite and path:
            where, name = f"{path}type", view.get("type")
        else:
            continue
        if not isinstance(name, str) or name not in _MARKS[spec.lite]:
            known = ", ".join(sorted(_MARKS[spec.lite]))
            raise BadDocument(f"{where} is {json.dumps(name)[:60]}; {language} has no such mark. Marks are: {known}.")


def _check_types(path: str, encoding: Any) -> None:
    for channel, definition in encoding.items() if isinstance(encoding, dict) else ():
        kind = definition.get("type") if isinstance(definition, dict) else None
        if kind is not None and not (isinstance(kind, str) and kind.lower() in _TYPES):
            known = "quantitative, temporal, ordinal, nominal and geojson"
            raise BadDocument(f"{path}.{channel}.type is {json.dumps(kind)[:60]}; types of a field are {known}.")


def _is_lite(content: dict[str, Any]) -> bool:
    datasets = content.get("datasets")
    if datasets is not None and not (
        isinstance(datasets, dict) and all(isinstance(one, list | dict) for one in datasets.values())
    ):
        raise BadDocument("The spec's datasets are not lists of rows, by name.")
    schema = str(content.get("$schema") or "")
    if "/vega-lite/" in schema or "/vega/" in schema:
        return "/vega-lite/" in schema
    if _LITE_KEYS & set(content):
        return True
    if _VEGA_KEYS & set(content):
        return False
    raise BadDocument(
        'The spec is neither Vega-Lite (no "mark", "layer", "facet", "concat" or "repeat") nor Vega (no "marks").'
    )


def _from_text(path: str, text: str, form: Any, render: Render) -> tuple[Any, dict[str, Any]]:
    """Rows of a table that stands in the spec as text: the library would compile a function to read it."""
    form = form if isinstance(form, dict) else {}
    kind = str(form.get("type") or "json")
    if kind in {"json", "topojson"}:
        return read_json(text, f"The text of {path}.values", render), form
    delimiter = form.get("delimiter") if kind == "dsv" else _DELIMITERS.get(kind)
    if not isinstance(delimiter, str) or len(delimiter) != 1:
        raise BadDocument(f"{path}.format names no type that can be read. Types are: json, csv, tsv, dsv, topojson.")
    lines = text.splitlines(keepends=True)
    header = form.get("header")
    names = [str(one) for one in header] if isinstance(header, list) else None
    try:
        rows = [
            {name: cell for name, cell in row.items() if isinstance(name, str) and isinstance(cell, str)}
            for row in csv.DictReader(lines, fieldnames=names, delimiter=delimiter)
        ]
    except csv.Error as error:
        raise BadDocument(f"{path}.values is a table that cannot be read: {error}.") from error
    return rows, {"type": "json", **({"parse": form["parse"]} if "parse" in form else {})}
