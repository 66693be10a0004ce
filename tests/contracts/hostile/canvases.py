"""Canvases of every editor that try every way out."""

from __future__ import annotations

import json
from typing import Any

from tests.contracts.hostile.trap import Trap
from tests.contracts.hostile.ways import SVG, Documents, as_data


def canvas(trap: Trap) -> Documents:
    at = trap.at
    text = f"<img src='{at}/i'></text><image href='{trap.picture.as_uri()}' width='90' height='90'/><script>x</script>"
    shapes: list[dict[str, Any]] = [
        {"id": f"i{name}", "type": "image", "src": url, "x": 0, "y": 0, "width": 90, "height": 90}
        for name, url in trap.pictures.items()
    ]
    shapes += [
        {"id": "svg", "type": "image", "src": as_data(f"<svg {SVG}><image href='{at}/nested'/></svg>"), "width": 90},
        {
            "id": "r",
            "type": "rectangle",
            "fill": f"url({at}/fill)",
            "stroke": f"url({at}/stroke)",
            "text": text,
            "fontFamily": f"x;src:url({at}/f)",
            "width": 90,
            "height": 90,
            "link": f"javascript:fetch('{at}/l')",
        },
        {"id": "e", "type": "embed", "url": f"{at}/embed", "width": 90, "height": 90},
        {"id": "b", "type": "bookmark", "url": f"{at}/bookmark", "width": 90, "height": 90},
        {"id": "v", "type": "video", "src": trap.text.as_uri(), "width": 90, "height": 90},
        {"id": "x\" onload=\"fetch('x')", "type": "text", "text": "<svg onload=alert(1)>", "width": 90, "height": 90},
    ]
    each = {str(shape["id"])[:9]: {"shapes": [shape]} for shape in shapes}
    everything = {"title": text, "shapes": shapes, "connections": [{"from": "r", "to": "e", "label": text}]}
    return {name: json.dumps(one) for name, one in ({"everything": everything} | each).items()}


def tldraw(trap: Trap) -> Documents:
    at = trap.at
    page = {"id": "page:p", "typeName": "page", "name": "<script>x</script>", "index": "a1"}
    records: dict[str, Any] = {"page:p": page}

    def shape(name: str, kind: str, **props: Any) -> None:
        records[f"shape:{name}"] = {
            "id": f"shape:{name}",
            "typeName": "shape",
            "type": kind,
            "parentId": "page:p",
            "index": f"a{len(records)}",
            "x": 0,
            "y": 0,
            "rotation": 0,
            "opacity": 1,
            "props": {"w": 90, "h": 90} | props,
        }

    for name, url in trap.pictures.items():
        asset = {"src": url, "w": 90, "h": 90, "mimeType": "image/png"}
        records[f"asset:{name}"] = {"id": f"asset:{name}", "typeName": "asset", "type": "image", "props": asset}
        shape(name, "image", assetId=f"asset:{name}")
        shape(f"{name}-direct", "image", url=url)
    shape("embed", "embed", url=f"{at}/embed")
    shape("bookmark", "bookmark", url=f"{at}/bookmark")
    shape("video", "video", url=trap.text.as_uri())
    shape(
        "geo",
        "geo",
        geo="rectangle",
        text=f"<image href='{at}/t'/>",
        color=f"url({at}/c)",
        font=f"url({at}/f)",
        url=f"javascript:fetch('{at}')",
    )
    store = {"store": records, "schema": {"schemaVersion": 2, "sequences": {}}}
    file = {"tldrawFileFormatVersion": 1, "records": list(records.values()), "schema": store["schema"]}
    return {"everything": json.dumps(store), "file": json.dumps(file)}


def excalidraw(trap: Trap) -> Documents:
    at = trap.at
    base = {
        "x": 0,
        "y": 0,
        "width": 90,
        "height": 90,
        "angle": 0,
        "strokeColor": "#000",
        "backgroundColor": "#fff",
        "fillStyle": "solid",
        "strokeWidth": 1,
        "strokeStyle": "solid",
        "roughness": 0,
        "opacity": 100,
        "seed": 1,
        "version": 1,
        "versionNonce": 1,
        "isDeleted": False,
        "groupIds": [],
        "boundElements": None,
    }
    inner = f"<svg {SVG}><image href='{trap.picture.as_uri()}'/><script>fetch('{at}/s')</script></svg>"
    web = inner.replace(trap.picture.as_uri(), f"{at}/in")
    sources = trap.pictures | {"svg": as_data(inner), "svg-http": as_data(web)}
    files = {name: {"id": name, "mimeType": "image/png", "dataURL": url, "created": 1} for name, url in sources.items()}
    elements: list[dict[str, Any]] = [
        base | {"id": name, "type": "image", "fileId": name, "status": "saved", "scale": [1, 1]} for name in sources
    ]
    elements += [
        base
        | {
            "id": "t",
            "type": "text",
            "text": f"<img src='{at}/t'>",
            "originalText": "x",
            "fontSize": 20,
            "fontFamily": 1,
            "textAlign": "left",
            "verticalAlign": "top",
            "containerId": None,
            "lineHeight": 1.25,
        },
        base
        | {
            "id": "r",
            "type": "rectangle",
            "link": f"javascript:fetch('{at}/l')",
            "strokeColor": f"url({at}/c)",
            "backgroundColor": f"url({at}/b)",
        },
        base | {"id": "e", "type": "embeddable", "link": f"{at}/embed", "validated": True},
        base
        | {
            "id": "i",
            "type": "iframe",
            "link": f"{at}/frame",
            "customData": {
                "generationData": {"status": "done", "html": f"<img src='{at}/gen'><script>fetch('{at}/gens')</script>"}
            },
        },
        base | {"id": "f", "type": "frame", "name": f"<image href='{at}/frame'/>"},
        base | {"id": "m", "type": "magicframe", "name": "x"},
    ]

    def document(some: list[dict[str, Any]]) -> str:
        state = {"viewBackgroundColor": f"url({at}/ground)", "exportEmbedScene": True}
        return json.dumps({"type": "excalidraw", "version": 2, "elements": some, "files": files, "appState": state})

    return {"everything": document(elements)} | {str(one["id"]): document([one]) for one in elements}
