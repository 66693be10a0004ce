"""Workers say that beat is dead: it cannot say so itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from longshore import pulses
from longshore.db import clock, transaction
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
    assert words(Watchman()) == ["beat_silent"]
    assert words(Watchman()) == []
    pulse(watch.NAME, 61)
    pulse(pulses.BEAT, 1)
    assert words(Watchman()) == []
    schedule(now - timedelta(seconds=400))
    watchman = Watchman()
    assert words(watchman) == ["schedules_late"]
    pulse(watch.NAME, 61)
    assert words(watchman) == [], "each process looks once a minute"
    pulse(pulses.BEAT, pulses.STALE + 1)
    assert words(Watchman()) == ["beat_silent", "schedules_late"]
