"""The cadence against a brute-force reading of its rules: look at the wall clock, minute by minute."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from longshore.errors import Invalid
from schedules.cadence import Cadence, next_slot, slots, walk, walk_back
from tests.schedules.oracle import Meant, begins, brute_force
from tests.schedules.rules import cases

QUIET = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
MOMENT = timedelta(microseconds=1)
DENSE = 400
"""Slots that are compared in one case: a rule of every minute has far more."""


def rule_of(meant: Meant) -> Cadence | None:
    """None where the end falls before the start, which is refused: a change of the clocks can bring them so close."""
    fields: dict[str, Any] = meant.fields
    if isinstance(meant.end, datetime) and begins(meant, meant.end) < begins(meant, meant.start or meant.end):
        with pytest.raises(Invalid, match="end_at is before start_at"):
            Cadence.read(**fields)
        return None
    return Cadence.read(**fields)


def compare(meant: Meant, after: datetime, *, days: int) -> int:
    """The number of slots that were compared. Fails where one is missing, too many or at another instant."""
    cadence = rule_of(meant)
    if cadence is None:
        return 0
    expected, complete = brute_force(meant, after, days=days)
    expected = expected[:DENSE]
    found = [slot.at for slot in islice(takewhile(lambda slot: slot.at < complete, walk(cadence, after)), DENSE)]
    assert found == expected
    if expected:
        assert next_slot(cadence, after) == expected[0]
        middle = expected[len(expected) // 2]
        assert next((slot.at for slot in walk(cadence, middle - MOMENT)), None) == middle
        back = takewhile(lambda slot: slot.at > after, walk_back(cadence, expected[-1]))
        assert [slot.at for slot in back] == expected[::-1]
    return len(expected)


@settings(max_examples=60, **QUIET)
@given(cases())
def test_slots_are_where_the_clock_shows_them(case: tuple[Meant, datetime]) -> None:
    compare(*case, days=2)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_thousand_schedules_agree_with_the_clock(record_property: Callable[[str, object], None]) -> None:
    counts: list[int] = []

    @settings(max_examples=10_000, database=None, **QUIET)
    @given(cases())
    def agree(case: tuple[Meant, datetime]) -> None:
        counts.append(compare(*case, days=3))

    agree()
    record_property("target", "10,000 random schedules and zones, 0 differences from a brute-force oracle")
    record_property("figure", f"{len(counts):,} schedules, {sum(counts):,} slots, 0 differences")
    assert len(counts) >= 10_000


@settings(max_examples=30, **QUIET)
@given(cases())
def test_slots_follow_one_another_and_each_is_the_next_of_the_one_before(case: tuple[Meant, datetime]) -> None:
    meant, after = case
    cadence = rule_of(meant)
    due = [slot.at for slot in slots(cadence, after, 6)] if cadence else []
    assert due == sorted(set(due))
    assert all(at > after for at in due)
    assert [cadence and next_slot(cadence, at) for at in due[:-1]] == due[1:]


@pytest.mark.parametrize("day", [1, 28, 29, 30, 31])
def test_every_month_of_a_decade_has_one_slot(day: int) -> None:
    cadence = Cadence.read("monthly", "12:00", "Europe/Paris", schedule_day_of_month=day)
    due = slots(cadence, datetime(2023, 12, 31, 23, tzinfo=UTC), 120)
    months = [(slot.local.year, slot.local.month) for slot in due]
    assert months == [(2024 + n // 12, n % 12 + 1) for n in range(120)]
    assert [slot.local.day for slot in due] == [min(day, calendar.monthrange(*month)[1]) for month in months]
