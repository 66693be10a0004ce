from __future__ import annotations

import base64
import io
import json
import re
import time
from pathlib import Path

import pytest
from lxml import etree
from PIL import Image

from workers.renderers import canvas, tldraw
from workers.renderers.base import SETTINGS, BadDocument, Document, Render

SAMPLES = Path(__file__).parents[2] / "samples"
EDGES = {
    (edge.source, edge.target): edge.convert
    for module in (canvas, tldraw)
    for function in vars(module).values()
    for edge in getattr(function, "conversions", ())
}
FILES = sorted(path for kind in ("canvas", "tldraw") for path in (SAMPLES / kind).glob("*.json"))


def convert(path: Path, kind: str, form: str, tmp_path: Path, **wishes) -> tuple[str, list[str]]:
    folder = tmp_path / f"{time.monotonic_ns()}"
    folder.mkdir()
    render = Render(folder, SETTINGS[form](**wishes), time.monotonic() + 60)
    done = EDGES[kind, form](Document(path, kind, path.stem), render)
    return done.read_text(), render.warnings


def written(tmp_path: Path, document: object) -> Path:
    path = tmp_path / "document.json"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize("form", ["svg", "json", "md", "html"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_sample_converts_the_same_way_twice_and_in_both_kinds(path, form, tmp_path):
    one, warnings = convert(path, "canvas", form, tmp_path, theme="dark")
    two, again = convert(path, "tldraw", form, tmp_path, theme="dark")
    assert one == two
    assert warnings == again
    if form == "svg":
        etree.fromstring(one.encode())
    if form == "json":
        assert json.loads(one)["metadata"]["shape_count"] > 0


def test_samples_without_flaws_convert_without_warnings(tmp_path):
    for path in FILES:
        if path.stem not in ("hostile", "forms_and_heads"):
            assert convert(path, path.parent.name, "svg", tmp_path)[1] == []


def test_the_hostile_sample_names_everything_that_it_leaves_out(tmp_path):
    _, warnings = convert(SAMPLES / "canvas" / "hostile.json", "canvas", "svg", tmp_path)
    said = "\n".join(warnings)
    for part in (
        "unknown type “teleporter”",
        "not fetched",
        "not an embedded PNG",
        "3 connections left out",
        "colours",
    ):
        assert part in said


def test_texts_stay_texts(tmp_path):
    svg, _ = convert(SAMPLES / "canvas" / "showcase.json", "canvas", "svg", tmp_path)
    words = [
        "".join(text.itertext()) for text in etree.fromstring(svg.encode()).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert "Amazon S3" in words
    assert "PostgreSQL事实来源" in words
    assert 'font-family="Noto Sans, Noto Sans CJK SC, Noto Color Emoji, DejaVu Sans, sans-serif"' in svg


@pytest.mark.parametrize(
    ("wishes", "size"),
    [
        ({}, (232, 132)),
        ({"width": 464}, (464, 264)),
        ({"height": 66}, (116, 66)),
        ({"width": 500, "height": 500}, (500, 500)),
    ],
)
def test_a_width_or_a_height_keeps_the_proportions(wishes, size, tmp_path):
    box = {"type": "rectangle", "x": 50, "y": 50, "width": 198, "height": 98, "stroke_width": 2}
    svg, _ = convert(written(tmp_path, {"shapes": [box]}), "canvas", "svg", tmp_path, **wishes)
    root = etree.fromstring(svg.encode())
    assert (float(root.attrib["width"]), float(root.attrib["height"])) == size
    view = [float(part) for part in root.attrib["viewBox"].split()]
    assert view[2] / view[3] == pytest.approx(size[0] / size[1], rel=0.01)
    assert "preserveAspectRatio" not in svg


def test_the_background_is_painted_over_the_whole_sheet_unless_transparent(tmp_path):
    path = written(tmp_path, {"shapes": [{"type": "text", "x": 0, "y": 0, "text": "x"}]})
    assert 'fill="#ff8800"' in convert(path, "canvas", "svg", tmp_path, background="#f80")[0]
    assert "<rect" not in convert(path, "canvas", "svg", tmp_path, background="transparent")[0]
    assert 'fill="#101114"' in convert(path, "canvas", "svg", tmp_path, theme="dark")[0]


@pytest.mark.parametrize("document", [{}, [], {"shapes": []}, {"store": {}}, {"store": {"shapes": []}}])
def test_an_empty_canvas_is_a_blank_sheet_with_a_warning(document, tmp_path):
    path = written(tmp_path, document)
    svg, warnings = convert(path, "canvas", "svg", tmp_path)
    assert etree.fromstring(svg.encode()).attrib["viewBox"] == "-16 -16 352 212"
    assert any("empty" in warning for warning in warnings)
    assert "_The canvas is empty._" in convert(path, "canvas", "md", tmp_path)[0]


def test_the_export_document_holds_the_canvas_unchanged_and_can_be_read_again(tmp_path):
    path = SAMPLES / "canvas" / "showcase.json"
    first, _ = convert(path, "canvas", "json", tmp_path)
    document = json.loads(first)
    assert document["canvas_data"] == json.loads(path.read_text())["canvas_data"]
    assert document["type"] == "autograph-diagram"
    again = tmp_path / "again.json"
    again.write_text(first)
    assert json.loads(convert(again, "canvas", "json", tmp_path)[0])["canvas_data"] == document["canvas_data"]


def test_nan_becomes_null_with_a_warning_and_halves_of_characters_are_replaced(tmp_path):
    path = tmp_path / "odd.json"
    path.write_text('{"shapes": [{"type": "rectangle", "x": NaN, "y": -Infinity, "text": "\\ud800"}]}')
    text, warnings = convert(path, "canvas", "json", tmp_path)
    assert json.loads(text)["canvas_data"]["shapes"][0]["x"] is None
    assert json.loads(text)["canvas_data"]["shapes"][0]["text"] == "\ufffd"
    assert any("NaN" in warning for warning in warnings)
    assert any("Halves" in warning for warning in warnings)


def test_the_page_needs_nothing_from_elsewhere(tmp_path):
    page, _ = convert(SAMPLES / "tldraw" / "showcase.json", "tldraw", "html", tmp_path)
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in page
    assert "<svg" in page
    assert "prefers-color-scheme: dark" in page
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    assert "<script" not in page


def test_the_outline_names_frames_texts_and_connections(tmp_path):
    text, _ = convert(SAMPLES / "canvas" / "showcase.json", "canvas", "md", tmp_path)
    assert text.startswith("# Longshore: from request to receipt\n")
    assert "## Places · 目的地\n\n- Amazon S3\n" in text
    assert "- Flask API → PostgreSQL 事实来源: row + commit\n" in text


def test_children_stand_in_their_frame_and_are_cut_by_it(tmp_path):
    store = {
        "page:p": {"id": "page:p", "typeName": "page", "name": "P"},
        "shape:f": {"id": "shape:f", "typeName": "shape", "type": "frame", "x": 100, "y": 100, "parentId": "page:p",
                    "props": {"w": 50, "h": 50, "name": "F"}},
        "shape:c": {"id": "shape:c", "typeName": "shape", "type": "geo", "x": 10, "y": 10, "parentId": "shape:f",
                    "props": {"w": 400, "h": 20, "geo": "rectangle"}},
    }  # fmt: skip
    svg, _ = convert(written(tmp_path, {"store": store}), "tldraw", "svg", tmp_path, padding=0)
    assert "translate(110 110)" in svg
    assert "clip-path" in svg
    assert float(etree.fromstring(svg.encode()).attrib["width"]) < 60


def test_shapes_are_stacked_by_their_index_and_not_by_their_place_in_the_file(tmp_path):
    def box(key: str, index: str) -> dict[str, object]:
        return {"id": key, "typeName": "shape", "type": "geo", "index": index, "props": {"text": key[6:]}}

    records = [box("shape:top", "b1"), box("shape:middle", "a2"), box("shape:bottom", "Zz")]
    svg, _ = convert(written(tmp_path, {"records": records}), "tldraw", "svg", tmp_path)
    assert svg.index(">bottom<") < svg.index(">middle<") < svg.index(">top<")


def test_arrows_find_their_shapes_in_both_ways_of_binding(tmp_path):
    shapes = {
        f"shape:{name}": {"id": f"shape:{name}", "typeName": "shape", "type": "geo", "x": x, "y": 0,
                          "props": {"w": 100, "h": 100, "text": name}}
        for name, x in (("one", 0), ("two", 400))
    }  # fmt: skip
    old = {
        "type": "arrow",
        "typeName": "shape",
        "id": "shape:a",
        "props": {
            "start": {"type": "binding", "boundShapeId": "shape:one"},
            "end": {"type": "binding", "boundShapeId": "shape:two"},
        },
    }
    new = {"type": "arrow", "typeName": "shape", "id": "shape:a", "props": {}}
    bindings = {
        f"binding:{end}": {"id": f"binding:{end}", "typeName": "binding", "fromId": "shape:a", "toId": target,
                           "props": {"terminal": end}}
        for end, target in (("start", "shape:one"), ("end", "shape:two"))
    }  # fmt: skip
    before, _ = convert(written(tmp_path, {"store": {**shapes, "shape:a": old}}), "tldraw", "svg", tmp_path)
    after, _ = convert(written(tmp_path, {"store": {**shapes, "shape:a": new, **bindings}}), "tldraw", "svg", tmp_path)
    assert before == after
    assert "M105 50 L395 50" in after


def test_several_pages_stand_below_each_other_under_their_names(tmp_path):
    svg, _ = convert(SAMPLES / "tldraw" / "forms_and_heads.json", "tldraw", "svg", tmp_path)
    assert svg.index(">Forms<") < svg.index(">Arrows 箭头<")
    names = re.findall(r'id="([^"]+)"', svg)
    assert len(names) == len(set(names))


def test_text_that_is_not_utf8_is_a_bad_document(tmp_path):
    path = tmp_path / "latin.json"
    path.write_bytes(b'{"shapes": ["\xff"]}')
    with pytest.raises(BadDocument, match="UTF-8"):
        convert(path, "canvas", "svg", tmp_path)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_showcases_are_drawn_by_librsvg_with_all_their_colours(theme, tmp_path):
    import pyvips

    for kind in ("canvas", "tldraw"):
        svg, _ = convert(SAMPLES / kind / "showcase.json", kind, "svg", tmp_path, theme=theme)
        picture = pyvips.Image.svgload_buffer(svg.encode())
        assert picture.width > 1000
        assert picture.deviate() > 10


def test_an_unknown_shape_is_a_box_with_its_name_where_it_has_a_place_and_a_warning_everywhere(tmp_path):
    shapes = [{"type": "teleporter", "x": 5, "y": 5}, {"type": "teleporter", "x": 300, "y": 5}, {"type": "ghost"}]
    svg, warnings = convert(written(tmp_path, {"shapes": shapes}), "canvas", "svg", tmp_path)
    assert svg.count(">teleporter<") == 2
    assert warnings == [
        "2 shapes of the unknown type “teleporter” shown as placeholders.",
        "1 shape of the unknown type “ghost” left out: without a place.",
    ]


def test_groups_that_hold_each_other_cost_no_time(tmp_path):
    names = [str(number) for number in range(60)]
    groups = [{"id": name, "name": name, "members": [*names, "a"]} for name in names]
    box = {"id": "a", "type": "rectangle", "x": 0, "y": 0, "width": 10, "height": 10}
    began = time.monotonic()
    convert(written(tmp_path, {"shapes": [box], "groups": groups}), "canvas", "svg", tmp_path)
    assert time.monotonic() - began < 5


def test_the_outline_keeps_the_words_on_an_arrow_that_hangs_in_the_air(tmp_path):
    text, _ = convert(SAMPLES / "tldraw" / "loose_arrows.json", "tldraw", "md", tmp_path)
    assert "- (open end) → (open end): up to nobody\n- (open end) ↔ (open end): both ways\n" in text
    assert text.count("open end") == 4, "an arrow without words that leads nowhere says nothing"


def test_all_pictures_of_a_canvas_together_are_limited(tmp_path):
    buffer = io.BytesIO()
    Image.new("1", (7000, 7000)).save(buffer, "PNG")
    source = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    shapes = [{"type": "image", "src": source, "x": 100 * n, "y": 0, "width": 90, "height": 90} for n in range(5)]
    svg, warnings = convert(written(tmp_path, {"shapes": shapes}), "canvas", "svg", tmp_path)
    assert svg.count("<image") == 2
    assert warnings == ["3 pictures shown as placeholders: takes all pictures together above 100 million pixels."]
