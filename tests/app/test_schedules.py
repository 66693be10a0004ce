from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from longshore.connections import open_secrets
from longshore.db import clock, reading, transaction
from longshore.models import Connection, ScheduledExport, ScheduleRun
from schedules.runs import Outcome, settle_run, write_run
from tests.app.conftest import Api

S3 = {"access_key_id": "AKIA", "secret_access_key": "canary-secret", "bucket_name": "bucket", "region": "eu-west-1"}
WHEN = {"schedule_type": "weekly", "schedule_time": "09:30", "schedule_day_of_week": 0, "timezone": "Europe/London"}


def request(api: Api, **changes: Any) -> dict[str, Any]:
    body = {"file_id": api.file()["id"], "user_id": "u1", "export_format": "png", **WHEN, **changes}
    return {name: value for name, value in body.items() if value is not None}


def made(api: Api, **changes: Any) -> dict[str, Any]:
    answer = api("POST", "/scheduled-exports", json=request(api, **changes))
    assert answer.status_code == 201, answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json()
    assert answer.headers["Location"] == f"/api/scheduled-exports/{body['id']}"
    return body


def row_of(schedule: dict[str, Any]) -> tuple[ScheduledExport, Connection]:
    with reading() as session:
        row = session.get_one(ScheduledExport, schedule["id"])
        return row, session.get_one(Connection, row.connection_id)


def test_a_schedule_answers_with_what_was_asked_and_when_it_is_due(alice: Api) -> None:
    schedule = made(alice, destination_type="s3", destination_config=S3, export_settings={"scale": 1, "quality": "low"})
    assert schedule["schedule_time"] == "09:30:00"
    assert (schedule["user_id"], schedule["created_by"]) == ("u1", "alice")
    assert schedule["description"] == "every Monday at 09:30 (Europe/London)"
    assert (schedule["export_settings"], schedule["destination_type"]) == ({"scale": 1.0}, "s3")
    assert schedule["destination_config"] == {"bucket_name": "bucket", "region": "eu-west-1"}
    due = datetime.fromisoformat(schedule["next_run_at"])
    assert timedelta(0) < due - datetime.now(UTC) <= timedelta(days=7)
    assert due.weekday() == 0
    assert (schedule["run_count"], schedule["error_count"], schedule["last_run_at"]) == (0, 0, None)
    assert alice.ok("GET", f"/scheduled-exports/{schedule['id']}") == schedule
    assert "canary" not in str(schedule)
    _row, connection = row_of(schedule)
    assert open_secrets(connection) == {"access_key_id": "AKIA", "secret_access_key": "canary-secret"}


def test_the_words_of_older_clients_are_understood(alice: Api) -> None:
    schedule = made(alice, schedule_time="23:59:58", user_id=None, destination="local")
    assert (schedule["schedule_time"], schedule["destination_type"]) == ("23:59:58", "local")
    assert (schedule["user_id"], schedule["destination_config"]) == ("alice", {})
    assert row_of(schedule)[1].destination == "folder"
    assert made(alice, destination_type="local", destination_config={"folder": "a"})["destination_config"] == {
        "folder": "a"
    }


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"schedule_type": "hourly"}, 400, "schedule_type"),
        ({"schedule_time": "25:00"}, 400, "schedule_time"),
        ({"schedule_time": None}, 422, "schedule_time"),
        ({"schedule_day_of_week": None}, 400, "schedule_day_of_week"),
        ({"schedule_day_of_week": 7}, 400, "schedule_day_of_week"),
        ({"schedule_type": "monthly"}, 400, "schedule_day_of_month"),
        ({"timezone": "Mars/Olympus"}, 400, "timezone"),
        ({"export_format": "docx"}, 400, "export_format"),
        ({"export_format": "json"}, 400, "export_format"),
        ({"export_settings": {"scale": 99}}, 400, "export_settings.scale"),
        ({"destination_type": "ftp"}, 400, "destination_type"),
        ({"destination_type": "s3"}, 400, "destination_config.bucket_name"),
        ({"connection_id": "x"}, 400, "connection_id"),
        ({"conflict": "panic"}, 422, "conflict"),
        ({"file_id": "nothing"}, 404, ""),
    ],
)
def test_a_schedule_that_cannot_be_meant_is_refused_by_field(
    alice: Api, changes: dict[str, Any], status: int, field: str
) -> None:
    problem = alice.problem(status, "POST", "/scheduled-exports", json=request(alice, **changes))
    assert problem.get("errors", [{"field": ""}])[0]["field"] == field
    assert alice.ok("GET", "/scheduled-exports") == {"schedules": [], "count": 0}


def test_schedules_are_listed_newest_first_with_filters(alice: Api) -> None:
    first, second = made(alice), made(alice, user_id="u2", is_active=False)
    assert second["next_run_at"] is None
    for query, wanted in (
        ("", [second, first]),
        ("?user_id=u1", [first]),
        (f"?file_id={second['file_id']}", [second]),
        ("?is_active=true", [first]),
        ("?is_active=false", [second]),
        ("?limit=1&offset=1", [first]),
    ):
        assert alice.ok("GET", f"/scheduled-exports{query}") == {"schedules": wanted, "count": len(wanted)}
    alice.problem(422, "GET", "/scheduled-exports?is_active=perhaps")


def test_a_change_of_the_rule_computes_the_next_run_anew(alice: Api) -> None:
    schedule = made(alice)
    path = f"/scheduled-exports/{schedule['id']}"
    changed = alice.ok("PUT", path, json={"schedule_type": "monthly", "schedule_day_of_month": 31, "timezone": "UTC"})
    assert changed["description"] == "on day 31 of every month at 09:30 (UTC)"
    assert changed["schedule_day_of_week"] is None
    due = datetime.fromisoformat(changed["next_run_at"])
    assert (due + timedelta(days=1)).month != due.month
    assert (due.hour, due.minute) == (9, 30)
    again = alice.ok("PUT", path, json={"schedule_time": "10:00:30"})
    assert datetime.fromisoformat(again["next_run_at"]).time().isoformat() == "10:00:30"
    assert alice.ok("GET", path) == again


def test_a_change_is_checked_as_a_whole_and_changes_nothing_where_refused(alice: Api) -> None:
    schedule = made(alice)
    path = f"/scheduled-exports/{schedule['id']}"
    assert alice.problem(400, "PUT", path, json={})["detail"] == "No fields to update"
    assert alice.problem(400, "PUT", path, json={"unknown": 1})["detail"] == "No fields to update"
    for change in (
        {"schedule_type": "monthly"},
        {"schedule_time": "9"},
        {"timezone": "x"},
        {"export_format": "md", "user_id": "u9"},
        {"destination_type": "s3"},
    ):
        alice.problem(400, "PUT", path, json=change)
    assert alice.ok("GET", path) == schedule


def test_the_document_the_format_and_the_small_things_can_change(alice: Api) -> None:
    schedule = made(alice, export_settings={"scale": 1, "width": 100})
    path, other = f"/scheduled-exports/{schedule['id']}", alice.file(name="other")["id"]
    body = {"file_id": other, "export_format": "svg", "user_id": "u3", "folder": "f", "file_name": "n"}
    changed = alice.ok("PUT", path, json=body | {"conflict": "overwrite"})
    assert {name: changed[name] for name in body} == body
    assert (changed["conflict"], changed["export_settings"]) == ("overwrite", {"width": 100})
    assert changed["next_run_at"] == schedule["next_run_at"]


def test_new_secrets_stay_in_the_same_connection_and_a_new_place_makes_a_new_one(alice: Api) -> None:
    schedule = made(alice, destination_type="s3", destination_config=S3)
    path = f"/scheduled-exports/{schedule['id']}"
    echoed = alice.ok("PUT", path, json={"destination_config": schedule["destination_config"]})
    assert echoed["connection_id"] == schedule["connection_id"]
    rotated = alice.ok("PUT", path, json={"destination_config": S3 | {"secret_access_key": "canary-new"}})
    assert "canary" not in str(rotated)
    _row, connection = row_of(rotated)
    assert connection.id == schedule["connection_id"]
    assert open_secrets(connection) == {"access_key_id": "AKIA", "secret_access_key": "canary-new"}
    moved = alice.ok("PUT", path, json={"destination_config": {"bucket_name": "other"}})
    _row, connection = row_of(moved)
    assert connection.id != schedule["connection_id"]
    assert open_secrets(connection)["secret_access_key"] == "canary-new"
    alice.ok("PUT", path, json={"destination_type": "local"})
    with reading() as session:
        assert [row.destination for row in session.scalars(select(Connection))] == ["folder"]


def test_a_stored_connection_can_be_named(alice: Api) -> None:
    body = {"name": "f", "destination": "folder", "options": {"folder": "kept"}}
    connection = alice.ok("POST", "/connections", json=body)
    schedule = made(alice, connection_id=connection["id"])
    assert (schedule["connection_id"], schedule["destination_config"]) == (connection["id"], {"folder": "kept"})
    path = f"/scheduled-exports/{schedule['id']}"
    alice.ok("PUT", path, json={"destination_type": "local", "destination_config": {}})
    assert alice.ok("PUT", path, json={"connection_id": connection["id"]})["connection_id"] == connection["id"]


def test_pausing_stops_and_resuming_begins_with_the_next_slot(alice: Api) -> None:
    schedule = made(alice)
    path = f"/scheduled-exports/{schedule['id']}"
    paused = alice.ok("POST", f"{path}/pause")
    assert (paused["is_active"], paused["next_run_at"]) == (False, None)
    resumed = alice.ok("POST", f"{path}/resume")
    assert (resumed["is_active"], resumed["next_run_at"]) == (True, schedule["next_run_at"])
    assert alice.ok("POST", f"{path}/resume") == resumed
    assert alice.ok("PUT", path, json={"is_active": False})["next_run_at"] is None


def test_deleting_removes_the_schedule_its_runs_and_its_secrets(alice: Api) -> None:
    schedule = made(alice, destination_type="s3", destination_config=S3)
    path = f"/scheduled-exports/{schedule['id']}"
    with transaction() as session:
        assert write_run(session, schedule["id"], clock(session), Outcome.FIRED, now=clock(session))
    assert alice.ok("DELETE", path) == {"message": "Scheduled export deleted successfully"}
    assert alice.problem(404, "GET", path)["detail"] == "Scheduled export not found"
    with reading() as session:
        assert session.scalars(select(Connection)).all() == []
        assert session.scalars(select(ScheduleRun)).all() == []


def test_runs_are_listed_the_latest_slot_first(alice: Api) -> None:
    schedule, export = made(alice), alice.export()
    slots = [datetime(2030, 1, day, 9, 30, tzinfo=UTC) for day in (7, 14)]
    with transaction() as session:
        now = clock(session)
        write_run(session, schedule["id"], slots[0], Outcome.MISSED, now=now, reason="The document was deleted.")
        run = write_run(session, schedule["id"], slots[1], Outcome.FIRED, now=now) or ""
        settle_run(session, run, Outcome.FIRED, export_id=export["id"])
    answer = alice.ok("GET", f"/scheduled-exports/{schedule['id']}/runs")
    assert [(one["slot"], one["outcome"], one["reason"], one["export_id"]) for one in answer["runs"]] == [
        ("2030-01-14T09:30:00Z", "fired", "", export["id"]),
        ("2030-01-07T09:30:00Z", "missed", "The document was deleted.", None),
    ]
    assert answer["total"] == 2
    alice.ok("DELETE", f"/export/{export['id']}")
    assert alice.ok("GET", f"/scheduled-exports/{schedule['id']}/runs")["runs"][0]["export_id"] is None


def test_a_preview_says_when_a_rule_is_due_without_storing_it(alice: Api) -> None:
    rule = {"schedule_type": "daily", "schedule_time": "02:30", "timezone": "Europe/Berlin"}
    answer = alice.ok("POST", "/scheduled-exports/preview", json=rule | {"after": "2030-03-30T12:00:00Z", "count": 2})
    assert answer["description"] == "every day at 02:30 (Europe/Berlin)"
    assert [slot["at"] for slot in answer["slots"]] == ["2030-03-31T01:00:00Z", "2030-04-01T00:30:00Z"]
    assert "does not exist" in answer["slots"][0]["note"]
    assert answer["slots"][1]["local"] == "2030-04-01T02:30:00+02:00"
    assert len(alice.ok("POST", "/scheduled-exports/preview", json=rule)["slots"]) == 20
    for change in ({"after": "2030-03-30T12:00:00"}, {"schedule_time": "x"}, {"after": "9999-12-31T00:00:00Z"}):
        alice.problem(400, "POST", "/scheduled-exports/preview", json=rule | change)
    alice.problem(422, "POST", "/scheduled-exports/preview", json=rule | {"count": 51})
    assert alice.ok("GET", "/scheduled-exports")["count"] == 0


def test_a_change_of_anything_checks_the_whole_anew_and_a_pause_does_not(alice: Api) -> None:
    file = alice.file()
    body = {"file_id": file["id"], "schedule_type": "daily", "schedule_time": "09:00", "export_format": "svg"}
    path = f"/scheduled-exports/{alice.ok('POST', '/scheduled-exports', json=body)['id']}"
    alice.ok("DELETE", f"/files/{file['id']}")
    assert alice.problem(404, "PUT", path, json={"folder": "new"})["detail"] == "File not found"
    assert alice.ok("GET", path)["folder"] == ""
    assert alice.ok("PUT", path, json={"is_active": False})["is_active"] is False
    alice.problem(404, "PUT", path, json={"is_active": True})
    mended = alice.ok("PUT", path, json={"file_id": alice.file()["id"], "is_active": True, "folder": "new"})
    assert (mended["is_active"], mended["folder"]) == (True, "new")
