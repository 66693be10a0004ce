"""A blank drawing of a document whose own things could be seen is no artifact, for every kind that is drawn."""

from __future__ import annotations

import base64
import io
import json

import pytest
from PIL import Image

import workers.browser
from longshore.errors import Permanent
from workers.convert import convert

BLANK = '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="200" viewBox="0 0 400 200">{}</svg>'.format(
    '<rect width="400" height="200" fill="white"/>'
)
BOX = {"id": "a", "type": "rectangle", "x": 0, "y": 0, "width": 90, "height": 60}
SHEET = {"document:document": {"typeName": "document", "name": ""}, "page:p": {"typeName": "page", "id": "page:p"}}
GEO = {"id": "shape:a", "typeName": "shape", "type": "geo", "parentId": "page:p", "x": 0, "y": 0, "index": "a1",
       "props": {"w": 90, "h": 60, "geo": "rectangle"}}  # fmt: skip
BARS = {"mark": "bar", "data": {"values": [{"a": 1}]}, "encoding": {"x": {"field": "a", "type": "quantitative"}}}
SHOWN = {
    "canvas": json.dumps({"shapes": [BOX]}),
    "tldraw": json.dumps({"store": {**SHEET, "shape:a": GEO}}),
    "excalidraw": json.dumps({"type": "excalidraw", "elements": [BOX]}),
    "mermaid": "sequenceDiagram\n  A->>B: \n",
    "graphviz": "digraph { node [color=red]; 1 -> 2 }",
    "plotly": json.dumps({"data": [{"y": [1, 2]}]}),
    "vega": json.dumps(BARS),
}
NOTHING = {
    "canvas": ['{"shapes": []}'],
    "excalidraw": [json.dumps({"elements": [BOX | change]})
                   for change in ({"opacity": 0}, {"strokeColor": "#fff"}, {"type": "text", "text": " "})],
    "mermaid": ["sequenceDiagram\n", "%% A->>B\nflowchart LR\n  classDef x fill:red\n"],
    "graphviz": ["digraph { bgcolor=red; node [color=red]; /* a -> b */ }", "digraph { a [style=invis] }"],
    "plotly": ['{"data": []}', '{"data": [{"y": [1], "visible": "legendonly"}]}', '{"data": [{"y": []}]}'],
    "vega": [json.dumps(BARS | {"data": {"values": []}}), json.dumps(BARS | {"transform": [{"filter": "false"}]})],
}  # fmt: skip


def white() -> str:
    file = io.BytesIO()
    Image.new("RGB", (400, 200), "white").save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


class Forgetful:
    """A browser whose libraries draw nothing."""

    def call(self, bundle, script, argument, *, seconds):
        if bundle == "plotly":
            return {"content": BLANK if argument["options"]["format"] == "svg" else f"data:,{white()}"}
        said = {"said": [], "warnings": [], "loads": [], "images": []}
        return {"svg": BLANK, "png": white(), "width": 400, "height": 200, "count": 0, **said}


@pytest.fixture
def made(tmp_path, monkeypatch):
    """`made(kind, text, form)`: the warnings of a drawing in which nothing was drawn."""

    def make(kind, text, form):
        (tmp_path / "source").write_text(text)
        folder = tmp_path / form
        folder.mkdir()
        return convert(tmp_path / "source", kind, form, title="", given={}, folder=folder, seconds=30)[1].warnings

    monkeypatch.setattr(workers.browser, "browser", Forgetful)
    monkeypatch.setattr("workers.scene.drawing.draw", lambda *_: BLANK)
    return make


@pytest.mark.parametrize("form", ["svg", "png", "jpeg"])
@pytest.mark.parametrize("kind", SHOWN)
def test_a_drawing_that_lost_everything_is_no_artifact(made, kind, form):
    with pytest.raises(Permanent, match=r"came out blank, although the document has (1 thing|2 things) to show"):
        made(kind, SHOWN[kind], form)


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in NOTHING.items() for text in texts])
def test_a_document_that_shows_nothing_is_told_to_be_blank(made, kind, text):
    assert "The SVG is blank: nothing in the document can be seen." in made(kind, text, "svg")


@pytest.mark.browser
@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
@pytest.mark.parametrize("kind", SHOWN)
def test_what_is_drawn_passes(kind, form, tmp_path):
    (tmp_path / "source").write_text(SHOWN[kind])
    (tmp_path / "out").mkdir()
    _, render = convert(tmp_path / "source", kind, form, title="", given={}, folder=tmp_path / "out", seconds=30)
    assert not [warning for warning in render.warnings if "blank" in warning]
