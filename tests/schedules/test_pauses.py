"""Pauses, by somebody and for a fault; resuming; changes. None fires a slot of the past or loses one to come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from longshore import exports as door
from longshore import release
from longshore.db import transaction
from longshore.models import ScheduledExport
from longshore.states import ExportState
from schedules import pauses
from schedules.policy import Catchup
from tests.schedules.ledger import DAY, NINE, change_connection, end, exports, outcomes, row, runs, tick

Add = Callable[..., str]
HOUR = timedelta(hours=1)


def do(schedule_id: str, what: Callable[..., Any], now: datetime, **how: Any) -> None:
    with transaction() as session:
        what(session, session.get_one(ScheduledExport, schedule_id, with_for_update=True), now=now, **how)


def pause(schedule_id: str, now: datetime) -> None:
    do(schedule_id, pauses.pause, now)


def resume(schedule_id: str, now: datetime, catchup: Catchup | None) -> None:
    do(schedule_id, pauses.resume, now, catchup=catchup)


@pytest.mark.parametrize(
    ("catchup", "expected"),
    [
        (Catchup.NONE, ["fired", "fired"]),
        (Catchup.LATEST, ["fired", "coalesced", "coalesced", "fired", "fired"]),
        (Catchup.ALL, ["fired"] * 5),
    ],
)
def test_who_resumes_says_what_becomes_of_the_slots_of_the_pause(
    schedule: Add, rung: list[str], catchup: Catchup, expected: list[str]
) -> None:
    schedule_id = schedule(NINE, policy={"overlap": "allow", "catchup": "none"})
    tick(NINE)
    pause(schedule_id, NINE + HOUR)
    pause(schedule_id, NINE + 2 * HOUR)
    assert row(schedule_id).paused_at == NINE + HOUR
    tick(NINE + 2 * DAY)
    resume(schedule_id, NINE + 3 * DAY + HOUR, catchup)
    resume(schedule_id, NINE + 3 * DAY + HOUR, Catchup.NONE)
    tick(NINE + 3 * DAY + HOUR)
    tick(NINE + 4 * DAY)
    assert outcomes(schedule_id) == expected
    after = row(schedule_id)
    assert (after.paused_at, after.owed_from, after.resumed_at, after.catchup_once) == (None, None, None, None)
    if catchup is Catchup.LATEST:
        assert runs(schedule_id)[1].reason.startswith("The schedule was paused when this slot passed; the slot of")


def test_a_slot_that_is_due_when_it_is_paused_is_on_record_and_does_not_fire(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE)
    pause(schedule_id, NINE + timedelta(seconds=0.3))
    tick(NINE + DAY)
    resume(schedule_id, NINE + DAY + HOUR, Catchup.ALL)
    tick(NINE + DAY + HOUR)
    assert outcomes(schedule_id) == ["missed", "fired"]
    assert runs(schedule_id)[0].reason == "The schedule was paused before this slot was fired."


def test_failures_in_a_row_pause_it_and_one_success_begins_anew(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE, policy={"pause_after": 2})
    for day, state in enumerate([ExportState.FAILED, ExportState.COMPLETED, ExportState.FAILED, ExportState.PARTIAL]):
        tick(NINE + day * DAY)
        end(schedule_id, state, NINE + day * DAY + HOUR, "The disk is full." if state is ExportState.FAILED else "One.")
        tick(NINE + day * DAY + HOUR)
    found = row(schedule_id)
    assert (found.is_active, found.paused_by, found.failures, found.error_count) == (False, "failures", 2, 3)
    assert found.paused_reason == "2 runs in a row failed. The last one: One."
    assert [run.result for run in runs(schedule_id)] == ["failed", "completed", "failed", "partial"]
    tick(NINE + 9 * DAY)
    assert len(exports(schedule_id)) == 4
    with transaction() as session:
        release.release_blocked(session, found.connection_id, now=NINE + 9 * DAY)
    tick(NINE + 9 * DAY)
    tick(NINE + 9 * DAY)
    assert outcomes(schedule_id)[4:] == ["coalesced"] * 5 + ["fired"]


def test_a_pause_for_failures_ends_after_its_cool_off(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE, policy={"pause_after": 1, "resume_after_seconds": 3600})
    tick(NINE)
    end(schedule_id, ExportState.FAILED, NINE, "No.")
    tick(NINE)
    assert row(schedule_id).resume_at == NINE + HOUR
    tick(NINE + HOUR - timedelta(seconds=1))
    assert not row(schedule_id).is_active
    tick(NINE + HOUR)
    assert (row(schedule_id).is_active, row(schedule_id).next_run_at) == (True, NINE + DAY)


def test_a_connection_to_be_renewed_pauses_it_and_the_slot_is_made_up_for(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE)
    change_connection(schedule_id, health="needs_reconnect")
    tick(NINE)
    tick(NINE + DAY)
    found = row(schedule_id)
    assert (found.is_active, found.paused_by, outcomes(schedule_id)) == (False, "connection", [])
    assert "must be renewed" in (found.paused_reason or "")
    change_connection(schedule_id, health="ok")
    tick(NINE + DAY + HOUR)
    tick(NINE + DAY + HOUR)
    assert outcomes(schedule_id) == ["coalesced", "fired"]
    assert row(schedule_id).next_run_at == NINE + 2 * DAY


def test_nobody_but_a_request_ends_a_pause_that_was_asked_for(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE)
    change_connection(schedule_id, enabled=False)
    tick(NINE)
    pause(schedule_id, NINE + HOUR)
    change_connection(schedule_id, enabled=True)
    tick(NINE + DAY)
    assert (row(schedule_id).is_active, row(schedule_id).paused_by) == (False, "user")


def test_a_retry_that_arrives_ends_the_count_of_failures(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE)
    tick(NINE)
    end(schedule_id, ExportState.FAILED, NINE, "No.")
    tick(NINE)
    assert (row(schedule_id).failures, row(schedule_id).last_error) == (1, "No.")
    with transaction() as session:
        door.retry(session, session.merge(exports(schedule_id)[0]), now=NINE + HOUR)
    end(schedule_id, ExportState.COMPLETED, NINE + HOUR)
    tick(NINE + HOUR)
    assert (row(schedule_id).failures, row(schedule_id).last_error) == (0, None)
    assert (runs(schedule_id)[0].result, runs(schedule_id)[0].ended_at) == ("completed", NINE + HOUR)


@pytest.mark.parametrize("fault", [{"enabled": False}, {"health": "needs_reconnect"}])
def test_a_slot_that_waited_in_line_waits_for_its_connection_too(
    schedule: Add, rung: list[str], fault: dict[str, Any]
) -> None:
    schedule_id = schedule(NINE)
    tick(NINE)
    tick(NINE + DAY)
    change_connection(schedule_id, **fault)
    end(schedule_id, ExportState.COMPLETED, NINE + DAY)
    tick(NINE + DAY + HOUR)
    found = row(schedule_id)
    assert (found.is_active, found.paused_by, found.owed_from) == (False, "connection", NINE + 2 * DAY)
    assert (outcomes(schedule_id), found.error_count) == (["fired", "queued"], 0)
    change_connection(schedule_id, enabled=True, health="ok")
    tick(NINE + DAY + 2 * HOUR)
    assert outcomes(schedule_id) == ["fired", "fired"]
    assert row(schedule_id).next_run_at == NINE + 2 * DAY


def test_what_makes_up_for_a_pause_makes_up_for_no_downtime_after_it(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE, policy={"overlap": "allow", "catchup": "none"})
    tick(NINE)
    pause(schedule_id, NINE + HOUR)
    resume(schedule_id, NINE + 2 * HOUR, Catchup.ALL)
    tick(NINE + 3 * DAY + HOUR)
    assert outcomes(schedule_id) == ["fired", "missed", "missed", "missed"]


def test_a_connection_that_is_enabled_ends_a_pause_for_failures(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE, policy={"pause_after": 1, "pause_when_blocked": False})
    change_connection(schedule_id, enabled=False)
    tick(NINE)
    assert row(schedule_id).paused_by == "failures"
    change_connection(schedule_id, enabled=True)
    with transaction() as session:
        release.release_waiting(session, row(schedule_id).connection_id, now=NINE + HOUR)
    tick(NINE + HOUR)
    assert (row(schedule_id).is_active, row(schedule_id).next_run_at) == (True, NINE + DAY)
