"""Canvases that try every way out."""

from __future__ import annotations

import json
from typing import Any

from tests.contracts.hostile.inside import drawings
from tests.contracts.hostile.trap import Trap
from tests.contracts.hostile.ways import Documents

PAINTS = ("fill", "stroke", "background", "backgroundColor", "color", "fontColor", "borderColor", "dash", "strokeStyle")
FONTS = ("fontFamily", "font", "font_family", "textAlign")
ADDRESSES = (
    "link",
    "href",
    "url",
    "src",
    "data",
    "dataURL",
    "image",
    "icon",
    "avatar",
    "thumbnail",
    "background_image",
)
TEXTS = ("text", "label", "name", "title", "html", "content", "alt", "description")
ELSEWHERE = ("embed", "bookmark", "video", "iframe", "webview", "audio", "pdf", "html", "component")


def canvas(trap: Trap) -> Documents:
    at = trap.at
    size = {"x": 0, "y": 0, "width": 90, "height": 90}
    box = size | {"type": "rectangle"}
    markup = f"<img src='{at}/i'></text><image href='{trap.picture.as_uri()}' width='9' height='9'/><script>x</script>"
    sources = trap.pictures | drawings(trap)
    shapes: dict[str, dict[str, Any]] = {name: size | {"type": "image", "src": url} for name, url in sources.items()}
    shapes |= {f"image-{name}": size | {"type": "image", name: f"{at}/image-{name}"} for name in ADDRESSES}
    shapes |= {f"box-{name}": box | {name: f"{at}/box-{name}"} for name in ADDRESSES}
    shapes |= {f"paint-{name}": box | {name: f"url({at}/paint-{name})"} for name in PAINTS}
    shapes |= {f"font-{name}": box | {"text": "x", name: f"x;src:url({at}/font-{name})"} for name in FONTS}
    shapes |= {f"text-{name}": box | {name: f"{markup}<img src={at}/text-{name}>"} for name in TEXTS}
    shapes |= {name: size | {"type": name, "url": f"{at}/{name}", "src": f"{at}/{name}-src"} for name in ELSEWHERE}
    shapes |= {
        "script": box | {"link": f"javascript:fetch('{at}/script')"},
        "file": size | {"type": "video", "src": trap.text.as_uri()},
        "quote": size | {"type": "text", "id": f"x\" onload=\"fetch('{at}/quote')", "text": "<svg onload=alert(1)>"},
        "style": box | {"style": {"fill": f"url({at}/style)", "backgroundImage": f"url({at}/style-image)"}},
        "frame": size | {"type": "frame", "name": markup, "background": f"url({at}/frame)"},
        "note": size | {"type": "note", "text": markup, "color": f"url({at}/note)"},
        "line": {"type": "arrow", "points": [[0, 0], [90, 90]], "stroke": f"url({at}/line)", "label": markup},
    }
    named = [{"id": name} | shape for name, shape in shapes.items()]
    whole = {
        "title": markup,
        "background": f"url({at}/ground)",
        "backgroundImage": f"{at}/ground-image",
        "shapes": named,
        "connections": [
            {"from": "note", "to": "frame", "label": markup, "stroke": f"url({at}/link)", "url": f"{at}/go"}
        ],
        "groups": [{"id": "g", "name": markup, "members": ["note"], "color": f"url({at}/group)"}],
    }
    each = {str(shape["id"])[:30]: {"shapes": [shape]} for shape in named}
    return {name: json.dumps(one) for name, one in ({"everything": whole} | each).items()}
