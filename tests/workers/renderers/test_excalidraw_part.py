from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from workers.renderers import excalidraw
from workers.renderers.base import SETTINGS, BadDocument, Document, Render


def a_box(name: str, x: int, **more: object) -> dict[str, object]:
    return {"id": name, "type": "rectangle", "x": x, "y": 0, "width": 100, "height": 50, **more}


def an_arrow(name: str, start: str, end: str) -> dict[str, object]:
    ends = {"startBinding": {"elementId": start}, "endBinding": {"elementId": end}}
    return {
        "id": name,
        "type": "arrow",
        "x": 100,
        "y": 25,
        "width": 50,
        "height": 0,
        "points": [[0, 0], [50, 0]],
        **ends,
    }


DRAWING = {
    "type": "excalidraw",
    "elements": [
        {"id": "frame", "type": "frame", "x": 0, "y": 0, "width": 400, "height": 200, "name": "Dock"},
        a_box("a", 0, frameId="frame"),
        a_box("b", 150, frameId="frame", groupIds=["pair"]),
        a_box("c", 3000, groupIds=["pair"]),
        {"id": "word", "type": "text", "x": 0, "y": 0, "text": "in a", "fontSize": 20, "containerId": "a"},
        an_arrow("ab", "a", "b"),
        an_arrow("bc", "b", "c"),
        {"id": "photo", "type": "image", "x": 0, "y": 900, "width": 9, "height": 9, "fileId": "secret"},
    ],
    "files": {"secret": {"mimeType": "image/png", "dataURL": "data:image/png;base64,SECRET"}},
}


def a_render(tmp_path: Path, form: str, **settings: object) -> tuple[Document, Render]:
    source = tmp_path / "drawing.excalidraw"
    source.write_text(json.dumps(DRAWING))
    folder = tmp_path / f"scratch{sum(1 for _ in tmp_path.iterdir())}"
    folder.mkdir()
    return Document(source, "excalidraw", ""), Render(folder, SETTINGS[form](**settings), time.monotonic() + 60)


@pytest.mark.parametrize(
    ("scope", "ids", "shown", "warnings"),
    [
        ("selection", ["a"], ["a", "word"], 1),
        ("selection", ["a", "b"], ["a", "b", "word", "ab"], 1),
        ("selection", ["pair"], ["b", "c", "bc"], 1),
        ("frame", ["Dock"], ["frame", "a", "b", "word", "ab"], 1),
        ("frame", ["frame"], ["frame", "a", "b", "word", "ab"], 1),
        ("selection", ["photo"], ["photo"], 0),
    ],
)
def test_a_part_has_what_was_named_and_the_arrows_between(tmp_path, scope, ids, shown, warnings):
    source, render = a_render(tmp_path, "json", scope=scope, ids=ids)
    document = json.loads(excalidraw.to_json(source, render).read_text())

    assert [one["id"] for one in document["elements"]] == shown
    assert len(render.warnings) == warnings
    assert ("SECRET" in json.dumps(document)) == ("photo" in ids)


@pytest.mark.parametrize(("scope", "ids"), [("selection", ["a", "nope"]), ("frame", ["nope"])])
def test_what_is_not_in_the_drawing_is_named(tmp_path, scope, ids):
    source, render = a_render(tmp_path, "json", scope=scope, ids=ids)
    with pytest.raises(BadDocument, match=r"no (element|frame) nope\. Its"):
        excalidraw.to_json(source, render)


@pytest.mark.browser
def test_the_picture_of_a_part_is_cropped_to_it(tmp_path):
    from lxml import etree

    sizes = {}
    for scope, ids in (("full", ()), ("selection", ["a", "b"])):
        source, render = a_render(tmp_path, "svg", scope=scope, ids=ids, padding=0)
        drawing = etree.fromstring(excalidraw.to_svg(source, render).read_bytes())
        sizes[scope] = float(drawing.get("viewBox").split()[2])
    assert sizes["full"] > 3000
    assert sizes["selection"] == pytest.approx(250, abs=15)
