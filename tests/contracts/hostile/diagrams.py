"""Diagrams of Mermaid and charts of Plotly that try every way out."""

from __future__ import annotations

import json
from typing import Any

from tests.contracts.hostile.inside import drawings
from tests.contracts.hostile.markup import html_parts
from tests.contracts.hostile.trap import Trap
from tests.contracts.hostile.ways import Documents


def mermaid(trap: Trap) -> Documents:
    at, file = trap.at, trap.picture.as_uri()
    css = f"@import url({at}/i); @font-face {{ font-family: c; src: url({at}/f) }} .node {{ fill: url({at}/x) }}"
    start = {"themeCSS": css, "fontFamily": f"x;src:url({at}/ff)", "securityLevel": "loose", "htmlLabels": True}
    variables = {"primaryColor": f"url({at}/colour)", "fontFamily": f"a}} @import url({at}/v);"}
    attack = f"<img src='{at}/i' onerror=fetch('{at}/e')><iframe src='{file}'></iframe><script>fetch('{at}/s')</script>"
    flow = 'flowchart LR\n  A["%s"] --> B\n'
    parts = {
        "label": flow % attack.replace('"', "'"),
        "html": flow % " ".join("".join(html_parts(trap).values()).replace('"', "'").split()),
        "init": f"%%{{init: {json.dumps(start)}}}%%\n{flow % 'x'}",
        "front": f"---\nconfig:\n  securityLevel: loose\n  themeCSS: '{css}'\n  dompurifyConfig: {{ADD_TAGS: [iframe]}}"
        f"\n---\n{flow % attack}",
        "variables": f"%%{{init: {json.dumps({'theme': 'base', 'themeVariables': variables})}}}%%\n{flow % 'x'}",
        "click": f'{flow % "x"}  click A href "{at}/click"\n  click B call fetch("{at}/call")\n',
        "javascript": f"{flow % 'x'}  click A \"javascript:fetch('{at}/js')\"\n",
        "style": f"{flow % 'x'}  style A fill:url({at}/fill),background:url({file})\n  classDef c fill:url({at}/cls)\n"
        "  class B c\n",
        "picture": f'flowchart LR\n  A@{{ img: "{at}/img.png", label: "x", w: 60, h: 60 }}\n  A --> B\n',
        "picture-file": f'flowchart LR\n  A@{{ img: "{file}", label: "x", w: 60, h: 60 }}\n  A --> B\n',
        "icon": f'flowchart LR\n  A@{{ icon: "{at}:x", label: "x" }}\n  A --> B\n',
        "c4": f'C4Context\n  Person(a, "A", "x", $sprite="{at}/sprite", $link="{at}/link")\n  Person(b, "B")\n',
        "sequence": f'sequenceDiagram\n  participant A\n  link A: x @ {at}/link\n  links A: {{"x": "{at}/links"}}\n  '
        f"A->>B: {attack} $$x^2 \\href{{{at}/k}}{{x}}$$\n",
        "class": f'classDiagram\n  class A\n  link A "{at}/link"\n  callback A "fetch"\n  class A["{attack}"]\n',
        "architecture": f"architecture-beta\n  service a({at}/i)[x]\n",
        "markdown": f'flowchart LR\n  A["`![x]({at}/md) **x**`"] --> B\n',
        "gantt": f'gantt\n  section x\n  a :a1, 2020-01-01, 3d\n  click a1 href "{at}/gantt"\n',
    }
    return {"everything": parts["front"] + "  A --> C\n" + parts["click"].partition("\n")[2]} | parts


def plotly(trap: Trap) -> Documents:
    at, file = trap.at, trap.picture.as_uri()
    trace: dict[str, Any] = {"type": "scatter", "x": [1, 2], "y": [1, 2]}
    text = f"<a href='{at}/a' target='x'>x</a><a href=\"javascript:fetch('{at}/js')\">y</a><img src='{at}/i'>"
    text += f"<span style='background:url({at}/s);fill:url({at}/f)'>z</span><script>fetch('{at}/x')</script>"
    every = "".join(html_parts(trap).values())
    layouts: dict[str, Any] = {
        f"image-{name}": {"images": [{"source": url, "sizex": 1, "sizey": 1, "xref": "paper", "yref": "paper", "y": 1}]}
        for name, url in trap.pictures.items()
    }
    layouts |= {
        f"image-{name}": {"images": [{"source": url, "sizex": 1, "sizey": 1, "y": 1}]}
        for name, url in drawings(trap).items()
    }
    layouts |= {
        "text": {"title": {"text": text}, "annotations": [{"text": text, "x": 1, "y": 1, "hovertext": text}]},
        "html": {"title": {"text": every}, "annotations": [{"text": every, "x": 1, "y": 1}]},
        "font": {"font": {"family": f"a;src:url({at}/f)", "color": f"url({at}/c)"}, "paper_bgcolor": f"url({at}/bg)"},
        "template": {"template": {"layout": {"images": [{"source": file}], "mapbox": {"style": f"{at}/style"}}}},
    }
    figures: dict[str, Any] = {name: {"data": [trace], "layout": layout} for name, layout in layouts.items()}
    figures |= {
        "trace-text": {"data": [trace | {"text": [text, text], "mode": "text", "name": text, "hovertemplate": text}]},
        "trace-image": {"data": [{"type": "image", "source": file}, {"type": "image", "source": f"{at}/image"}]},
        "pattern": {
            "data": [
                {
                    "type": "bar",
                    "y": [1],
                    "marker": {"pattern": {"shape": f"url({at}/p)", "path": f"{at}"}, "color": f"url({at}/c)"},
                }
            ]
        },
        "geo": {
            "data": [{"type": "choropleth", "locations": ["a"], "z": [1], "geojson": f"{at}/geo.json"}],
            "layout": {"geo": {"scope": "../../x"}},
        },
        "topojson": {
            "data": [{"type": "scattergeo", "lon": [1], "lat": [1]}],
            "config": {
                "topojsonURL": f"{at}/topo/",
                "plotlyServerURL": at,
                "showLink": True,
                "mapboxAccessToken": "pk.x",
                "setBackground": "transparent",
            },
        },
        "map": {
            "data": [{"type": "scattermap", "lon": [1], "lat": [1]}],
            "layout": {
                "map": {
                    "style": f"{at}/style.json",
                    "layers": [
                        {"source": f"{at}/layer.json", "type": "fill"},
                        {"sourcetype": "raster", "source": [f"{at}/{{z}}/{{x}}/{{y}}.png"]},
                        {"sourcetype": "image", "source": file, "coordinates": [[0, 1], [1, 1], [1, 0], [0, 0]]},
                    ],
                }
            },
        },
        "mapbox": {
            "data": [{"type": "scattermapbox", "lon": [1], "lat": [1]}],
            "layout": {"mapbox": {"style": f"{at}/mapbox", "accesstoken": "x"}},
        },
        "table": {"data": [{"type": "table", "header": {"values": [text]}, "cells": {"values": [[text]]}}]},
        "frames": {"data": [trace], "frames": [{"data": [trace], "layout": {"images": [{"source": f"{at}/frame"}]}}]},
        "proto": {"data": [trace], "layout": {"__proto__": {"images": [{"source": file}]}, "constructor": {"x": at}}},
        "sankey": {
            "data": [
                {"type": "sankey", "node": {"label": [text, "b"]}, "link": {"source": [0], "target": [1], "value": [1]}}
            ]
        },
    }
    everything = {
        "data": [one for name in ("trace-text", "pattern", "table") for one in figures[name]["data"]],
        "layout": {"images": [one for name, layout in layouts.items() for one in layout.get("images", [])]}
        | layouts["text"]
        | layouts["font"],
        "config": figures["topojson"]["config"],
    }
    return {name: json.dumps(figure) for name, figure in ({"everything": everything} | figures).items()}
