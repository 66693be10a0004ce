"""One pulse a process of beat, and one of whichever works."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from longshore import pulses
from longshore.db import reading, transaction

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ONE, TWO = pulses.beat_name("box", 1), pulses.beat_name("box", 2)


def beat(name: str, seconds: float) -> None:
    with transaction() as session:
        pulses.beat(session, now=NOON + timedelta(seconds=seconds), name=name)


def test_each_beat_has_a_pulse_of_its_own_beside_that_of_all(database: str) -> None:
    beat(ONE, 0)
    beat(TWO, 50)
    with reading() as session:
        assert pulses.beats(session) == {ONE: NOON, TWO: NOON + timedelta(seconds=50)}
        assert pulses.read(session)[pulses.BEAT] == NOON + timedelta(seconds=50)
        assert pulses.unbroken_since(session, NOON + timedelta(seconds=55)) == NOON


def test_a_beat_that_was_silent_for_a_day_is_forgotten_by_the_next_one(database: str) -> None:
    beat(ONE, 0)
    beat(TWO, pulses.FORGOTTEN.total_seconds())
    with reading() as session:
        assert set(pulses.beats(session)) == {ONE, TWO}
    beat(TWO, pulses.FORGOTTEN.total_seconds() + 5)
    with reading() as session:
        assert set(pulses.read(session)) == {pulses.BEAT, TWO}


def test_a_name_fits_whatever_the_host_is_called() -> None:
    assert len(pulses.beat_name("h" * 255, 4_194_304)) <= 100
    assert pulses.beat_name().startswith("beat:")
