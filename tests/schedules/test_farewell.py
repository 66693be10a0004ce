"""A beat that is asked to stop leaves the list of beats, whenever the signal comes."""

from __future__ import annotations

import time

import pytest

from longshore import db, pulses
from schedules import beat
from schedules.beat import DatabaseScheduler
from tests.schedules.test_beat import application

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_a_signal_within_a_tick_leaves_the_list_when_the_tick_has_ended(
    broker: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = DatabaseScheduler(app=application())

    def stop() -> int:
        with db.transaction():  # as SQLite has it: nobody else can write
            began = time.monotonic()
            scheduler.close()
            assert time.monotonic() - began < 5
            raise SystemExit

    monkeypatch.setattr(beat, "do_chores", stop)
    with pytest.raises(SystemExit):
        scheduler.tick()
    with db.reading() as session:
        assert pulses.beats(session)
    scheduler.close()
    with db.reading() as session:
        assert not pulses.beats(session)
