"""Slots that cannot be fired are failures, as runs that fail are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import update

from longshore.db import transaction
from longshore.lateness import Health, health
from longshore.models import File, ScheduledExport
from longshore.skips import skip
from longshore.states import ExportState, move
from schedules.pauses import resume
from schedules.policy import Catchup
from tests.schedules.ledger import DAY, NINE, end, exports, outcomes, row, tick

Add = Callable[..., str]
HOUR = timedelta(hours=1)


def forget_document(schedule_id: str) -> None:
    with transaction() as session:
        session.execute(update(File).where(File.id == row(schedule_id).file_id).values(deleted_at=NINE))


def test_a_schedule_that_cannot_fire_is_failing_and_pauses_after_so_many_slots(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE, policy={"pause_after": 2})
    forget_document(schedule_id)
    tick(NINE)
    found = row(schedule_id)
    assert (found.failures, found.error_count, health(found, NINE)) == (1, 1, Health.FAILING)
    tick(NINE + DAY)
    found = row(schedule_id)
    assert (found.is_active, found.paused_by, found.owed_from) == (False, "failures", NINE + 2 * DAY)
    assert (found.paused_reason or "").startswith("2 runs in a row failed. The last one: The document of this schedule")
    tick(NINE + 5 * DAY)
    assert outcomes(schedule_id) == ["missed", "missed"]


def test_a_waiting_slot_that_cannot_start_counts_too(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE, policy={"pause_after": 1})
    tick(NINE)
    tick(NINE + DAY)
    forget_document(schedule_id)
    end(schedule_id, ExportState.COMPLETED, NINE + DAY)
    tick(NINE + DAY)
    assert outcomes(schedule_id) == ["fired", "missed"]
    assert (row(schedule_id).paused_by, row(schedule_id).owed_from) == ("failures", NINE + 2 * DAY)


def test_who_resumes_gives_it_all_its_failures_again(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE, policy={"pause_after": 2})
    for day in range(2):
        tick(NINE + day * DAY)
        end(schedule_id, ExportState.FAILED, NINE + day * DAY, "No.")
        tick(NINE + day * DAY)
    assert row(schedule_id).paused_by == "failures"
    with transaction() as session:
        resume(session, session.get_one(ScheduledExport, schedule_id), now=NINE + DAY + HOUR, catchup=Catchup.NONE)
    tick(NINE + 2 * DAY)
    end(schedule_id, ExportState.FAILED, NINE + 2 * DAY, "No.")
    tick(NINE + 2 * DAY)
    assert (row(schedule_id).is_active, row(schedule_id).failures) == (True, 1)


def test_a_slot_waits_a_week_at_most_while_its_schedule_is_paused(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE)
    tick(NINE)
    tick(NINE + DAY)
    with transaction() as session:
        row_ = session.get_one(ScheduledExport, schedule_id)
        row_.is_active, row_.paused_by, row_.paused_at, row_.next_run_at, row_.fire_at = False, "user", NINE, None, None
    tick(NINE + 8 * DAY - HOUR)
    assert outcomes(schedule_id) == ["fired", "queued"]
    tick(NINE + 8 * DAY)
    assert outcomes(schedule_id) == ["fired", "missed"]


def test_a_run_that_a_condition_did_not_want_is_not_counted(schedule: Add, rung: list[str]) -> None:

    schedule_id = schedule(NINE, remaining_runs=2)
    tick(NINE)
    end(schedule_id, ExportState.COMPLETED, NINE)
    tick(NINE + DAY)
    over = row(schedule_id)
    assert (over.is_active, over.remaining_runs, over.run_count) == (False, 0, 2)
    unwanted = exports(schedule_id)[-1].id
    with transaction() as session:
        moved = move(session, unwanted, ExportState.PROCESSING, now=NINE + DAY)
        assert moved
        assert skip(session, unwanted, now=NINE + DAY, fence=moved.attempt, reason="The document is unchanged.")
    tick(NINE + DAY + HOUR)
    found = row(schedule_id)
    assert (found.is_active, found.ended_reason, found.remaining_runs) == (True, None, 1)
    assert (found.run_count, found.last_run_at, found.next_run_at) == (1, NINE, NINE + 2 * DAY)
    tick(NINE + 2 * DAY)
    assert outcomes(schedule_id) == ["fired", "skipped", "fired"]
    assert (row(schedule_id).is_active, row(schedule_id).remaining_runs) == (False, 0)


def test_the_end_of_all_runs_leaves_no_slot_without_a_run(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE, remaining_runs=2, policy={"catchup": "all", "overlap": "allow"})
    tick(NINE + 40 * DAY)
    assert outcomes(schedule_id) == ["fired"] * 2 + ["skipped"] * 39
