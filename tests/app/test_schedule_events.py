"""The history of schedules, to look back at and to poll."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from longshore import events
from longshore.db import clock, transaction
from longshore.models import ScheduledExport
from schedules import pauses
from schedules.fire import fire_due
from tests.app.conftest import Api

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def made(api: Api, **fields: Any) -> str:
    body = {"file_id": api.file()["id"], "schedule_type": "daily", "schedule_time": "09:00", "export_format": "svg"}
    found: str = api.ok("POST", "/scheduled-exports", json=body | fields)["id"]
    return found


def history(api: Api, of: str, **query: Any) -> list[tuple[str, Any]]:
    answer = api.ok("GET", f"/scheduled-exports/{of}/events", query_string=query)
    return [(one["kind"], one["data"].get("reason")) for one in answer["events"]]


def test_pauses_and_resumptions_are_told_once_each(alice: Api) -> None:
    one = made(alice)
    for _ in range(2):
        alice.ok("POST", f"/scheduled-exports/{one}/pause?reason=Holidays")
    for _ in range(2):
        alice.ok("POST", f"/scheduled-exports/{one}/resume")
    alice.ok("PUT", f"/scheduled-exports/{one}", json={"is_active": False})
    with transaction() as session:
        row = session.get_one(ScheduledExport, one)
        pauses.resume(session, row, now=clock(session), catchup=None)
        pauses.stop(session, row, pauses.FAILURES, "3 runs in a row failed.", now=clock(session))
    assert history(alice, one) == [
        ("schedule.paused", "Holidays"),
        ("schedule.resumed", None),
        ("schedule.paused", None),
        ("schedule.resumed", None),
        ("schedule.paused", "3 runs in a row failed."),
    ]


def test_the_end_is_told_with_its_reason(alice: Api) -> None:
    one = made(alice, remaining_runs=1)
    with transaction() as session:
        due = clock(session) - timedelta(seconds=5)
        row = session.get_one(ScheduledExport, one)
        row.next_run_at = row.fire_at = due
    with transaction() as session:
        assert fire_due(session, clock(session), 10) == 1
    assert history(alice, one) == [
        ("schedule.ended", "It has fired as often as it was to. Set remaining_runs to let it fire again.")
    ]


def test_a_poll_goes_on_where_the_last_one_stopped(alice: Api) -> None:
    one = made(alice)
    path = f"/scheduled-exports/{one}/events"
    assert alice.ok("GET", path) == {"events": [], "last_id": 0}
    alice.ok("POST", f"/scheduled-exports/{one}/pause")
    first = alice.ok("GET", path)
    assert first["last_id"] == first["events"][0]["id"]
    assert alice.ok("GET", path, query_string={"after": first["last_id"]}) == first | {"events": []}
    alice.ok("POST", f"/scheduled-exports/{one}/resume")
    assert history(alice, one, after=first["last_id"]) == [("schedule.resumed", None)]
    assert history(alice, one, limit=1) == [("schedule.paused", None)]


def test_the_feed_has_all_of_ones_own_and_what_concerns_everybody(alice: Api, bob: Api) -> None:
    first, second, other = made(alice), made(alice), made(bob)
    alice.ok("POST", f"/scheduled-exports/{first}/pause")
    with transaction() as session:
        events.record(session, "beat.silent", now=clock(session), owner=events.EVERYBODY)
    bob.ok("POST", f"/scheduled-exports/{other}/pause")
    alice.ok("POST", f"/scheduled-exports/{second}/pause")
    feed = alice.ok("GET", "/scheduled-exports/events")["events"]
    assert [(one["kind"], one["schedule_id"]) for one in feed] == [
        ("schedule.paused", first),
        ("beat.silent", None),
        ("schedule.paused", second),
    ]
    bob.problem(404, "GET", f"/scheduled-exports/{first}/events")


def test_the_history_goes_with_its_schedule(alice: Api) -> None:
    one = made(alice)
    alice.ok("POST", f"/scheduled-exports/{one}/pause")
    alice.ok("DELETE", f"/scheduled-exports/{one}")
    assert alice.ok("GET", "/scheduled-exports/events")["events"] == []
