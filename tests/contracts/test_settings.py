"""The contract of every setting: each pair of kind and format refuses it by name, or makes another file with it."""

from __future__ import annotations

import io
import json
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app import accept
from longshore.errors import Invalid
from longshore.settings import settings
from tests.contracts.test_conversions import ENCODED, run
from workers import needs
from workers.accepted import WHOLE, accepted, schema
from workers.plan import Cell, matrix
from workers.renderers._follows import PAPER as PAPER_SETTINGS
from workers.renderers.base import SETTINGS

NOTE = "# Harbour\n\n## Ships\n\nThey came.\n\n| ship | crew |\n| --- | --- |\n| =Ida | 12 |\n"
PAGE = "<h1>Harbour</h1><h2>Ships</h2><p>They came.</p><table><tr><th>ship<th>crew<tr><td>=Ida<td>12</table>"
FIGURE = {"data": [{"type": "bar", "name": "=a", "x": ["p", "q"], "y": [1, 2]}], "layout": {"title": {"text": "Ships"}}}
CHART = {
    "data": {"values": [{"a": "=p", "b": 1}, {"a": "q", "b": 2}]},
    "mark": "bar",
    "encoding": {"x": {"field": "a", "type": "nominal"}, "y": {"field": "b", "type": "quantitative"}},
}
SHAPES = [
    {"id": name, "type": "rectangle", "x": x, "y": 0, "width": 90, "height": 60, "text": name}
    for name, x in (("a", 0), ("b", 300))
]
STORE = {
    f"shape:{shape['id']}": {
        "id": f"shape:{shape['id']}",
        "typeName": "shape",
        "type": "geo",
        "parentId": "page:p",
        "index": f"a{number}",
        "x": shape["x"],
        "y": 0,
        "props": {"geo": "rectangle", "w": 90, "h": 60, "text": shape["text"]},
    }
    for number, shape in enumerate(SHAPES, 1)
}
DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100"><rect width="80" height="60" fill="teal"/></svg>'
)
SOURCES: dict[str, str] = {
    "canvas": json.dumps({"shapes": SHAPES}),
    "tldraw": json.dumps({"store": {"page:p": {"id": "page:p", "typeName": "page", "name": "P"}, **STORE}}),
    "excalidraw": json.dumps({"type": "excalidraw", "elements": [shape | {"type": "text"} for shape in SHAPES]}),
    "mermaid": "flowchart LR\n  a[Harbour] --> b[Ships]\n",
    "graphviz": "digraph { harbour -> ships }",
    "plotly": json.dumps(FIGURE),
    "vega": json.dumps(CHART),
    "markdown": NOTE,
    "html": PAGE,
    "svg": DRAWING,
    "file": "Ships came. " * 100,
}
PAPER = {"page_size": "a4"}
CUSTOM = {"page_size": "custom", "page_width_mm": 200, "page_height_mm": 200}
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "theme": ({}, {"theme": "dark"}),
    "background": ({}, {"background": "#ffcc00"}),
    "padding": ({}, {"padding": 50}),
    "width": ({}, {"width": 333}),
    "height": ({}, {"height": 111}),
    "scale": ({}, {"scale": 1.5}),
    "quality": ({}, {"quality": 20}),
    "compression": ({}, {"compression": 0}),
    "dpi": ({}, {"dpi": 300}),
    "metadata": ({}, {"metadata": "keep"}),
    "scope": ({}, {"scope": "selection", "ids": ["a"]}),
    "ids": ({"scope": "selection", "ids": ["a"]}, {"ids": ["a", "b"]}),
    "page_size": ({}, {"page_size": "a3"}),
    "page_width_mm": (CUSTOM, {"page_width_mm": 300}),
    "page_height_mm": (CUSTOM, {"page_height_mm": 300}),
    "orientation": (PAPER, {"orientation": "landscape"}),
    "margin_mm": (PAPER, {"margin_mm": 90}),
    **{f"margin_{side}_mm": (PAPER, {f"margin_{side}_mm": 40}) for side in ("top", "right", "bottom", "left")},
    "header": (PAPER, {"header": "Draft"}),
    "footer": (PAPER, {"footer": "Draft"}),
    "date": (PAPER | {"header": "{date}", "date": "May"}, {"date": "June"}),
    "outline": ({}, {"outline": False}),
    "delimiter": ({}, {"delimiter": ";"}),
    "bom": ({}, {"bom": False}),
    "formulas": ({}, {"formulas": "raw"}),
    "freeze": ({}, {"freeze": False}),
}
"""By setting: what it needs beside it, and a value that is not the usual one."""
OTHERS = {
    ("zip", "compression"): ({}, {"compression": "store"}),
    ("pdf", "metadata"): ({}, {"metadata": "strip"}),
}


def change(form: str, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return OTHERS.get((form, name), CHANGES[name])


def cells() -> list[Cell]:
    return matrix(partial(needs.check, settings=settings()))


def case(cell: Cell, name: str) -> object:
    """What another kind has shown of the same step waits for the long run."""
    encoded = cell.format in ENCODED and name not in {"scale", "quality", "dpi"}
    printed = name in PAPER_SETTINGS and cell.kind not in {"svg", "image", "markdown"}
    late = [pytest.mark.slow] if encoded or printed else []
    return pytest.param(cell, name, id=f"{cell.kind}-{cell.format}-{name}", marks=late)


@cache
def photograph() -> bytes:
    """A picture with something to see through, and something to tell about itself."""
    picture = Image.effect_noise((400, 250), 60).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize((400, 250)))
    told, written = Image.Exif(), io.BytesIO()
    told[0x010F] = "Longshore"
    picture.save(written, "WEBP", exif=told, xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>", lossless=True)
    return written.getvalue()


def source(kind: str, folder: Path) -> Path:
    path = folder / "source"
    path.write_bytes(photograph() if kind == "image" else SOURCES[kind].encode())
    return path


@cache
def known() -> dict[tuple[str, str, str], bytes]:
    return {}


def usually(cell: Cell, beside: str, folder: Path) -> bytes:
    key = (cell.kind, cell.format, beside)
    if key not in known():
        known()[key], _ = run(cell, source(cell.kind, folder), folder / "usual", **json.loads(beside))
    return known()[key]


@pytest.mark.parametrize(
    ("cell", "name"), [case(cell, name) for cell in cells() for name in sorted(accepted(cell.kind, cell.format))]
)
def test_an_accepted_setting_changes_the_file(cell: Cell, name: str, tmp_path: Path) -> None:
    beside, changed = change(cell.format, name)
    path = source(cell.kind, tmp_path)
    usual = usually(cell, json.dumps(beside), tmp_path)
    other, warnings = run(cell, path, tmp_path / "other", **beside | changed)
    assert other != usual
    assert not any("passed over" in warning for warning in warnings)
    accept.checked_settings(cell.format, beside | changed, kind=cell.kind)


@pytest.mark.parametrize("cell", cells(), ids=lambda cell: f"{cell.kind}-{cell.format}")
def test_every_other_setting_is_refused_by_its_name(cell: Cell) -> None:
    assert set(schema(cell.kind, cell.format)["properties"]) == accepted(cell.kind, cell.format)
    for name in {name for model in SETTINGS.values() for name in model.model_fields} - accepted(cell.kind, cell.format):
        beside, changed = change(cell.format, name)
        with pytest.raises(Invalid) as refused:
            accept.checked_settings(cell.format, beside | changed, kind=cell.kind)
        blamed = {f"settings.{one}" for one in beside | changed} - {
            f"settings.{one}" for one in accepted(cell.kind, cell.format)
        }
        assert refused.value.field in blamed, name
    for name in WHOLE.keys() & SETTINGS[cell.format].model_fields.keys():
        accept.checked_settings(cell.format, {name: WHOLE[name]}, kind=cell.kind)


@pytest.mark.parametrize("name", ["orientation", "margin_mm", "margin_left_mm", "header", "footer", "date"])
@pytest.mark.parametrize("kind", ["svg", "image", "graphviz"])
def test_a_page_as_large_as_its_drawing_takes_no_paper_settings(kind: str, name: str) -> None:
    beside, changed = CHANGES[name]
    given = (beside | changed).items() - PAPER.items()
    with pytest.raises(Invalid) as refused:
        accept.checked_settings("pdf", dict(given), kind=kind)
    assert "page_size" in refused.value.message


def test_a_date_that_stands_nowhere_is_refused() -> None:
    with pytest.raises(Invalid, match=r"only where \{date\}") as refused:
        accept.checked_settings("pdf", {"date": "May"}, kind="markdown")
    assert refused.value.field == "settings.date"


def test_a_setting_of_an_older_order_is_passed_over_and_told(tmp_path: Path) -> None:
    (cell,) = (one for one in cells() if (one.kind, one.format) == ("canvas", "md"))
    plain, _ = run(cell, source("canvas", tmp_path), tmp_path / "plain")
    content, warnings = run(cell, source("canvas", tmp_path), tmp_path / "out", theme="dark")
    assert content == plain
    assert any("theme was passed over" in warning for warning in warnings)
