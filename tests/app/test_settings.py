from __future__ import annotations

from typing import Any

import pytest

from app import accept
from longshore.errors import Invalid
from tests.app.conftest import Api

CANVAS = '{"shapes": [{"id": "a", "type": "rectangle"}, {"id": "b", "type": "ellipse", "x": 300}]}'


@pytest.mark.parametrize(
    ("form", "given", "field", "words"),
    [
        ("png", {"scope": "selection"}, "ids", "name the shapes"),
        ("svg", {"scope": "frame", "ids": []}, "ids", "name a frame"),
        ("json", {"ids": ["a"]}, "ids", "mean nothing while scope is full"),
        ("md", {"scope": "part"}, "scope", "'full'"),
        ("svg", {"scope": "full", "export_scope": "frame", "frame_id": "f"}, "scope", "said twice"),
        ("svg", {"export_scope": "selection", "selected_shapes": ["a"], "ids": ["b"]}, "ids", "said twice"),
        ("svg", {"export_scope": "selection", "selected_shapes": [], "frame_id": "f"}, "ids", "name the shapes"),
        ("svg", {"scope": "selection", "ids": [{"id": 1}]}, "ids.0", "valid string"),
        ("svg", {"background": "url(http://x)"}, "background", "no colour"),
        ("svg", {"background": "#12345"}, "background", "no colour"),
        ("png", {"compression": 10}, "compression", "less than or equal to 9"),
        ("png", {"quality": 80}, "quality", "not permitted"),
        ("webp", {"dpi": 300}, "dpi", "not permitted"),
        ("jpeg", {"dpi": 0}, "dpi", "greater than or equal to 1"),
        ("avif", {"quality": "best"}, "quality", "valid integer"),
        ("tiff", {"metadata": "some"}, "metadata", "'keep' or 'strip'"),
        ("png", {"scale": float("nan")}, "scale", "finite number"),
        ("pdf", {"page_size": "custom"}, "page_width_mm", "needs page_width_mm"),
        ("pdf", {"page_size": "custom", "page_width_mm": 90}, "page_height_mm", "needs page_height_mm"),
        ("pdf", {"page_size": "a4", "page_width_mm": 90}, "page_width_mm", "only with page_size custom"),
        (
            "pdf",
            {"page_size": "custom", "page_width_mm": 90, "page_height_mm": 90, "orientation": "landscape"},
            "orientation",
            "leave orientation out",
        ),
        ("pdf", {"page_size": "b5"}, "page_size", "'custom'"),
        ("pdf", {"page_size": "a4", "margin_mm": 99}, "margin_mm", "leave less than 20"),
        ("pdf", {"margin_left_mm": 100, "margin_right_mm": 100}, "margin_left_mm", "leave less than 20"),
        ("pdf", {"header": "{author}"}, "header", "{author} is not known. {page}, {pages}, {title}, {date}"),
        ("pdf", {"footer": "{date}"}, "date", "what to write there"),
        ("pdf", {"footer": "x", "margin_bottom_mm": 4}, "margin_bottom_mm", "at least 10 mm"),
        ("pdf", {"header": "x", "margin_mm": 5}, "margin_mm", "at least 10 mm"),
        ("pdf", {"header": "two\nlines"}, "header", "one line of text"),
        ("pdf", {"header": "x" * 301}, "header", "at most 300 characters"),
        ("pdf", {"outline": "maybe"}, "outline", "boolean"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(form: str, given: dict[str, Any], field: str, words: str):
    with pytest.raises(Invalid) as refused:
        accept.checked_settings(form, given)
    assert refused.value.field == f"settings.{field}"
    assert words in refused.value.message
    assert "Traceback" not in refused.value.message


def test_a_senseless_setting_is_a_422_that_names_its_field(alice: Api) -> None:
    body = {"source": {"kind": "canvas", "content": CANVAS}, "format": "pdf", "settings": {"page_size": "custom"}}
    problem = alice.problem(422, "POST", "/export", json=body)
    assert problem["errors"][0]["field"] == "settings.page_width_mm"


@pytest.mark.parametrize("kind", ["mermaid", "svg", "markdown"])
def test_a_part_of_what_has_no_shapes_is_refused(alice: Api, kind: str) -> None:
    body = {
        "source": {"kind": kind, "content": "x"},
        "format": "html",
        "settings": {"scope": "selection", "ids": ["a"]},
    }
    problem = alice.problem(422, "POST", "/export", json=body)
    assert problem["errors"][0]["field"] == "settings.scope"
    assert "canvas" in problem["detail"]


@pytest.mark.parametrize(
    ("kind", "form", "given", "field"),
    [
        ("graphviz", "svg", {"scope": "frame", "ids": ["a"]}, "scope"),
        ("plotly", "png", {"padding": 16}, "padding"),
        ("svg", "pdf", {"header": "Draft"}, "header"),
        ("markdown", "pdf", {"width": 800}, "width"),
        ("markdown", "json", {"theme": "light"}, "theme"),
    ],
)
def test_a_setting_that_changes_nothing_is_a_422_that_names_it(
    alice: Api, kind: str, form: str, given: dict[str, Any], field: str
) -> None:
    body = {"source": {"kind": kind, "content": "x"}, "format": form, "settings": given}
    problem = alice.problem(422, "POST", "/export", json=body)
    assert problem["errors"][0]["field"] == f"settings.{field}"


def test_older_clients_may_send_their_settings_with_every_format(alice: Api) -> None:
    sent = {"width": 1920, "height": 1080, "scale": 2.0, "quality": 80, "background": "white"}
    file = alice.ok("POST", "/files", json={"kind": "markdown", "content": "# A", "name": "a"})
    body = {"file_id": file["id"], "user_id": "alice", "destination": "local", "destination_config": {}}
    for form, kept in (("json", {}), ("pdf", {"background": "white"}), ("svg", {"width": 1920, "height": 1080})):
        made = alice.ok("POST", "/export/cloud", json=body | {"export_format": form, "export_settings": sent})
        assert made["settings"] == kept


def test_what_older_clients_say_of_a_part_is_understood(alice: Api) -> None:
    seeds = {"export_scope": "selection", "selected_shapes": ["a", 7], "frame_id": None, "width": 640}
    body = {"source": {"kind": "canvas", "content": CANVAS}, "format": "svg", "settings": seeds}
    assert alice.ok("POST", "/export", json=body)["settings"] == {"scope": "selection", "ids": ["a", "7"], "width": 640}
    body["settings"] = {"export_scope": "full", "selected_shapes": ["a"], "frame_id": "f"}
    assert alice.ok("POST", "/export", json=body)["settings"] == {"scope": "full"}
    body["settings"] = {"frame_id": "f"}
    assert alice.ok("POST", "/export", json=body)["settings"] == {"scope": "frame", "ids": ["f"]}


def test_a_schedule_and_a_cloud_export_are_held_to_the_same(alice: Api) -> None:
    file = alice.file()
    cloud = {
        "file_id": file["id"],
        "user_id": "alice",
        "export_format": "svg",
        "destination": "local",
        "destination_config": {},
    }
    problem = alice.problem(400, "POST", "/export/cloud", json=cloud | {"export_settings": {"frame_id": "f"}})
    assert problem["errors"][0]["field"] == "export_settings.scope"
