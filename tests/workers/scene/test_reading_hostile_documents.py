from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from longshore.errors import BadDocument
from workers.scene.canvas_reader import read
from workers.scene.drawing import Look, draw
from workers.scene.parsing import load
from workers.scene.telling import tell

KEYS = st.sampled_from(
    [
        "id",
        "type",
        "typeName",
        "x",
        "y",
        "w",
        "h",
        "width",
        "height",
        "radius",
        "rx",
        "ry",
        "text",
        "label",
        "name",
        "fill",
        "stroke",
        "color",
        "opacity",
        "rotation",
        "index",
        "props",
        "parentId",
        "geo",
        "points",
        "segments",
        "path",
        "start",
        "end",
        "bend",
        "richText",
        "content",
        "marks",
        "attrs",
        "crop",
        "topLeft",
        "assetId",
        "src",
        "props",
        "shapes",
        "connections",
        "groups",
        "from",
        "to",
        "store",
        "document",
        "records",
        "children",
        "fontSize",
        "size",
        "dash",
        "dim",
        "fromId",
        "toId",
        "terminal",
        "normalizedAnchor",
        "boundShapeId",
        "growY",
        "scale",
        "font_size",
        "stroke_width",
        "z_index",
        "bidirectional",
        "align",
    ]
)
TYPES = st.sampled_from(
    [
        "geo",
        "note",
        "text",
        "draw",
        "highlight",
        "line",
        "arrow",
        "frame",
        "group",
        "image",
        "bookmark",
        "rectangle",
        "circle",
        "cylinder",
        "diamond",
        "sticky",
        "connector",
        "freehand",
        "page",
        "shape",
        "binding",
        "asset",
        "paragraph",
        "doc",
        "bulletList",
        "hardBreak",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=12)
    | TYPES
    | st.sampled_from(
        ["a", "b", "page:p", "shape:1", "1e9", "12px", "#fff", "red", "data:image/png;base64,AAAA", "AAAA"]
    )
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=7),
    max_leaves=30,
)
SHAPE = st.dictionaries(KEYS, VALUES, max_size=8).flatmap(
    lambda fields: TYPES.map(lambda kind: {**fields, "type": kind, "id": fields.get("id", "a")})
)


def drawn(document: object, theme: str = "light") -> str:
    scene = read(load(json.dumps(document)), "dark" if theme == "dark" else "light")
    svg = draw(scene, Look(theme="dark" if theme == "dark" else "light"))
    etree.fromstring(svg.encode())
    assert tell(scene, "t").startswith("# ")
    return svg


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(SHAPE | VALUES, max_size=5), VALUES, VALUES)
@example([{"type": "rectangle", "x": 1, "y": 1, "width": 1e308, "height": -5}], [{"from": 0, "to": 0}], None)
def test_any_json_in_a_canvas_is_drawn_or_refused_in_words(shapes, connections, groups):
    drawn({"shapes": shapes, "connections": connections, "groups": groups})


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(SHAPE, max_size=6), st.dictionaries(st.sampled_from(["page:p", "binding:1", "asset:1"]), VALUES))
def test_any_json_in_a_tldraw_store_is_drawn_or_refused_in_words(shapes, others):
    store = {f"shape:{place}": {"typeName": "shape", **shape} for place, shape in enumerate(shapes)}
    drawn({"store": {**store, **others}, "schema": {}}, "dark")


@settings(max_examples=30, deadline=None)
@given(VALUES)
def test_any_json_at_all_is_drawn_or_a_bad_document(document):
    try:
        drawn(document)
    except BadDocument as refused:
        told = refused.message
    else:
        told = "Drawn."
    assert told.endswith(".")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "line 1, column 2"),
        ("", "not JSON"),
        ("7", "a number"),
        ("null", "null"),
        ("[" * 100_000, "deeper than 200"),
        ('{"a":' * 300 + "1" + "}" * 300, "deeper than 200"),
        ("9" * 5000, "thousands of digits"),
    ],
)
def test_what_is_not_a_canvas_is_refused_with_a_reason(text, said):
    with pytest.raises(BadDocument, match=said):
        load(text)


def test_nothing_from_a_document_becomes_markup():
    evil = '"><script>alert(1)</script>&\x00\ud800<!--'
    svg = drawn(
        {"title": evil, "shapes": [{"type": "rectangle", "x": 0, "y": 0, "text": evil, "fill": evil, "id": evil}]}
    )
    root = etree.fromstring(svg.encode())
    assert {etree.QName(one).localname for one in root.iter()} <= {"svg", "title", "rect", "g", "path", "text", "tspan"}
    assert not any(key.startswith("on") for one in root.iter() for key in one.attrib)


def test_nothing_is_ever_fetched():
    svg = drawn(
        {
            "shapes": [
                {"type": "image", "x": 0, "y": 0, "src": "https://example.invalid/a.png"},
                {"type": "image", "x": 0, "y": 200, "src": "data:image/svg+xml;base64,PHN2Zy8+"},
                {"type": "image", "x": 0, "y": 400, "src": "data:image/png;base64,R0lGODlh"},
                {"type": "rectangle", "x": 0, "y": 600, "fill": "url(https://example.invalid/b)"},
            ]
        }
    )
    assert "example.invalid" not in svg
    assert "<image" not in svg
    assert svg.count(">picture</tspan>") == 3


def test_shapes_that_are_their_own_ancestors_are_reported_and_not_followed():
    loop = [{"id": "a", "type": "frame", "parentId": "b"}, {"id": "b", "type": "frame", "parentId": "a"}]
    assert "2 shapes left out" in read(load(json.dumps({"shapes": loop})), "light").warnings[0]
    store = {f"shape:{one['id']}": {**one, "typeName": "shape", "parentId": f"shape:{one['parentId']}"} for one in loop}
    store = {key: {**one, "id": key} for key, one in store.items()}
    assert "2 shapes left out" in read(load(json.dumps({"store": store})), "light").warnings[0]
