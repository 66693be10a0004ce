"""Canvases that ask for more time, memory or pixels than anybody has."""

# ruff: noqa: E501 - one bomb a line

from __future__ import annotations

import json
from typing import Any

from tests.contracts.hostile.bombs_pictures import as_picture, flat_png
from tests.contracts.hostile.ways import DEEP, Bombs


def canvas() -> Bombs:
    box: dict[str, Any] = {"type": "rectangle", "x": 0, "y": 0, "width": 9, "height": 9}
    nested: dict[str, Any] = dict(box)
    for _ in range(90):
        nested = box | {"type": "group", "children": [nested, box]}
    documents: dict[str, Any] = {
        "many": {"shapes": [box | {"id": str(n), "x": n} for n in range(100_000)]},
        "far": {"shapes": [box | {"x": -1e308}, box | {"x": 1e308, "width": 1e308}]},
        "edge": {"shapes": [box | {"x": -999_999}, box | {"x": 999_999, "y": 999_999}]},
        "points": {"shapes": [{"type": "draw", "points": [[n % 999, n % 777] for n in range(500_000)]}]},
        "text": {"shapes": [box | {"text": "W世 " * 300_000}]},
        "word": {"shapes": [box | {"text": "W" * 500_000}]},
        "font": {"shapes": [box | {"text": "x", "fontSize": 1e9}]},
        "nested": {"shapes": [nested]},
        "parents": {"shapes": [box | {"id": str(n), "parentId": str((n + 1) % 5000)} for n in range(5000)]},
        "links": {"shapes": [box | {"id": "a"}, box | {"id": "b", "x": 99}],
                  "connections": [{"from": "a", "to": "b", "label": "x"}] * 20_000},
        "groups": {"shapes": [box | {"id": "a"}], "groups": [{"id": str(n), "name": "x", "members": [str(n + 1), "a"]}
                                                              for n in range(5000)]},
        "picture": {"shapes": [{"type": "image", "src": as_picture(flat_png(30_000, 30_000)), "width": 9, "height": 9}] * 50},
    }  # fmt: skip
    bombs: dict[str, str | bytes] = {name: json.dumps(one) for name, one in documents.items()}
    return bombs | {
        "deep": '{"shapes": ' + "[" * DEEP + "]" * DEEP + "}",
        "quoted": json.dumps(json.dumps(json.dumps("[" * DEEP))),
    }


def tldraw() -> Bombs:
    page = {"id": "page:p", "typeName": "page", "name": "", "index": "a1"}
    shape = {"typeName": "shape", "parentId": "page:p", "index": "a1", "x": 0, "y": 0, "rotation": 0, "opacity": 1}

    def store(*shapes: dict[str, Any]) -> str:
        records = [page, *(shape | {"id": f"shape:{n}"} | one for n, one in enumerate(shapes))]
        return json.dumps({"store": {str(one["id"]): one for one in records}, "schema": {"schemaVersion": 2}})

    geo = {"type": "geo", "props": {"geo": "cloud", "w": 99, "h": 99}}
    points = [{"x": n % 999, "y": n % 777, "z": 0.5} for n in range(300_000)]
    return {
        "many": store(*([geo] * 50_000)),
        "cloud": store({"type": "geo", "props": {"geo": "cloud", "w": 999_999, "h": 999_999, "dash": "draw"}}),
        "ink": store({"type": "draw", "props": {"segments": [{"type": "free", "points": points}], "size": "xl"}}),
        "line": store(
            {"type": "line", "props": {"points": {str(n): {"x": n, "y": n} for n in range(100_000)}, "spline": "cubic"}}
        ),
        "self": store({"type": "frame", "id": "shape:f", "parentId": "shape:f", "props": {"w": 9, "h": 9}}, geo),
        "scale": store(
            {"type": "geo", "props": {"w": 9, "h": 9, "scale": 1e9, "growY": 1e9, "richText": {"type": "doc"}}}
        ),
        "pages": json.dumps({"store": {f"page:{n}": page | {"id": f"page:{n}"} for n in range(50_000)}, "schema": {}}),
    }


def excalidraw() -> Bombs:
    base: dict[str, Any] = {
        "x": 0, "y": 0, "width": 90, "height": 90, "angle": 0, "strokeColor": "#000", "backgroundColor": "#f00",
        "fillStyle": "cross-hatch", "strokeWidth": 1, "strokeStyle": "solid", "roughness": 1, "opacity": 100, "seed": 1,
        "groupIds": [], "isDeleted": False, "type": "rectangle",
    }  # fmt: skip

    def drawing(*elements: dict[str, Any]) -> str:
        numbered = [base | {"id": str(n)} | one for n, one in enumerate(elements)]
        return json.dumps({"type": "excalidraw", "version": 2, "elements": numbered, "files": {}, "appState": {}})

    text = {"type": "text", "fontSize": 20, "fontFamily": 1, "textAlign": "left", "lineHeight": 1.25}
    points = [[n % 999, n % 777] for n in range(300_000)]
    return {
        "many": drawing(*([{}] * 50_000)),
        "huge": drawing({"width": 1e9, "height": 1e9}),
        "rough": drawing({"roughness": 1e9, "strokeWidth": 1e-9, "width": 5000, "height": 5000}),
        "hatch": drawing({"strokeWidth": 0.0001, "width": 99_999, "height": 99_999}),
        "ink": drawing({"type": "freedraw", "points": points, "pressures": [0.5] * len(points)}),
        "arrow": drawing({"type": "arrow", "points": points, "roundness": {"type": 2}, "startArrowhead": "arrow"}),
        "text": drawing(text | {"text": "W世 " * 200_000, "originalText": "x"}),
        "font": drawing(text | {"text": "x", "fontSize": 1e9}),
        "groups": drawing({"groupIds": [str(n) for n in range(50_000)]}),
        "frames": drawing(*({"type": "frame", "frameId": str(n + 1), "id": str(n)} for n in range(3000))),
        "nan": drawing({"x": 1e308, "width": -1e308}),
        "deep": '{"type": "excalidraw", "elements": ' + "[" * DEEP + "]" * DEEP + "}",
    }
