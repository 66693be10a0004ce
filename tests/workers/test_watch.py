"""Workers say that beat is dead: it cannot say so itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from longshore import events, pulses
from longshore.db import clock, reading, transaction
from longshore.models import ScheduledExport
from tests.schedules.conftest import schedule
from workers import watch
from workers.watch import Watchman

__all__ = ["schedule"]
"""The fixture of the schedules' own tests."""


def pulse(name: str, seconds: float) -> None:
    with transaction() as session:
        pulses.write(session, name, now=clock(session) - timedelta(seconds=seconds))


def words(watchman: Watchman) -> list[str]:
    with capture_logs() as logs:
        assert watchman.look() == bool(logs)
    return [line["event"] for line in logs]


def test_a_silent_beat_and_late_schedules_are_said_once_by_one_of_all_workers(
    schedule: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction() as session:
        now = clock(session)
    assert words(Watchman()) == []
    schedule(now + timedelta(days=1))
    pulse(watch.NAME, 61)
    assert words(Watchman()) == ["beat_silent"]
    assert words(Watchman()) == []
    pulse(watch.NAME, 61)
    pulse(pulses.BEAT, 1)
    assert words(Watchman()) == []
    schedule(now - timedelta(seconds=400))
    pulse(watch.NAME, 61)
    watchman = Watchman()
    assert words(watchman) == ["schedules_late"]
    pulse(watch.NAME, 61)
    assert words(watchman) == [], "each process looks once a minute"
    pulse(pulses.BEAT, pulses.STALE + 1)
    assert words(Watchman()) == ["beat_silent", "schedules_late"]


def look() -> None:
    pulse(watch.NAME, 61)
    Watchman().look()


def told(schedule_id: str) -> list[str]:
    with reading() as session:
        return [one.kind for one in events.of_schedule(session, "ann", schedule_id, 0, 100)]


def change(schedule_id: str, **values: object) -> None:
    with transaction() as session:
        row = session.get_one(ScheduledExport, schedule_id)
        for name, value in values.items():
            setattr(row, name, value)


def test_each_change_of_a_schedule_is_in_its_history_once(schedule: Callable[..., str]) -> None:
    with transaction() as session:
        now = clock(session)
    tomorrow, long_ago = now + timedelta(days=1), now - timedelta(seconds=400)
    one, other = schedule(tomorrow), schedule(tomorrow)
    look()
    assert told(one) == []
    change(one, next_run_at=long_ago, fire_at=long_ago, late_at=now - timedelta(seconds=1))
    look()
    look()
    assert told(one) == ["schedule.late"]
    change(one, next_run_at=tomorrow, fire_at=tomorrow, late_at=tomorrow, failures=1, last_error="The disk is full.")
    look()
    look()
    assert told(one) == ["schedule.late", "schedule.failing"]
    change(one, failures=0)
    look()
    look()
    assert told(one) == ["schedule.late", "schedule.failing", "schedule.recovered"]
    assert told(other) == []
    with reading() as session:
        late, failing, recovered = events.of_schedule(session, "ann", one, 0, 100)
        assert late.data == {"slot": long_ago.isoformat()}
        assert failing.data == {"reason": "The disk is full."}
        assert recovered.data == {"was": "failing"}
        assert [row.id for row in events.of_schedule(session, "ann", one, late.id, 1)] == [failing.id]


def test_that_beat_fell_silent_and_came_back_is_told_once_to_everybody(schedule: Callable[..., str]) -> None:
    with transaction() as session:
        tomorrow = clock(session) + timedelta(days=1)

    def heard(by: str) -> list[str]:
        with reading() as session:
            return [one.kind for one in events.of_schedules(session, by, 0, 100)]

    look()
    assert heard("ann") == [], "nobody needs it"
    schedule(tomorrow)
    for _ in range(2):
        look()
        assert heard("ann") == heard("bob") == ["beat.silent"]
    for _ in range(2):
        pulse(pulses.BEAT, 1)
        look()
        assert heard("bob") == ["beat.silent", "beat.back"]
    pulse(pulses.BEAT, pulses.STALE + 1)
    look()
    assert heard("bob") == ["beat.silent", "beat.back", "beat.silent"]
