"""Diagrams and charts that ask for more time, memory or pixels than anybody has."""

# ruff: noqa: E501, Q003 - one bomb a line

from __future__ import annotations

import json
from typing import Any

from tests.contracts.hostile.ways import DEEP, Bombs


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
    bombs: dict[str, str | bytes] = {name: json.dumps(figure) for name, figure in figures.items()}
    return bombs | {
        "deep": '{"data": ' + "[" * DEEP + "]" * DEEP + "}",
        "digits": '{"data": [{"y": [' + "9" * DEEP + "]}]}",
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
    bombs: dict[str, str | bytes] = {name: json.dumps(one) for name, one in specs.items()}
    return bombs | {"deep": '{"layer": ' + "[" * DEEP + "]" * DEEP + "}"}
