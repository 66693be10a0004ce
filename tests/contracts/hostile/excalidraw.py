"""Drawings of Excalidraw that try every way out."""

from __future__ import annotations

import json
from typing import Any

from tests.contracts.hostile.inside import drawings
from tests.contracts.hostile.trap import Trap
from tests.contracts.hostile.ways import Documents, as_data

BASE: dict[str, Any] = {
    "x": 0, "y": 0, "width": 90, "height": 90, "angle": 0, "strokeColor": "#000", "backgroundColor": "#fff",
    "fillStyle": "solid", "strokeWidth": 1, "strokeStyle": "solid", "roughness": 0, "opacity": 100, "seed": 1,
    "version": 1, "versionNonce": 1, "isDeleted": False, "groupIds": [], "boundElements": None,
}  # fmt: skip
TEXT = {
    "type": "text", "fontSize": 20, "fontFamily": 1, "textAlign": "left", "verticalAlign": "top", "containerId": None,
    "lineHeight": 1.25, "text": "x", "originalText": "x",
}  # fmt: skip
KINDS = ("rectangle", "diamond", "ellipse", "line", "arrow", "freedraw", "frame", "magicframe", "embeddable", "iframe")
LOOKS = ("strokeColor", "backgroundColor", "fillStyle", "strokeStyle", "customData")
STATE = ("viewBackgroundColor", "currentItemFontFamily", "gridColor", "theme", "fontUrl", "exportBackground")


def excalidraw(trap: Trap) -> Documents:
    at = trap.at
    points = {"points": [[0, 0], [90, 90]]}
    sources = trap.pictures | drawings(trap) | {"page": as_data(f"<img src='{at}/page'>", "text/html")}
    files = {name: {"id": name, "mimeType": "image/png", "dataURL": url, "created": 1} for name, url in sources.items()}
    elements: dict[str, dict[str, Any]] = {
        name: {"type": "image", "fileId": name, "status": "saved", "scale": [1, 1]} for name in sources
    }
    elements |= {f"link-{kind}": points | {"type": kind, "link": f"{at}/link-{kind}"} for kind in KINDS}
    elements |= {f"look-{look}": {"type": "rectangle", look: f"url({at}/look-{look})"} for look in LOOKS}
    made = {"status": "done", "html": f"<img src='{at}/made'><script>fetch('{at}/made-script')</script>"}
    elements |= {
        "text": TEXT | {"text": f"<img src='{at}/text'>", "originalText": f"<img src='{at}/original'>"},
        "text-paint": TEXT | {"strokeColor": f"url({at}/text-paint)"},
        "script": {"type": "rectangle", "link": f"javascript:fetch('{at}/script')"},
        "file": {"type": "rectangle", "link": trap.text.as_uri()},
        "embeddable": {"type": "embeddable", "link": f"{at}/embed", "validated": True},
        "iframe": {"type": "iframe", "link": f"{at}/frame", "customData": {"generationData": made}},
        "frame": {"type": "frame", "name": f"<image href='{at}/frame-name'/>"},
        "magicframe": {"type": "magicframe", "name": f"</text><image href='{at}/magic'/>"},
        "font": TEXT | {"text": "x", "customData": {"fontFamily": f"x;src:url({at}/font)"}},
        "head": points | {"type": "arrow", "endArrowhead": f"url({at}/head)"},
    }
    state = {name: f"url({at}/state-{name})" for name in STATE} | {"exportEmbedScene": True}

    def document(some: dict[str, dict[str, Any]]) -> str:
        listed = [BASE | {"id": name} | one for name, one in some.items()]
        whole = {"type": "excalidraw", "version": 2, "source": f"{at}/source", "elements": listed, "files": files}
        return json.dumps(whole | {"appState": state})

    return {"everything": document(elements)} | {name: document({name: one}) for name, one in elements.items()}
