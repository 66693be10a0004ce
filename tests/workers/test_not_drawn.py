"""What of a document is not drawn stands in the report, each thing by its id, its type and its name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workers.convert import convert

FAR = "https://pictures.invalid/a.png"
BOX = {"x": 0, "y": 0, "width": 40, "height": 30}
CANVAS = {
    "shapes": [
        {"id": "a", "type": "rectangle", **BOX},
        {"id": "b", "type": "hologram", "name": "Lobby", **BOX},
        {"id": "c", "type": "image", "src": FAR, "alt": "Quay", **BOX},
    ],
    "connections": [{"id": "d", "from": "a", "to": "nowhere"}],
}
PAGE = {"page:p": {"id": "page:p", "typeName": "page", "name": "P"}}
PLACE = {"typeName": "shape", "parentId": "page:p", "index": "a1", "x": 0, "y": 0}
STORE = {
    "store": PAGE
    | {
        "shape:a": {**PLACE, "id": "shape:a", "type": "geo", "props": {"geo": "rectangle", "w": 9, "h": 9}},
        "shape:b": {**PLACE, "id": "shape:b", "type": "hologram", "props": {}},
        "shape:c": {**PLACE, "id": "shape:c", "type": "embed", "props": {"url": "https://a.invalid", "w": 9, "h": 9}},
    }
}
EXCALIDRAW = {
    "type": "excalidraw",
    "elements": [
        {"id": "a", "type": "rectangle", **BOX},
        {"id": "b", "type": "hologram", **BOX},
        {"id": "c", "type": "image", "fileId": "f", **BOX},
        {"id": "d", "type": "embeddable", "link": "https://a.invalid", **BOX},
    ],
}
FIGURE = {
    "data": [{"type": "bar", "y": [1, 2]}, {"type": "scatter", "name": "Tide"}],
    "layout": {"images": [{"name": "logo", "source": FAR, "x": 0, "y": 1, "sizex": 0.2, "sizey": 0.2}]},
}
CHART = {
    "data": {"values": [{"u": FAR}]},
    "mark": {"type": "image", "width": 40, "height": 40},
    "encoding": {"url": {"field": "u"}},
}
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="9" height="9"/>'
    f'<image id="a" href="{FAR}" width="9" height="9"/><script id="b">1</script></svg>'
)
HTML = f'<p>Harbour</p><img id="a" alt="Quay" src="{FAR}"><script>1</script>'
NOWHERE = "nothing is loaded while drawing"


def lacking(kind: str, content: Any, form: str, folder: Path) -> dict[str, list[Any]]:
    source, out = folder / "source", folder / "out"
    source.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    out.mkdir()
    _, render = convert(source, kind, form, title="T", given={}, folder=out, seconds=60)
    assert render.warnings
    told = render.not_drawn
    assert json.loads(json.dumps(told)) == told
    return {group: [{**one, "why": bool(one["why"])} for one in listed] for group, listed in told.items()}


def entry(name: str = "", *, id: str = "", type: str = "") -> dict[str, Any]:  # noqa: A002 - the report's own words
    return {key: value for key, value in {"id": id, "type": type, "name": name}.items() if value} | {"why": True}


@pytest.mark.parametrize(
    ("kind", "content", "form", "told"),
    [
        (
            "canvas",
            CANVAS,
            "svg",
            {
                "shapes": [entry("Lobby", id="b", type="hologram")],
                "pictures": [entry("Quay", id="c", type="image")],
                "connections": [entry(id="d")],
            },
        ),
        (
            "tldraw",
            STORE,
            "svg",
            {
                "shapes": [
                    entry(id="shape:b", type="hologram"),
                    entry("https://a.invalid", id="shape:c", type="embed"),
                ]
            },
        ),
        (
            "plotly",
            {"data": [{"type": "bar", "y": [1]}, {"type": "choropleth", "name": "Tide"}]},
            "csv",
            {"traces": [entry("Tide", id="1", type="choropleth")]},
        ),
        (
            "plotly",
            FIGURE,
            "html",
            {
                "traces": [entry("Tide", id="1", type="scatter")],
                "pictures": [entry(FAR, id="logo", type="layout.images")],
            },
        ),
        (
            "svg",
            SVG,
            "svg",
            {"pictures": [entry(FAR, id="a", type="image")], "parts": [entry(id="b", type="<script>")]},
        ),
        (
            "html",
            HTML,
            "html",
            {"pictures": [entry(FAR, id="a", type="img")], "parts": [entry(type="scripts")]},
        ),
    ],
)
def test_what_is_not_drawn_is_told_one_by_one(
    kind: str, content: Any, form: str, told: dict[str, Any], tmp_path: Path
) -> None:
    assert lacking(kind, content, form, tmp_path) == told


@pytest.mark.browser
@pytest.mark.parametrize(
    ("kind", "content", "told"),
    [
        (
            "excalidraw",
            EXCALIDRAW,
            {
                "shapes": [
                    entry(id="b", type="hologram"),
                    entry("https://a.invalid", id="d", type="embeddable"),
                ],
                "pictures": [entry("f", id="c", type="image")],
            },
        ),
        ("vega", CHART, {"pictures": [entry(FAR, type="image")]}),
        ("graphviz", 'digraph { a [image="quay.png"] }', {"pictures": [entry("quay.png", type="image")]}),
    ],
)
def test_what_an_engine_cannot_draw_is_told_one_by_one(
    kind: str, content: Any, told: dict[str, Any], tmp_path: Path
) -> None:
    assert lacking(kind, content, "svg", tmp_path) == told


def test_a_long_list_ends_while_the_warning_counts_all(tmp_path: Path) -> None:
    shapes = [{"id": f"n{number}", "type": "hologram", **BOX} for number in range(250)]
    assert len(lacking("canvas", {"shapes": shapes}, "svg", tmp_path)["shapes"]) == 100
