"""What a slot does that comes up while the run before it still goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from longshore.db import transaction
from longshore.states import ExportState
from schedules.backfill import backfill
from schedules.fire import fire_due
from tests.schedules.ledger import DAY, NINE, end, exports, outcomes, row, runs, tick

Add = Callable[..., str]
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("overlap", "expected", "states"),
    [
        ("allow", ["fired", "fired", "fired"], ["initiated"] * 3),
        ("skip", ["fired", "skipped", "skipped"], ["initiated"]),
        ("queue_one", ["fired", "queued", "skipped"], ["initiated"]),
        ("queue_all", ["fired", "queued", "queued"], ["initiated"]),
        ("cancel_running", ["fired", "fired", "fired"], ["cancelled", "cancelled", "initiated"]),
    ],
)
def test_each_policy_says_what_a_slot_does_while_another_runs(
    schedule: Add, rung: list[str], overlap: str, expected: list[str], states: list[str]
) -> None:
    schedule_id = schedule(NINE, policy={"overlap": overlap})
    for day in range(3):
        tick(NINE + day * DAY)
    assert outcomes(schedule_id) == expected
    assert [export.state for export in exports(schedule_id)] == states
    assert all(run.reason for run in runs(schedule_id)[1:]) or overlap == "allow"
    assert row(schedule_id).next_run_at == NINE + 3 * DAY


def test_a_slot_that_waited_starts_when_the_run_before_it_has_ended(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE, policy={"overlap": "queue_all"})
    for day in range(3):
        tick(NINE + day * DAY)
    now = NINE + 2 * DAY + MINUTE
    for started in (1, 2, 3):
        assert len(exports(schedule_id)) == started
        end(schedule_id, ExportState.COMPLETED, now)
        tick(now)
    assert outcomes(schedule_id) == ["fired"] * 3
    first, second, third = runs(schedule_id)
    assert (first.result, first.ended_at, first.started_at) == ("completed", now, NINE)
    assert second.reason == "Waited 86460 s for the run before it."
    assert (third.started_at, third.slot, third.queued_at) == (now, NINE + 2 * DAY, None)
    assert row(schedule_id).run_count == len(rung) == 3


def test_what_waits_is_not_overtaken(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE, policy={"overlap": "queue_all"})
    tick(NINE)
    tick(NINE + DAY)
    end(schedule_id, ExportState.COMPLETED, NINE + DAY)
    with transaction() as session:
        assert fire_due(session, NINE + 2 * DAY, 10) == 1
    assert outcomes(schedule_id) == ["fired", "queued", "queued"]


def test_a_queued_slot_past_its_deadline_is_missed(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE, policy={"overlap": "queue_one", "deadline_seconds": 3600})
    tick(NINE)
    tick(NINE + DAY)
    end(schedule_id, ExportState.COMPLETED, NINE + DAY)
    tick(NINE + DAY + timedelta(seconds=3601))
    assert outcomes(schedule_id) == ["fired", "missed"]
    assert "within its deadline of 3600 s" in runs(schedule_id)[1].reason


def test_the_newest_slot_takes_the_place_of_those_that_wait(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE, policy={"overlap": "queue_one"})
    tick(NINE)
    tick(NINE + DAY)
    with transaction() as session:
        session.merge(row(schedule_id)).policy = {"overlap": "cancel_running"}
    tick(NINE + 2 * DAY)
    assert outcomes(schedule_id) == ["fired", "skipped", "fired"]
    assert "took its place" in runs(schedule_id)[1].reason
    assert [export.state for export in exports(schedule_id)] == ["cancelled", "initiated"]


def test_backfill_queues_what_has_no_run_and_asked_twice_it_happens_once(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE)
    tick(NINE + 2 * DAY)  # two coalesced, one fired
    now = NINE + 2 * DAY + MINUTE
    span = (NINE - 3 * DAY, NINE + 2 * DAY)

    def ask(**how: bool) -> list[str]:
        with transaction() as session:
            found = backfill(session, session.merge(row(schedule_id)), *span, now=now, **how)
        return [f"{'+' if one.queued else '-'}{one.run}" for one in found]

    assert ask(dry_run=True) == ["+", "+", "+", "-coalesced", "-coalesced", "-fired"]
    assert len(runs(schedule_id)) == 3
    assert ask() == ["+", "+", "+", "-coalesced", "-coalesced", "-fired"]
    assert ask() == ["-queued", "-queued", "-queued", "-coalesced", "-coalesced", "-fired"]
    assert ask(unfired=True) == ["-queued", "-queued", "-queued", "+coalesced", "+coalesced", "-fired"]
    for started in range(1, 7):
        assert len(exports(schedule_id)) == started
        end(schedule_id, ExportState.COMPLETED, now)
        tick(now)
    assert outcomes(schedule_id) == ["fired"] * 6
    assert {run.trigger for run in runs(schedule_id)[:5]} == {"backfill"}
    assert row(schedule_id).next_run_at == NINE + 3 * DAY
