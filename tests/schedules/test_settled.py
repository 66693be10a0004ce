"""A slot that was due while its schedule was active has exactly one run, whatever is done to the schedule then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app import schedule as edits
from app.api.schemas_schedule import ScheduleUpdate
from longshore.db import transaction
from longshore.errors import Invalid
from longshore.models import ScheduledExport
from schedules import pauses
from schedules.backfill import backfill
from schedules.policy import Catchup
from tests.schedules.ledger import DAY, NINE, change_connection, exports, outcomes, row, runs, tick

Add = Callable[..., str]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def do(schedule_id: str, what: Callable[..., Any], now: datetime, **how: Any) -> None:
    with transaction() as session:
        what(session, session.get_one(ScheduledExport, schedule_id, with_for_update=True), now=now, **how)


def put(schedule_id: str, now: datetime, **sent: Any) -> None:
    do(schedule_id, edits.update, now, body=ScheduleUpdate.model_validate(sent))


def resume(schedule_id: str, now: datetime) -> None:
    do(schedule_id, pauses.resume, now, catchup=Catchup.NONE)


def by_put(schedule_id: str, now: datetime) -> None:
    put(schedule_id, now, is_active=True)


def by_rule(schedule_id: str, now: datetime) -> None:
    put(schedule_id, now, schedule_time="10:30")
    resume(schedule_id, now)


@pytest.mark.parametrize("ends", [resume, by_put, by_rule])
def test_the_slot_that_found_its_connection_switched_off_is_on_record(
    schedule: Add, rung: list[str], ends: Callable[..., None]
) -> None:
    schedule_id = schedule(NINE)
    change_connection(schedule_id, enabled=False)
    tick(NINE)
    assert (row(schedule_id).paused_by, outcomes(schedule_id)) == ("connection", [])
    ends(schedule_id, NINE + 2 * DAY + HOUR)
    (run,) = runs(schedule_id)
    assert (run.slot, run.outcome) == (NINE, "missed")
    assert "before this slot was fired" in run.reason
    assert (row(schedule_id).next_run_at or NINE) > NINE + 2 * DAY + HOUR


def test_a_slot_that_waits_for_its_jitter_when_it_is_paused_is_on_record_after_it(
    schedule: Add, rung: list[str]
) -> None:
    schedule_id = schedule(NINE, policy={"jitter_seconds": 7200})
    do(schedule_id, edits.update, NINE - HOUR, body=ScheduleUpdate.model_validate({"policy": {"jitter_seconds": 7200}}))
    planned = row(schedule_id).fire_at or NINE
    assert planned > NINE + MINUTE
    do(schedule_id, pauses.pause, NINE + MINUTE)
    assert row(schedule_id).owed_from == NINE
    resume(schedule_id, planned + MINUTE)
    assert outcomes(schedule_id) == ["missed"]
    assert row(schedule_id).next_run_at == NINE + DAY


NIGHT = {"blackouts": [{"from_time": "08:00", "to_time": "20:00"}], "in_blackout": "defer"}


@pytest.mark.parametrize(("hours", "expected"), [(2, ["fired"]), (12, ["missed"])])
def test_a_slot_that_is_deferred_when_it_is_paused_fires_at_the_end_or_is_on_record(
    schedule: Add, rung: list[str], hours: int, expected: list[str]
) -> None:
    schedule_id = schedule(NINE, fire_at=NINE + 11 * HOUR, policy=NIGHT)
    do(schedule_id, pauses.pause, NINE + HOUR)
    resume(schedule_id, NINE + hours * HOUR)
    tick(NINE + 12 * HOUR)
    assert outcomes(schedule_id) == expected


def test_a_changed_rule_fires_no_slot_that_had_passed(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE, fire_at=NINE + 11 * HOUR, policy=NIGHT)
    put(schedule_id, NINE + 2 * HOUR, schedule_time="10:00")
    tick(NINE + 12 * HOUR)
    assert [(run.slot, run.outcome) for run in runs(schedule_id)] == [(NINE, "missed")]
    assert (row(schedule_id).next_run_at, exports(schedule_id)) == (NINE + DAY + HOUR, [])


def test_a_slot_that_waits_goes_on_waiting_where_the_new_rule_has_it_and_nothing_after_it(
    schedule: Add, rung: list[str]
) -> None:
    schedule_id = schedule(NINE, fire_at=NINE + 11 * HOUR, policy=NIGHT)
    put(schedule_id, NINE + HOUR, schedule_times=["08:30", "09:00", "22:00"])
    assert (row(schedule_id).next_run_at, outcomes(schedule_id)) == (NINE, [])
    put(schedule_id, NINE + 2 * HOUR, schedule_times=["09:00", "10:00"])
    assert [(run.slot, run.outcome) for run in runs(schedule_id)] == [(NINE, "missed")]
    assert row(schedule_id).next_run_at == NINE + DAY


def test_a_row_that_means_nothing_can_be_switched_off(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE, timezone="Mars/Olympus")
    put(schedule_id, NINE, is_active=False)
    assert (row(schedule_id).is_active, row(schedule_id).paused_by) == (False, "user")


def test_what_a_paused_schedule_is_changed_to_is_checked(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(None, is_active=False, paused_by="user", paused_at=NINE)
    with transaction() as session:
        broken = {"blackouts": [{"from_time": "22:00", "to_time": "06:00Z"}]}
        session.execute(update(ScheduledExport).values(policy=broken))
    with pytest.raises(Invalid, match="no zone of their own"):
        put(schedule_id, NINE, schedule_time="10:00")


def test_a_backfill_from_the_beginning_of_time_is_refused(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE)
    beginning = datetime.min.replace(tzinfo=NINE.tzinfo)
    with transaction() as session:
        found = session.get_one(ScheduledExport, schedule_id)
        with pytest.raises(Invalid, match="from must not be before 1970-01-01"):
            backfill(session, found, beginning, NINE, now=NINE)


def test_a_rule_changed_in_a_pause_by_a_clock_set_back_enters_no_slot_that_never_was(
    schedule: Add, rung: list[str]
) -> None:
    schedule_id = schedule(NINE + DAY)
    do(schedule_id, pauses.pause, NINE + 2 * HOUR)
    put(schedule_id, NINE + HOUR, schedule_time="11:30")
    resume(schedule_id, NINE + 3 * HOUR)
    assert (outcomes(schedule_id), row(schedule_id).next_run_at) == ([], NINE + DAY + 2.5 * HOUR)
