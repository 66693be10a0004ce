from __future__ import annotations

from typing import Any

import pytest

from tests.app.conftest import Api


@pytest.fixture
def preset(alice: Api) -> dict[str, Any]:
    body = {"name": "For print", "format": "jpg", "settings": {"scale": 3, "quality": "high"}}
    answer: dict[str, Any] = alice.ok("POST", "/export-presets", json=body)
    return answer


def test_a_preset_is_stored_shown_changed_and_deleted(alice: Api, preset: dict[str, Any]) -> None:
    assert (preset["format"], preset["settings"]) == ("jpeg", {"scale": 3.0, "quality": 90})
    path = f"/export-presets/{preset['id']}"
    changed = alice.ok("PUT", path, json={"settings": {"scale": 2}, "name": "Print"})
    assert alice.ok("GET", path) == changed
    assert (changed["name"], changed["format"], changed["settings"]) == ("Print", "jpeg", {"scale": 2.0})
    assert alice.ok("GET", "/export-presets")["presets"] == [changed]
    alice.ok("DELETE", path)
    alice.problem(404, "GET", path)


@pytest.mark.parametrize("name", ["id", "name"])
def test_an_export_takes_format_and_settings_of_a_preset(alice: Api, preset: dict[str, Any], name: str) -> None:
    body = {"file_id": alice.file()["id"], "preset": preset[name], "settings": {"scale": 1}}
    export = alice.ok("POST", "/export", json=body)
    assert (export["format"], export["settings"]) == ("jpeg", {"scale": 1.0, "quality": 90})


def test_a_preset_is_not_used_for_another_format(alice: Api, preset: dict[str, Any]) -> None:
    body = {"file_id": alice.file()["id"], "preset": preset["id"], "format": "jpg"}
    assert alice.ok("POST", "/export", json=body)["format"] == "jpeg"
    problem = alice.problem(422, "POST", "/export", json=body | {"format": "png"})
    assert problem["errors"][0]["field"] == "format"


def test_without_format_and_preset_the_request_says_what_is_missing(alice: Api) -> None:
    problem = alice.problem(422, "POST", "/export", json={"file_id": alice.file()["id"]})
    assert problem["errors"][0]["field"] == "format"


def test_settings_that_the_format_does_not_have_are_refused(alice: Api) -> None:
    problem = alice.problem(422, "POST", "/export-presets", json={"name": "a", "format": "png", "settings": {"dip": 1}})
    assert problem["errors"][0]["field"] == "settings.dip"


def test_a_name_is_given_once(alice: Api, preset: dict[str, Any]) -> None:
    alice.problem(409, "POST", "/export-presets", json={"name": preset["name"], "format": "png"})
    other = alice.ok("POST", "/export-presets", json={"name": "b", "format": "png"})
    alice.problem(409, "PUT", f"/export-presets/{other['id']}", json={"name": preset["name"]})
    alice.ok("PUT", f"/export-presets/{other['id']}", json={"name": "b"})


def test_a_format_has_one_default(alice: Api) -> None:
    first = alice.ok("POST", "/export-presets", json={"name": "a", "format": "png", "is_default": True})
    pdf = alice.ok("POST", "/export-presets", json={"name": "b", "format": "pdf", "is_default": True})
    alice.ok("POST", "/export-presets", json={"name": "c", "format": "png", "is_default": True})
    assert not alice.ok("GET", f"/export-presets/{first['id']}")["is_default"]
    assert alice.ok("GET", f"/export-presets/{pdf['id']}")["is_default"]
    assert [one["name"] for one in alice.ok("GET", "/export-presets?format=png")["presets"]] == ["a", "c"]
