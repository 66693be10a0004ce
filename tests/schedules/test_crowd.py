"""Very many schedules that are due at the same instant are taken up over a minute, and each slot stays what it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from longshore.db import reading, transaction
from schedules import crowd
from schedules.fire import fire_due
from tests.conftest import forget
from tests.schedules.ledger import DAY, NINE, row, runs

Add = Callable[..., str]
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _small_crowds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGSHORE_CROWD", "20")
    monkeypatch.setenv("LONGSHORE_SPREAD", "60")
    forget()


def spread(now: timedelta) -> int:
    with reading() as session:
        if not crowd.is_there(session, NINE + now):
            return 0
    with transaction() as session:
        return crowd.spread(session, NINE + now)


def fire(now: timedelta) -> int:
    with transaction() as session:
        return fire_due(session, NINE + now, 100)


def test_a_crowd_is_spread_by_a_hash_and_no_slot_changes(schedule: Add, rung: list[str]) -> None:
    ids = [schedule(NINE, policy={"deadline_seconds": 5}) for _ in range(40)]
    jittered = schedule(NINE - 600 * SECOND, fire_at=NINE, policy={"jitter_seconds": 900})
    moved = spread(SECOND / 2)
    assert 38 <= moved <= 40
    assert spread(SECOND / 2) == 0
    assert row(jittered).fire_at == NINE, "what has waited already waits no longer"
    assert fire(SECOND / 2) == 41 - moved
    delays = (crowd.delay(one, NINE) for one in ids)
    plan = sorted(one if one > SECOND / 2 else timedelta(0) for one in delays)
    assert plan[-1] < 60 * SECOND
    assert plan[20] > 15 * SECOND
    fired = 0
    for second in range(1, 61):
        spread(second * SECOND)
        fired += fire(second * SECOND)
        assert abs(fired + 40 - moved - sum(one <= second * SECOND for one in plan)) <= 1
    found = [run for one in ids for run in runs(one)]
    assert {(run.slot, run.outcome) for run in found} == {(NINE, "fired")}, "what was held back is not late"
    assert sorted(run.planned_at - NINE for run in found if run.planned_at) == plan
    assert {row(one).next_run_at for one in ids} == {NINE + DAY}


def test_fewer_are_taken_up_at_once_and_a_backlog_is_not_held_back(schedule: Add, rung: list[str]) -> None:
    for _ in range(20):
        schedule(NINE)
    assert (spread(SECOND), fire(SECOND)) == (0, 20)
    for _ in range(30):
        schedule(NINE)
    minute = timedelta(seconds=61)
    assert (spread(minute), fire(minute) + fire(minute)) == (0, 30)
