"""What counts as a change of a document, and what does not."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from longshore.errors import BadDocument
from workers.meaning import Meaning, meaning
from workers.renderers.base import KINDS

SAMPLES = sorted(
    path
    for path in (Path(__file__).parent.parent / "samples").glob("*/*")
    if path.is_file() and path.parent.name in KINDS
)
SHAPE = {"id": "a", "type": "rectangle", "x": 1, "y": 2, "width": 30, "height": 20, "text": "Plan"}


@pytest.fixture
def read(tmp_path: Path):
    def of(kind: str, document: Any) -> Meaning:
        path = tmp_path / "document"
        content = document if isinstance(document, bytes) else document.encode() if isinstance(document, str) else None
        path.write_bytes(json.dumps(document).encode() if content is None else content)
        return meaning(kind, path)

    return of


def png(colour: str, **text: str) -> bytes:
    note = PngImagePlugin.PngInfo()
    for key, value in text.items():
        note.add_text(key, value)
    out = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "PNG", pnginfo=note)
    return out.getvalue()


def tldraw(x: int, camera: int) -> dict[str, Any]:
    return {
        "store": {
            "camera:page:1": {"id": "camera:page:1", "typeName": "camera", "x": camera},
            "shape:1": {"id": "shape:1", "typeName": "shape", "type": "geo", "x": x, "y": 0, "props": {"w": 10}},
            "instance:1": {"id": "instance:1", "typeName": "instance", "cursor": camera},
        },
        "schema": {"schemaVersion": 2},
    }


def excalidraw(version: int, *, deleted: bool = False, **state: Any) -> dict[str, Any]:
    element = {"id": "e", "type": "rectangle", "x": 0, "y": 0, "width": 9, "height": 9, "seed": 1, "version": version}
    return {"type": "excalidraw", "elements": [element | {"isDeleted": deleted}], "appState": state, "files": {}}


SAME = {
    "canvas: order of keys, camera, selection, clock": (
        "canvas",
        {"shapes": [SHAPE], "connections": [], "camera": {"x": 1}, "selectedIds": ["a"], "updatedAt": "2026-01-01"},
        {"connections": [], "updatedAt": "2026-01-02", "shapes": [dict(reversed(SHAPE.items()))], "camera": {"x": 9}},
    ),
    "canvas: 1 and 1.0": ("canvas", {"shapes": [SHAPE]}, {"shapes": [SHAPE | {"x": 1.0}]}),
    "canvas: in an envelope": ("canvas", {"shapes": [SHAPE]}, {"title": "T", "canvas_data": {"shapes": [SHAPE]}}),
    "tldraw: camera and cursor": ("tldraw", tldraw(5, camera=1), tldraw(5, camera=2)),
    "excalidraw: version and scroll": ("excalidraw", excalidraw(1, scrollX=1), excalidraw(2, scrollX=7)),
    "mermaid: comments, blank lines": ("mermaid", "graph TD\n  A-->B\n", "%% mine\r\ngraph TD  \r\n\r\n  A-->B"),
    "graphviz: ends of lines": ("graphviz", "digraph { a -> b }", "digraph { a -> b }   \r\n"),
    "plotly: ids of traces": ("plotly", {"data": [{"y": [1], "uid": "x"}]}, {"data": [{"uid": "z", "y": [1.0]}]}),
    "vega: notes of an editor": ("vega", {"mark": "bar"}, {"mark": "bar", "usermeta": {"embed": 1}}),
    "markdown: line ends": ("markdown", "# A\n\ntext\n", "# A\r\n\r\ntext\r\n\r\n"),
    "html: line ends": ("html", "<p>a</p>\n", "<p>a</p>"),
    "svg: order of attributes, comments": (
        "svg",
        '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="5"><g/></svg>',
        '<?xml version="1.0"?><!-- x --><svg height="5" width="4" xmlns="http://www.w3.org/2000/svg"><g></g></svg>',
    ),
    "image: comments": ("image", png("red", Comment="then"), png("red", Comment="now")),
}

OTHER = {
    "canvas: a text": ("canvas", {"shapes": [SHAPE]}, {"shapes": [SHAPE | {"text": "Plane"}]}),
    "canvas: the order of shapes": ("canvas", {"shapes": [SHAPE, {"id": "b"}]}, {"shapes": [{"id": "b"}, SHAPE]}),
    "tldraw: a place": ("tldraw", tldraw(5, camera=1), tldraw(6, camera=1)),
    "excalidraw: ground": ("excalidraw", excalidraw(1), excalidraw(1, viewBackgroundColor="#000")),
    "mermaid: a directive": ("mermaid", "%%{init: {}}%%\ngraph TD\nA", "graph TD\nA"),
    "plotly: a value": ("plotly", {"data": [{"y": [1]}]}, {"data": [{"y": [2]}]}),
    "plotly: a 3D camera": (
        "plotly",
        {"data": [], "layout": {"scene": {"camera": {"eye": {"x": 1}}}}},
        {"data": [], "layout": {"scene": {"camera": {"eye": {"x": 2}}}}},
    ),
    "markdown: a line break": ("markdown", "a\nb", "a  \nb"),
    "svg: a length": ("svg", '<svg width="4"/>', '<svg width="5"/>'),
    "image: a pixel": ("image", png("red"), png("#fe0000")),
    "file: a byte": ("file", "a", "a "),
}


@pytest.mark.parametrize(("kind", "one", "two"), SAME.values(), ids=SAME)
def test_what_nobody_sees_is_no_change(read, kind, one, two):
    assert read(kind, one) == read(kind, two)


@pytest.mark.parametrize(("kind", "one", "two"), OTHER.values(), ids=OTHER)
def test_what_is_seen_is_a_change(read, kind, one, two):
    assert read(kind, one).digest != read(kind, two).digest


EMPTY = {
    "canvas": {"shapes": [], "connections": []},
    "tldraw": {"store": {"page:1": {"id": "page:1", "typeName": "page"}}},
    "excalidraw": excalidraw(3, deleted=True),
    "mermaid": "%% nothing yet\nflowchart LR\n",
    "graphviz": "digraph G {\n}\n",
    "plotly": {"data": [], "layout": {"title": "Sales"}},
    "vega": {"mark": "bar", "data": {"values": []}},
    "markdown": "\n  \n",
    "html": "<!doctype html><head><title>T</title></head><body> &nbsp;<br></body>",
    "svg": '<svg xmlns="http://www.w3.org/2000/svg"><defs/><title>T</title></svg>',
    "file": b"",
}


@pytest.mark.parametrize("kind", EMPTY)
def test_a_document_with_nothing_in_it_is_empty(read, kind):
    assert read(kind, EMPTY[kind]).empty


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"image", "file", "markdown", "html"}])
def test_what_cannot_be_read_is_an_error_and_no_change(read, kind):
    with pytest.raises(BadDocument):
        read(kind, b"\xff\xfe\x00{")


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: "/".join(p.parts[-2:]))
def test_every_sample_has_a_meaning(path):
    found = meaning(path.parent.name, path)
    assert len(found.digest) == 64
    if path.stem == "showcase":
        assert not found.empty
