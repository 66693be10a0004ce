"""Graphs of Graphviz that try every way out."""

from __future__ import annotations

from tests.contracts.hostile.inside import drawings
from tests.contracts.hostile.trap import Trap
from tests.contracts.hostile.ways import Documents

GRAPH = ("URL", "href", "stylesheet", "fontpath", "imagepath", "shapepath", "tooltip", "target", "label", "comment",
         "_background", "layers", "charset", "class", "id")  # fmt: skip
NODE = ("URL", "href", "image", "shapefile", "tooltip", "xlabel", "group", "class", "id", "target", "comment")
EDGE = ("URL", "href", "edgeURL", "edgehref", "headURL", "headhref", "tailURL", "tailhref", "labelURL", "labelhref",
        "edgetooltip", "headtooltip", "tailtooltip", "labeltooltip", "headlabel", "taillabel", "xlabel",
        "headtarget", "tailtarget", "decorate")  # fmt: skip
PAINTS = ("color", "fillcolor", "fontcolor", "fontname", "labelfontname", "labelfontcolor", "colorscheme", "shape")
CELL = ("HREF", "TITLE", "TOOLTIP", "TARGET", "BGCOLOR", "COLOR", "ID", "STYLE", "BACKGROUND")

ALONE = {"include", "graph-layers"}
"""What would end or hide all the others in one graph."""


def graphviz(trap: Trap) -> Documents:
    at, file = trap.at, trap.picture
    parts = {}
    for name, url in (trap.pictures | drawings(trap)).items():
        parts[f"image-{name}"] = (
            f'digraph {{ imagepath="{file.parent}"; "{name}" [image="{url}" label="" width=2 height=2'
            f' fixedsize=true]; "in {name}" [label=<<table><tr><td><img src="{url}"/></td></tr></table>>] }}'
        )
    for name in GRAPH:
        parts[f"graph-{name}"] = f'digraph {{ {name}="{at}/graph-{name}"; a -> b }}'
    for name in NODE:
        parts[f"node-{name}"] = f'digraph {{ a [{name}="{at}/node-{name}"]; a -> b }}'
    for name in EDGE:
        parts[f"edge-{name}"] = f'digraph {{ a -> b [label=x {name}="{at}/edge-{name}"] }}'
    for name in PAINTS:
        parts[f"paint-{name}"] = f'digraph {{ a [style=filled {name}="url({at}/paint-{name})"]; a -> b }}'
    for name in CELL:
        attribute = f'{name}="{at}/{{}}-{name}"'
        label = f"<table {attribute.format('table')}><tr><td {attribute.format('cell')}>x</td></tr></table>"
        parts[f"cell-{name}"] = f"digraph {{ a [label=<{label}>]; a -> b }}"
    face = f'<font face="x;src:url({at}/face)" color="url({at}/face-colour)">x</font>'
    escaped = f'<image href=\\"{at}/escaped\\"/>'
    background = f"I 0 0 9 9 {len(str(file))} -{file}"
    script = f"fetch('{at}/script')"
    parts |= {
        "face": f"digraph {{ a [label=<{face}>]; a -> b }}",
        "script": f'digraph {{ a [href="javascript:{script}" target=_top]; b [label="<script>{script}</script>"] }}',
        "shapefile": f'digraph {{ a [shapefile="{file}"]; b [shape=epsf shapefile="{file}"]; a -> b }}',
        "class": f'digraph {{ a [class="x\\" onload=\\"fetch({at}/onload)" id="a\\" onclick=\\"x"] a->b }}',
        "comment": f'digraph {{ comment="-->{escaped}"; label="]]>{escaped}"; a }}',
        "include": f'#include "{trap.text}"\n# 1 "{trap.text}"\ndigraph {{ a -> b }}',
        "data": f'digraph {{ a [image="{trap.text}"]; b [label="\\G \\N"]; _background="{background}" }}',
        "gradient": f'digraph {{ bgcolor="red:url({at}/gradient)"; a [style=filled fillcolor="url({at}/mix):red"] }}',
    }
    inner = (part.partition("{")[2].rpartition("}")[0] for name, part in parts.items() if name not in ALONE)
    together = "\n".join(f"subgraph cluster_{number} {{ {part} }}" for number, part in enumerate(inner))
    return {"everything": f"digraph {{ {together} }}"} | parts
