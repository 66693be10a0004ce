"""One broken row of any kind holds nobody up: not the rows beside it, not the chores, not the pulse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text, update

from longshore import pulses
from longshore.db import clock, reading, transaction
from longshore.errors import Invalid
from longshore.lateness import Health, health
from longshore.models import ScheduledExport, ScheduleRun
from longshore.states import ExportState
from schedules import beat, blackout, ended, fire, pauses, policy, queued
from schedules.beat import DatabaseScheduler
from schedules.policy import Catchup
from tests.schedules.ledger import DAY, NINE, end, exports, outcomes, row, runs, tick
from tests.schedules.test_beat import application

Add = Callable[..., str]
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def change(schedule_id: str, **values: object) -> None:
    with transaction() as session:
        session.execute(update(ScheduledExport).where(ScheduledExport.id == schedule_id).values(**values))


def break_for(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, schedule_id: str, error: Exception) -> None:
    """The function fails whenever it is called for this schedule."""
    real = getattr(module, name)

    def fail_for_one(*arguments: Any, **named: Any) -> Any:
        known = [one.id for one in arguments if isinstance(one, ScheduledExport)]
        known += [one.schedule_id for one in arguments if isinstance(one, ScheduleRun)]
        if schedule_id in known:
            raise error
        return real(*arguments, **named)

    monkeypatch.setattr(module, name, fail_for_one)


def no_zone(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    break_for(monkeypatch, fire, "rule_of", broken, OverflowError("date value out of range"))


def no_comparison(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    break_for(monkeypatch, fire, "blocked", broken, TypeError("can't compare"))


def no_constraint(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    real = fire.run_slot

    def break_one(session: Any, found: ScheduledExport, *arguments: Any, **named: Any) -> Any:
        if found.id == broken:
            session.execute(text("insert into pulses (name) values ('no time: a constraint fails')"))
        return real(session, found, *arguments, **named)

    monkeypatch.setattr(fire, "run_slot", break_one)


def unreadable(_monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    with transaction() as session:
        if session.get_bind().dialect.name == "sqlite":
            session.execute(text("update scheduled_exports set policy = '{' where id = :id"), {"id": broken})
        else:
            session.execute(text("update scheduled_exports set policy = '[1]' where id = :id"), {"id": broken})


@pytest.mark.parametrize("breakage", [no_zone, no_comparison, no_constraint, unreadable])
def test_one_broken_row_of_any_kind_holds_nobody_up(
    schedule: Add, rung: list[str], monkeypatch: pytest.MonkeyPatch, breakage: Callable[..., None]
) -> None:
    broken, sound = schedule(NINE - HOUR), schedule(NINE)
    breakage(monkeypatch, broken)
    with transaction() as session:
        assert fire.fire_due(session, NINE, 10) == 2
    assert outcomes(sound) == ["fired"]
    (run,) = runs(broken)
    assert (run.outcome, run.slot) == ("missed", NINE - HOUR)
    assert run.reason
    with reading() as session:
        columns = ScheduledExport.last_error, ScheduledExport.error_count
        said, errors = session.query(*columns).filter(ScheduledExport.id == broken).one()
    assert (said, errors) == (run.reason, 1)
    later = schedule(NINE + SECOND)
    with transaction() as session:
        assert fire.fire_due(session, NINE + SECOND, 1) == 1
    assert outcomes(later) == ["fired"], "the broken one comes first"


def test_a_broken_row_is_tried_again_after_longer_and_longer_and_goes_on_once_it_is_sound(
    schedule: Add, rung: list[str]
) -> None:
    schedule_id, now, waits = schedule(NINE), NINE, []
    with pytest.MonkeyPatch.context() as patched:
        no_zone(patched, schedule_id)
        for _ in range(12):
            with transaction() as session:
                assert fire.fire_due(session, now, 10) == 1
            found = row(schedule_id)
            assert found.fire_at is not None
            assert health(found, now) is Health.FAILING
            waits.append((found.fire_at - now).total_seconds())
            now = found.fire_at
    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]
    assert (row(schedule_id).failures, outcomes(schedule_id)) == (1, ["missed"]), "one slot is one failure"
    tick(now)
    found = row(schedule_id)
    assert (found.next_run_at, found.parked_until, found.setbacks) == (NINE + DAY, None, 0)
    tick(NINE + DAY)
    assert outcomes(schedule_id) == ["missed", "fired"]


def test_a_row_that_is_due_and_has_no_slot_is_not_looked_at_for_ever(schedule: Add, rung: list[str]) -> None:
    odd = schedule(NINE)
    change(odd, next_run_at=None)
    with transaction() as session:
        assert fire.fire_due(session, NINE, 10) == 1
        assert fire.fire_due(session, NINE, 10) == 0


def test_a_row_that_cannot_be_resumed_holds_up_no_other_pause(
    schedule: Add, rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = [schedule(None, is_active=False, paused_by="failures", resume_at=NINE - HOUR) for _ in range(2)]
    change(sound, resume_at=NINE)
    break_for(monkeypatch, pauses, "rule_of", broken, OverflowError("date value out of range"))
    for second in range(2):
        with transaction() as session:
            pauses.resume_due(session, NINE + second * SECOND, 1)
    assert (row(broken).is_active, row(sound).is_active) == (False, True)
    assert "operator's log" in (row(broken).last_error or "")


def test_a_run_that_cannot_be_looked_at_holds_up_no_other(
    schedule: Add, rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = schedule(NINE), schedule(NINE)
    tick(NINE)
    for one in (broken, sound):
        end(one, ExportState.FAILED, NINE, "No.")
    break_for(monkeypatch, ended, "_look", broken, ZeroDivisionError())
    for second in range(2):
        with transaction() as session:
            ended.look_at_ended(session, NINE + second * SECOND, 1)
    assert (row(broken).failures, row(sound).failures) == (0, 1)
    assert row(broken).parked_until is not None


def test_a_waiting_slot_that_cannot_start_is_missed_and_holds_up_no_other(
    schedule: Add, rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = schedule(NINE), schedule(NINE)
    tick(NINE)
    tick(NINE + DAY)
    for one in (broken, sound):
        end(one, ExportState.COMPLETED, NINE + DAY)
    break_for(monkeypatch, queued, "begin", broken, ZeroDivisionError())
    for second in range(2):
        with transaction() as session:
            queued.start_queued(session, NINE + DAY + second * SECOND, 1)
    assert (outcomes(broken), outcomes(sound)) == (["fired", "missed"], ["fired", "fired"])


@pytest.mark.parametrize("part", ["fire_all_due", "do_chores", "_spread_crowd"])
def test_a_part_of_beat_that_fails_leaves_the_others_their_turn(
    broker: str, schedule: Add, rung: list[str], monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    schedule(NINE)
    paused = schedule(None, is_active=False, paused_by="failures", resume_at=NINE)

    def fail(*_arguments: object) -> float:
        raise ZeroDivisionError

    monkeypatch.setattr(beat, part, fail)
    assert DatabaseScheduler(app=application()).tick() <= beat.LONGEST_SLEEP
    with reading() as session:
        assert pulses.BEAT in pulses.read(session)
        assert (clock(session) - pulses.read(session)[pulses.BEAT]).total_seconds() < 60
    assert row(paused).is_active == (part != "do_chores")
    assert bool(rung) == (part == "do_chores")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"from_date": "2026-12-24", "to_date": "9999-12-31"}, "years from 1970 to 2999"),
        ({"from_date": "0001-01-01"}, "years from 1970 to 2999"),
        ({"from_time": "22:00", "to_time": "06:00Z"}, "no zone of their own"),
        ({"from_time": "22:00+01:00", "to_time": "06:00"}, "no zone of their own"),
    ],
)
def test_a_blackout_that_cannot_be_reckoned_with_is_refused_in_words(given: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        policy.read({"blackouts": [given]})


def test_the_last_day_of_a_blackout_can_be_reckoned_with_in_every_zone() -> None:
    found = policy.read({"blackouts": [{"from_date": "1970-01-01", "to_date": "2999-12-31"}], "in_blackout": "defer"})
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        reopened = policy.release(found, blackout.ZoneInfo(zone), "a schedule", NINE).reopens
        assert reopened is not None
        assert abs((reopened - NINE.replace(year=3000, month=1, day=1, hour=0)).total_seconds()) <= 14 * 3600


def test_resuming_after_a_fault_is_as_if_it_had_not_been(schedule: Add, rung: list[str]) -> None:
    schedule_id = schedule(NINE)
    change(schedule_id, is_active=False, paused_by="failures", paused_at=NINE, setbacks=3, parked_until=NINE + DAY)
    with transaction() as session:
        pauses.resume(session, session.get_one(ScheduledExport, schedule_id), now=NINE, catchup=Catchup.NONE)
    assert (row(schedule_id).setbacks, row(schedule_id).parked_until, exports(schedule_id)) == (0, None, [])
