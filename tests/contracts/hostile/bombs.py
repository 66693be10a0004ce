"""Small documents that ask for more time, memory or pixels than anybody has."""

# ruff: noqa: E501, Q000, Q003 - one bomb a line

from __future__ import annotations

import base64
import io
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

from PIL import Image

from tests.contracts.hostile.ways import SVG, as_data

Bombs = dict[str, str | bytes]
DEEP = 100_000


def _doubling(levels: int, element: str) -> str:
    """Each level refers ten times to the one below it."""
    parts = ['<g id="l0"><rect width="9" height="9"/></g>']
    parts += [f'<g id="l{level}">' + f'<use href="#l{level - 1}"/>' * 10 + "</g>" for level in range(1, levels)]
    return f"<defs>{''.join(parts)}</defs>{element.replace('#l', f'#l{levels - 1}')}"


def _nested(name: str, levels: int) -> str:
    """Patterns (or masks, or filters' pictures) that paint with each other."""
    parts = []
    for level in range(levels):
        paint = f'fill="url(#p{level - 1})"' if level else 'fill="red"'
        use = f'mask="url(#p{level - 1})"' if name == "mask" and level else paint
        rects = f'<rect width="50" height="50" {use}/>' * 8
        parts.append(f'<{name} id="p{level}" width="60" height="60" patternUnits="userSpaceOnUse">{rects}</{name}>')
    last = f'mask="url(#p{levels - 1})"' if name == "mask" else f'fill="url(#p{levels - 1})"'
    return f'<defs>{"".join(parts)}</defs><rect width="200" height="200" {last}/>'


def svg() -> Bombs:
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    box = '<rect width="200" height="200" {}/>'
    stop, span = '<stop offset="0.5"/>', '<tspan dx="1">x</tspan>'
    filters = {
        "blur": '<feGaussianBlur stdDeviation="1e6"/>' * 20,
        "morphology": '<feMorphology radius="99999"/>' * 5,
        "turbulence": '<feTurbulence baseFrequency="9" numOctaves="999999"/>' * 20,
        "convolve": f'<feConvolveMatrix order="999" kernelMatrix="{"1 " * 998001}"/>',
        "lighting": "<feSpecularLighting><fePointLight/></feSpecularLighting>" * 50,
        "region": '<feOffset dx="1e9"/><feFlood/><feTile/>',
    }
    whole = {
        "uses": _doubling(12, '<use href="#l"/>'),
        "patterns": _nested("pattern", 12),
        "masks": _nested("mask", 12),
        "clips": "".join(f'<clipPath id="c{n}" clip-path="url(#c{n + 1})"><rect width="99" height="99"/></clipPath>' for n in range(5000))
        + box.format('clip-path="url(#c0)"'),
        "self": '<g id="a"><use href="#a"/><use href="#b"/></g><g id="b"><use href="#a"/></g><use href="#a"/>',
        "path": f'<path d="M0 0{"L1 1 9 9" * 250_000}" stroke="red" stroke-width="3"/>',
        "markers": '<marker id="m"><path d="M0 0L9 9" marker-mid="url(#m)"/></marker>'
        f'<path marker-mid="url(#m)" d="M0 0{"L1 1" * 300_000}"/>',
        "dashes": '<path d="M0 0H1e9" stroke="red" stroke-dasharray="1e-6 1e-6"/>',
        "stops": f'<linearGradient id="g">{stop * 99_000}</linearGradient>' + box.format('fill="url(#g)"'),
        "deep": "<g>" * DEEP + box.format("") + "</g>" * DEEP,
        "wide": "<g/>" * 400_000 + box.format(""),
        "text": f'<text y="20">{"WÜ世 " * 400_000}</text>',
        "spans": f'<text y="20">{span * 60_000}</text>',
        "letters": '<text y="20" font-size="1e9" letter-spacing="1e9" textLength="1e12">xyz</text>',
        "css": f"<style>{' '.join(f'* > * > * ~ *:nth-child({n}n) {{ fill: red }}' for n in range(20_000))}</style>"
        + "<g><rect width='1' height='1'/></g>" * 20_000,
        "picture": f'<image width="200" height="200" href="{as_picture(flat_png(20_000, 20_000))}"/>' * 40,
        "frames": f'<image width="200" height="200" href="{as_picture(gif(1, 1, 20_000), "gif")}"/>',
        "russian-doll": f'<image width="9" height="9" href="{as_data(f"<svg {SVG}/>")}"/>' + box.format(""),
        "endless": '<style>@keyframes a { to { x: 9px } } rect { animation: a 1ms infinite }</style>' + box.format(""),
        "foreign": f"<foreignObject width='200' height='200'><div xmlns='http://www.w3.org/1999/xhtml' style='display:grid;"
        f"grid-template-columns:repeat(99999,1px)'>{'<p>x</p>' * 50_000}</div></foreignObject>",
        **{f"filter-{name}": f'<filter id="f" x="-999" y="-999" width="9999" height="9999">{one}</filter>'
           + box.format('filter="url(#f)"') * 20 for name, one in filters.items()},
    }  # fmt: skip
    documents: Bombs = {name: f"<svg {SVG}>{part}</svg>" for name, part in whole.items()}
    head = 'xmlns="http://www.w3.org/2000/svg"'
    return documents | {
        "laughs": f'<!DOCTYPE svg [<!ENTITY l0 "lol">{lol}]><svg {SVG}><text>&l11;</text></svg>',
        "quadratic": f'<!DOCTYPE svg [<!ENTITY a "{"a" * 100_000}">]><svg {SVG}><text>{"&a;" * 50_000}</text></svg>',
        "view": f'<svg {head} viewBox="0 0 1e9 1e9" width="1e9" height="1e9"><rect width="1e9" height="1e9"/></svg>',
        "view-small": f'<svg {head} viewBox="0 0 1e-9 1e-9" width="100" height="100"><circle r="1e9"/></svg>',
        "blends": f'<svg {head} width="4000" height="4000"><style>.b {{ mix-blend-mode: multiply }}</style>'
        + '<g class="b"><path d="M0 0H4000V4000z" fill="red" fill-opacity=".1"/></g>' * 20_000
        + "</svg>",
        "masked": f'<svg {head} width="4000" height="4000"><mask id="m"><rect width="4000" height="4000"/></mask>'
        + '<path d="M0 0H4000V4000z" mask="url(#m)"/>' * 20_000
        + "</svg>",
        "thin": f'<svg {head} width="1e9" height="1e-9"><rect width="9" height="9"/></svg>',
        "nan": f'<svg {head} viewBox="nan inf -1 1e999" width="1e999" height="nan"><rect width="9" height="9"/></svg>',
        "attributes": f"<svg {SVG} {' '.join(f'a{n}={chr(34)}{chr(34)}' for n in range(DEEP))}><rect/></svg>",
        "comments": f"<svg {SVG}>{'<!---->' * 999_999}<rect width='9' height='9'/></svg>",
    }


def html() -> Bombs:
    styles = {
        "tall": "<div style='height:1e9px'>x</div>",
        "wide": "<div style='width:1e9px;height:9px;background:red'>x</div>",
        "grid": "<div style='display:grid;grid-template-columns:repeat(100000,1px)'><p>x</p></div>" * 50,
        "columns": "<div style='column-count:99999;height:1px'>" + "<p>x</p>" * 20_000 + "</div>",
        "pages": "<p style='break-before:page'>x</p>" * 10_000,
        "blur": "<div style='filter:blur(9999px) blur(9999px);width:3000px;height:3000px;background:red'>x</div>" * 50,
        "shadow": f"<p style='text-shadow:{','.join(['0 0 99px red'] * 5000)}'>{'x' * 5000}</p>",
        "gradient": "<p style='background:repeating-conic-gradient(red 0 0.0001%,blue 0 0.0002%);height:5000px'>x</p>" * 20,
        "selectors": f"<style>{' '.join(f'* * * * :not(:nth-child({n}n+1)) {{ color: red }}' for n in range(20_000))}</style>"
        + "<p><b>x</b></p>" * 20_000,
        "has": "<style>:has(:has(p ~ p)) { color: red }</style>" + "<p><b>x</b></p>" * 50_000,
        "variables": "<style>p{--a0:xxxxxxxxxx;" + "".join(f"--a{n}:{f'var(--a{n - 1})' * 10};" for n in range(1, 20))
        + "} p::before{content:var(--a19)}</style><p>x</p>",
        "calc": f"<p style='width:{'calc(' * 9999}1px{')' * 9999}'>x</p>",
        "script": "<p>x</p><script>for(;;);</script><img src=x onerror='for(;;);'><body onload='for(;;);'>",
        "refresh": "<meta http-equiv=refresh content='0'><p>x</p>",
        "counter": "<ol style='list-style:symbols(\"x\" \"y\")'>" + "<li>x" * 100_000 + "</ol>",
        "cells": "<table>" + ("<tr>" + "<td colspan=1000 rowspan=65534>x" * 30) * 100 + "</table>",
        "deep": "<div>" * DEEP + "x",
        "deep-inline": "<b>" * 400 + "<p>" * 50_000 + "x",
        "unclosed": "<a " * 300_000 + "x",
        "entities": "<p>" + "&amp" * 500_000,
        "long": "<p>" + "W" * 3_000_000,
        "words": "<p>" + "世界 W " * 500_000,
        "direction": "<p>" + "\u202e\u202dא" * 200_000,
        "combining": "<p>a" + "\u0301" * 500_000,
        "zoom": "<div style='zoom:9999'>" * 40 + "x",
        "float": "<div style='float:left;width:1px;height:1px;margin:-1px'></div>" * 50_000 + "x",
        "animation": "<style>@keyframes a{to{width:9px}} p{animation:a 1ms infinite}</style>" + "<p>x" * 5000,
        "svg": f"<p>x</p><svg {SVG}>{_doubling(12, '<use href=' + chr(34) + '#l' + chr(34) + '/>')}</svg>",
        "picture": f"<img src='{as_picture(flat_png(10_000, 10_000))}'>" * 60,
        "frames": f"<img src='{as_picture(gif(9, 9, 20_000), 'gif')}'>",
    }  # fmt: skip
    return {name: f"<!doctype html><p>x</p>{part}" for name, part in styles.items()}


def markdown() -> Bombs:
    n = 50_000
    return {
        "brackets": "[" * n + "a" + "]" * n,
        "links": "[a](" * n,
        "pictures": "![" * n,
        "emphasis": "*a **a " * n + "b",
        "underscores": "a_b__c" * n,
        "quotes": "> " * n + "a",
        "lists": "".join(" " * level + "- a\n" for level in range(2000)),
        "ticks": "".join("e" + "`" * level for level in range(2500)),
        "definitions": "".join(f"[{level}]: x\n" for level in range(n)) + "[0] " * n,
        "one-definition": "[a]: x" + "y" * 10_000 + "\n\n" + "[a] " * 20_000,
        "footnotes": "".join(f"[^{level}]: [^{level + 1}]\n" for level in range(20_000)) + "x[^0]",
        "table": "|" * 3000 + "\n" + "|-" * 3000 + "|\n" + ("|" * 3000 + "\n") * 300,
        "autolinks": "www." * n + "a@" * n,
        "html": "<div>" * n + "a",
        "comments": "<!--" * n,
        "declarations": "<!A " * n + "<?a" * n + "<![CDATA[" * n,
        "entities": "&" * n + "&#" * n,
        "front": "---\n" + "a: b\n" * n,
        "alerts": "> [!NOTE]\n" * n,
        "shortcodes": ":a" * n + ":smile:" * n,
        "spaces": "a" + " " * 1_000_000 + "b\n" + "\t" * 200_000 + "a",
    }


def mermaid() -> Bombs:
    many = range(5000)
    return {
        "nodes": "flowchart LR\n" + "\n".join(f"a{n} --> a{n + 1}" for n in range(100_000)),
        "fits": "flowchart LR\n" + "\n".join(f"a{n}-->b{n % 7}" for n in range(1900)),
        "complete": "flowchart LR\n" + " & ".join(f"a{n}" for n in range(300)) + " --> "
        + " & ".join(f"b{n}" for n in range(300)),
        "label": f"flowchart LR\n  A[{'W ' * 90_000}]",
        "subgraphs": "flowchart LR\n" + "subgraph a\n" * 3000 + "x\n" + "end\n" * 3000,
        "sequence": "sequenceDiagram\n" + "\n".join(f"A{n}->>B{n}: x" for n in many),
        "loops": "sequenceDiagram\n" + "loop x\n" * 3000 + "A->>B: x\n" + "end\n" * 3000,
        "gantt": "gantt\n  dateFormat YYYY-MM-DD\n  axisFormat %L\n  tickInterval 1millisecond\n  section s\n"
        "  a :a, 0001-01-01, 9999-12-31\n",
        "gantt-excludes": "gantt\n  dateFormat YYYY-MM-DD\n  excludes monday,tuesday,wednesday,thursday,friday,saturday,"
        "sunday\n  a :a, 2020-01-01, 10d\n",
        "pie": "pie\n" + "\n".join(f'"{n}" : {n + 1}' for n in many),
        "git": "gitGraph\n" + "commit\nbranch x\n" + "commit\n" * 8000,
        "mindmap": "mindmap\n" + "".join(f"{' ' * (level + 2)}a{level}\n" for level in range(500)),
        "packet": 'packet-beta\n0-99999999: "x"\n',
        "chart": "xychart-beta\n  x-axis 0 --> 1000000000000\n  y-axis 0 --> 1e300\n  line [" + ",".join(["1"] * 30_000) + "]",
        "sankey": "sankey-beta\n\n" + "\n".join(f"a{n},a{n + 1},1" for n in many),
        "block": "block-beta\n  columns 999999999\n  a b c\n  block:x:999999999\n  d\n  end\n",
        "states": "stateDiagram-v2\n" + "\n".join(f"s{n} --> s{n + 1}" for n in range(1500)),
        "classes": "classDiagram\n" + "\n".join(f"A{n} <|-- A{n + 1}" for n in range(1500)),
        "timeline": "timeline\n" + "\n".join(f"{n} : " + " : ".join(["x"] * 20) for n in range(700)),
        "regex": "flowchart LR\n  A[" + "[(" * 20_000,
        "spaces": "flowchart LR\n" + " " * 190_000 + "A",
        "init": "%%{init: " + "{" * 20_000 + "}%%\nflowchart LR\n  A",
        "front": "---\na: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(12)
        ) + "---\nflowchart LR\n  A",
    }  # fmt: skip


def graphviz() -> Bombs:
    complete = ";".join(f"a{n}--{{{' '.join(f'a{m}' for m in range(n + 1, 150))}}}" for n in range(150))
    attributes = {
        "peripheries": "peripheries=99999999",
        "sides": "shape=polygon sides=99999999",
        "size": "width=1e9 height=1e9",
        "font": "fontsize=1e9",
        "pen": "penwidth=1e12",
        "wedges": f'style=wedged shape=circle fillcolor="{":".join(["red"] * 20_000)}"',
        "fields": f'shape=record label="{"{" * 4000}a{"}" * 4000}"',
    }
    row = '<tr><td colspan="60000">x</td></tr>'
    return {
        "nodes": "digraph {" + "".join(f"a{n}->a{n + 1};" for n in range(100_000)) + "}",
        "fits": "digraph {" + "".join(f"a{n}->a{(n * 7) % 3000};" for n in range(30_000)) + "}",
        "complete": f"graph {{{complete}}}",
        "ortho": f"graph {{splines=ortho;{complete}}}",
        "neato": f"graph {{layout=neato;mode=KK;maxiter=999999999;epsilon=0;{complete}}}",
        "circo": f"graph {{layout=circo;{complete}}}",
        "fdp": f"graph {{layout=fdp;maxiter=999999999;K=0.000001;{complete}}}",
        "clusters": "digraph {" + "".join(f"subgraph cluster{n} {{" for n in range(20_000)) + "a" + "}" * 20_001,
        "braces": "digraph " + "{" * 100_000,
        "label": f'digraph {{a [label="{"W" * 400_000}"]}}',
        "table": f"digraph {{a [label=<<table>{row * 5000}</table>>]}}",
        "tables": f"digraph {{a [label=<{'<table><tr><td>' * 3000}x{'</td></tr></table>' * 3000}>]}}",
        "dpi": "digraph {dpi=1e9;size=\"1e9,1e9!\";a->b}",
        "rank": "digraph {nslimit=1e9;mclimit=1e9;searchsize=1e9;ranksep=1e9;nodesep=1e9;a->b}",
        "minlen": "digraph {a->b [minlen=99999999 weight=99999999]}",
        "pack": "digraph {layout=osage;pack=999999999;packmode=\"array_999999999\";a;b;c}",
        **{name: f"digraph {{a [{one}]; a->b}}" for name, one in attributes.items()},
    }  # fmt: skip


def plotly() -> Bombs:
    scatter: dict[str, Any] = {"type": "scatter", "y": [1, 2, 3]}
    million = list(range(1_000_000))
    figures: dict[str, Any] = {
        "points": {"data": [{"type": "scatter", "mode": "markers", "y": million}]},
        "text": {"data": [{"type": "scatter", "mode": "text", "y": million[:20_000], "text": ["W" * 50] * 20_000}]},
        "ticks": {"data": [scatter], "layout": {"xaxis": {"dtick": 1e-9}, "yaxis": {"dtick": 1e-9, "minor": {"dtick": 1e-9}}}},
        "tick-values": {"data": [scatter], "layout": {"xaxis": {"tickvals": million, "ticktext": ["x"] * 1_000_000}}},
        "bins": {"data": [{"type": "histogram", "x": [0, 1e9], "xbins": {"start": 0, "end": 1e9, "size": 1e-6}}]},
        "bins2d": {"data": [{"type": "histogram2d", "x": [0, 1], "y": [0, 1], "nbinsx": 10**9, "nbinsy": 10**9}]},
        "contours": {"data": [{"type": "contour", "z": [[0, 1e9], [1, 2]], "contours": {"start": 0, "end": 1e9, "size": 1e-3}}]},
        "heatmap": {"data": [{"type": "heatmap", "z": [million[:1000]] * 1000}]},
        "size": {"data": [scatter], "layout": {"width": 1e9, "height": 1e9}},
        "traces": {"data": [scatter] * 20_000},
        "shapes": {"data": [scatter], "layout": {"shapes": [{"type": "line", "x0": 0, "x1": 1}] * 50_000}},
        "notes": {"data": [scatter], "layout": {"annotations": [{"text": "x", "x": 1, "y": 1}] * 10_000}},
        "grid": {"data": [scatter], "layout": {"grid": {"rows": 99_999, "columns": 99_999}}},
        "sankey": {"data": [{"type": "sankey", "link": {"source": million[:2000], "target": million[1:2001],
                                                        "value": [1] * 2000}}]},
        "sunburst": {"data": [{"type": "sunburst", "labels": [str(n) for n in range(5000)],
                               "parents": ["", *(str(n) for n in range(4999))]}]},
        "range": {"data": [scatter], "layout": {"xaxis": {"range": [-1e308, 1e308]}, "yaxis": {"type": "log", "range": [-9e9, 9e9]}}},
        "dates": {"data": [{"x": ["0001-01-01", "9999-12-31"], "y": [1, 2]}], "layout": {"xaxis": {"dtick": 1}}},
        "breaks": {"data": [{"x": ["0001-01-01", "9999-12-31"], "y": [1, 2]}],
                   "layout": {"xaxis": {"rangebreaks": [{"pattern": "hour", "bounds": [1, 2]}]}}},
        "frames": {"data": [scatter], "frames": [{"data": [scatter]}] * 50_000},
        "title": {"data": [scatter], "layout": {"title": {"text": "<b>" * 50_000 + "W" * 100_000}}},
        "volume": {"data": [{"type": "volume", "x": million[:1000], "y": million[:1000], "z": million[:1000],
                             "value": million[:1000], "surface": {"count": 10**9}}]},
        "surface": {"data": [{"type": "surface", "z": [million[:1500]] * 1500}]},
        "splom": {"data": [{"type": "splom", "dimensions": [{"values": [1, 2]}] * 300}]},
        "pattern": {"data": [{"type": "bar", "y": [1], "marker": {"pattern": {"shape": "x", "size": 1e-9}}}]},
        "dash": {"data": [scatter | {"line": {"dash": "0.0000001px"}}], "layout": {"width": 9000, "height": 9000}},
        "packed": {"data": [{"y": {"dtype": "f8", "bdata": "AAAA" * 3_000_000, "shape": "1000000000,1000000000"}}]},
    }  # fmt: skip
    bombs: Bombs = {name: json.dumps(figure) for name, figure in figures.items()}
    return bombs | {
        "deep": '{"data": ' + "[" * DEEP + "]" * DEEP + "}",
        "digits": '{"data": [{"y": [' + "9" * DEEP + "]}]}",
    }


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
    bombs: Bombs = {name: json.dumps(one) for name, one in documents.items()}
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


def vega() -> Bombs:
    schema = {"$schema": "https://vega.github.io/schema/vega/v6.json", "width": 100, "height": 100}
    lite: dict[str, Any] = {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "mark": "point"}
    values = [{"a": n, "b": n * 7 % 997} for n in range(100_000)]
    a: dict[str, Any] = {"field": "a", "type": "quantitative"}
    specs: dict[str, Any] = {
        "points": lite | {"data": {"values": values}, "encoding": {"x": a, "y": {"field": "b", "type": "quantitative"}}},
        "sequence": lite | {"data": {"sequence": {"start": 0, "stop": 1e10}}, "encoding": {"x": {"field": "data"}}},
        "code": schema | {"signals": [{"name": "s", "init": "length(sequence(0, 1e9))"}]},
        "text": schema | {"signals": [{"name": "s", "init": "length(pad('x', 1e9, 'y'))"}]},
        "regex": schema | {"signals": [{"name": "s", "init": "test(/^(a+)+$/, '" + "a" * 40 + "b')"}]},
        "bins": lite | {"data": {"values": values[:9]}, "encoding": {"x": a | {"bin": {"step": 1e-9}}, "y": {"aggregate": "count"}}},
        "ticks": lite | {"data": {"values": values[:9]}, "encoding": {"x": a | {"axis": {"tickCount": 1e9, "values": list(range(99_999))}}}},
        "graticule": lite | {"data": {"graticule": {"step": [1e-4, 1e-4]}}, "mark": "geoshape"},
        "force": schema | {"data": [{"name": "n", "values": values[:3000]}], "marks": [{"type": "symbol", "from": {"data": "n"},
            "transform": [{"type": "force", "static": True, "iterations": 10**9, "forces": [{"force": "nbody"}]}]}]},
        "kde": lite | {"data": {"values": values[:99]}, "transform": [{"density": "a", "steps": 10**9}],
                       "encoding": {"x": {"field": "value", "type": "quantitative"}}},
        "size": lite | {"width": 1e9, "height": 1e9, "data": {"values": values[:9]}, "encoding": {"x": a}},
        "step": lite | {"width": {"step": 1e6}, "data": {"values": values[:9999]}, "encoding": {"x": {"field": "a"}}},
        "facets": lite | {"data": {"values": values[:5000]}, "encoding": {"x": a, "facet": {"field": "a"}}},
        "cross": schema | {"data": [{"name": "n", "values": values[:9999]}, {"name": "m", "source": "n", "transform": [
            {"type": "cross"}]}]},
        "repeat": {"$schema": lite["$schema"], "data": {"values": values[:99]}, "repeat": ["a", "b"] * 500,
                   "spec": {"mark": "point", "encoding": {"x": {"field": {"repeat": "repeat"}, "type": "quantitative"}}}},
        "loop": schema | {"signals": [{"name": "x", "update": "y + 1"}, {"name": "y", "update": "x + 1"}]},
    }  # fmt: skip
    bombs: Bombs = {name: json.dumps(one) for name, one in specs.items()}
    return bombs | {"deep": '{"layer": ' + "[" * DEEP + "]" * DEEP + "}"}


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def flat_png(width: int, height: int, *more: bytes) -> bytes:
    """A picture of one colour that takes a thousandth of its decoded size."""
    pack = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    packed = b"".join(pack.compress(row * 64) for _ in range((height + 63) // 64)) + pack.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = _chunk(b"IHDR", header) + b"".join(more) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def gif(width: int, height: int, frames: int) -> bytes:
    """A GIF of so many frames of one pixel each."""
    frame = b"\x21\xf9\x04\0\0\0\0\0\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0"
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + b"\xff\0\0\0\0\0" + frame * frames + b";"


def _tiff(width: int, height: int, pages: int) -> bytes:
    """Pages that all refer to the same few bytes; the last refers back to the first."""
    entries = [(256, 4, width), (257, 4, height), (258, 3, 1), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1),
               (278, 4, height), (279, 4, 9)]  # fmt: skip
    directory = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries
    )
    size, start = len(directory) + 4, 20
    links = [start + size * (page + 1) for page in range(pages - 1)] + [start]
    return (
        b"II*\0"
        + struct.pack("<I", start)
        + bytes(12)
        + b"".join(directory + struct.pack("<I", link) for link in links)
    )


def as_picture(content: bytes, kind: str = "png") -> str:
    """The picture as a `data:` URL."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _saved(form: str, size: tuple[int, int], **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("L", size, 9).save(file, form, **options)
    return file.getvalue()


def image() -> Bombs:
    jpeg = bytearray(_saved("JPEG", (8, 8)))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = b"\xff\xff\xff\xff"
    text = b"a\0\0" + zlib.compress(bytes(50_000_000), 9)
    profile = b"icc\0\0" + zlib.compress(bytes(50_000_000), 9)
    return {
        "png": flat_png(65_000, 65_000),
        "png-limit": flat_png(9_990, 9_990),
        "png-wide": flat_png(100_000_000, 1),
        "png-text": flat_png(9, 9, _chunk(b"zTXt", text) * 20),
        "png-profile": flat_png(9, 9, _chunk(b"iCCP", profile)),
        "png-chunks": flat_png(9, 9, _chunk(b"tEXt", b"a\0b") * 200_000),
        "gif": gif(65_535, 65_535, 1),
        "gif-frames": gif(9, 9, 100_000),
        "gif-large-frames": gif(9_999, 9_999, 5_000),
        "tiff": _tiff(65_000, 65_000, 1),
        "tiff-pages": _tiff(9, 9, 60_000),
        "tiff-loop": _tiff(9, 9, 1),
        "jpeg": bytes(jpeg),
        "jpeg-scans": _saved("JPEG", (5_000, 5_000), progressive=True),
        "webp": _saved("WEBP", (9_999, 9_999), method=0),
        "webp-frames": _saved(
            "WEBP", (99, 99), save_all=True, append_images=[Image.new("L", (99, 99), n % 99) for n in range(2_000)]
        ),
    }


BOMBS: dict[str, Callable[[], Bombs]] = {
    one.__name__: one
    for one in (svg, html, markdown, mermaid, graphviz, plotly, canvas, tldraw, excalidraw, vega, image)
}
