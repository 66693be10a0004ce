from __future__ import annotations

from typing import Any

import pytest

from tests.app.conftest import Api

AT = "2026-12-31T23:30:00Z"


def preview(api: Api, **body: Any) -> dict[str, Any]:
    found: dict[str, Any] = api.ok("POST", "/deliveries/preview-name", json={"at": AT} | body)
    return found


def test_a_name_is_shown_before_anything_is_delivered(alice: Api) -> None:
    file = alice.file(name="Quarter / 4")
    shown = preview(alice, folder="reports/{year}", name="{name} {date:%d.%m.%Y}", file_id=file["id"], format="png")
    assert shown["path"] == "reports/2026/Quarter _ 4 31.12.2026.png"
    assert "sha8" in shown["fields"]
    assert preview(alice, timezone="Asia/Tokyo", name="{kind} {date}")["path"] == "markdown 2027-01-01.pdf"
    assert preview(alice, name="{sha8}")["name"] == "00000000.pdf"
    assert preview(alice)["path"] == "Document.pdf"
    assert alice.ok("POST", "/deliveries/preview-name", json={})["path"] == "Document.pdf"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "{nope}"}, "name"),
        ({"folder": "{nope}"}, "folder"),
        ({"folder": "{year}/.."}, "folder"),
        ({"timezone": "Mars/X", "name": "{date}"}, "timezone"),
        ({"format": "docx"}, "format"),
        ({"at": "2026-01-01T00:00:00"}, "at"),
    ],
)
def test_what_cannot_be_meant_is_named(alice: Api, body: dict[str, Any], field: str) -> None:
    problem = alice.problem(422, "POST", "/deliveries/preview-name", json=body)
    assert problem["errors"][0]["field"] == field


def test_nobody_sees_another_s_document(alice: Api, bob: Api) -> None:
    file = alice.file()
    bob.problem(404, "POST", "/deliveries/preview-name", json={"file_id": file["id"]})


def test_an_export_with_a_field_that_does_not_exist_is_refused(alice: Api) -> None:
    body = {"source": {"kind": "svg", "content": "<svg/>"}, "format": "svg"}
    for wrong in ({"name": "{nope}"}, {"folder": "a/{nope}"}):
        deliveries = [{"destination": "folder"}, {"destination": "folder"} | wrong]
        problem = alice.problem(422, "POST", "/export", json=body | {"deliveries": deliveries})
        assert problem["errors"][0]["field"] == f"deliveries.1.{next(iter(wrong))}"
        assert "{name}" in problem["detail"]


def test_a_schedule_s_names_are_checked_and_shown(alice: Api) -> None:
    when = {"schedule_type": "daily", "schedule_time": "01:30", "timezone": "Asia/Tokyo"}
    file = alice.file(name="Books")
    names = {"folder": "{schedule}/{year}", "file_name": "{name} {date}", "export_format": "png"}
    shown = alice.ok(
        "POST", "/scheduled-exports/preview", json=when | names | {"file_id": file["id"], "after": AT, "count": 2}
    )
    paths = ["daily/2027/Books 2027-01-02.png", "daily/2027/Books 2027-01-03.png"]
    assert [slot["path"] for slot in shown["slots"]] == paths
    body = when | {"file_id": file["id"], "export_format": "png"}
    for field, template in (("folder", "{nope}"), ("file_name", "{nope}")):
        problem = alice.problem(400, "POST", "/scheduled-exports", json=body | {field: template})
        assert problem["errors"][0]["field"] == field
    made = alice.ok("POST", "/scheduled-exports", json=body | names)
    assert (made["folder"], made["file_name"]) == (names["folder"], names["file_name"])
    assert alice("PUT", f"/scheduled-exports/{made['id']}", json={"file_name": "{nope}"}).status_code == 400
