"""The cadence against a brute-force reading of its rule: walk the minutes and look at the wall clock."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedules.cadence import Cadence, next_slot, slots, walk_back, zones

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ODD_ZONES = (
    "America/New_York",  # one hour, at 02:00
    "Europe/London",
    "Australia/Lord_Howe",  # half an hour
    "Pacific/Apia",  # skipped 30 December 2011
    "Asia/Beirut",  # at midnight
    "America/Sao_Paulo",  # at midnight, until 2019
    "Africa/Casablanca",  # twice a year around Ramadan
    "America/St_Johns",  # at 00:01 until 2011
    "Antarctica/Troll",  # two hours
    "Asia/Pyongyang",  # half an hour for good, in 2015 and 2018
    "Asia/Kathmandu",
    "UTC",
)


def is_meant(cadence: Cadence, wall: datetime) -> bool:
    if cadence.schedule_day_of_week is not None and wall.weekday() != cadence.schedule_day_of_week:
        return False
    if cadence.schedule_day_of_month is not None:
        last = calendar.monthrange(wall.year, wall.month)[1]
        if wall.day != min(cadence.schedule_day_of_month, last):
            return False
    return wall.time() == cadence.schedule_time


def brute_force(cadence: Cadence, after: datetime) -> datetime:
    """The first minute after `after` in which the clock reaches, for the first time, a minute that is meant."""
    zone = ZoneInfo(cadence.timezone)
    instant = after.replace(second=0, microsecond=0) - 2 * DAY
    furthest = instant.astimezone(zone).replace(tzinfo=None)
    while True:
        instant += MINUTE
        wall = instant.astimezone(zone).replace(tzinfo=None)
        passed = furthest
        while passed < wall:
            passed += MINUTE
            if is_meant(cadence, passed) and instant > after:
                return instant
        furthest = max(furthest, wall)


def cadences(zone_names: st.SearchStrategy[str]) -> st.SearchStrategy[Cadence]:
    night = st.integers(0, 239).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")  # where clocks are changed
    any_time = st.times().map(lambda at: f"{at:%H:%M}")
    at = st.one_of(night, any_time)
    return st.one_of(
        st.builds(Cadence.read, st.just("daily"), at, zone_names),
        st.builds(Cadence.read, st.just("weekly"), at, zone_names, schedule_day_of_week=st.integers(0, 6)),
    )


def transitions(name: str) -> list[datetime]:
    """Days between 2006 and 2037 on which the zone's offset changes."""
    zone = ZoneInfo(name)
    days = [datetime(2006, 1, 1, tzinfo=UTC) + DAY * n for n in range(366 * 32)]
    return [
        day for day in days if day.astimezone(zone).utcoffset() != (day + DAY).astimezone(zone).utcoffset()
    ] or days[:1]


CHANGES = {name: transitions(name) for name in ODD_ZONES}


@st.composite
def near_a_change(draw: st.DrawFn) -> tuple[Cadence, datetime]:
    cadence = draw(cadences(st.sampled_from(ODD_ZONES)))
    change = draw(st.sampled_from(CHANGES[cadence.timezone]))
    return cadence, change + timedelta(seconds=draw(st.integers(-2 * 86400, 2 * 86400)))


@st.composite
def anywhere(draw: st.DrawFn) -> tuple[Cadence, datetime]:
    after = draw(st.datetimes(datetime(1980, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
    return draw(cadences(st.sampled_from(sorted(zones())))), after


@settings(max_examples=25, deadline=None)
@given(near_a_change())
def test_the_next_slot_is_where_the_clock_first_reaches_the_time(case: tuple[Cadence, datetime]) -> None:
    cadence, after = case
    assert next_slot(cadence, after) == brute_force(cadence, after)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@settings(max_examples=3000, deadline=None)
@given(st.one_of(near_a_change(), anywhere()))
def test_thousands_of_slots_are_where_the_clock_first_reaches_the_time(case: tuple[Cadence, datetime]) -> None:
    cadence, after = case
    assert next_slot(cadence, after) == brute_force(cadence, after)


@settings(max_examples=60, deadline=None)
@given(anywhere(), st.integers(1, 31))
def test_slots_follow_one_another_and_each_is_the_next_of_the_one_before(
    case: tuple[Cadence, datetime], day: int
) -> None:
    weekly, after = case
    for cadence in (
        weekly,
        Cadence.read("monthly", weekly.schedule_time, weekly.timezone, schedule_day_of_month=day),
    ):
        due = [slot.at for slot in slots(cadence, after, 6)]
        assert due == sorted(set(due))
        assert due[0] > after
        assert [next_slot(cadence, at) for at in due[:-1]] == due[1:]


@settings(max_examples=60, deadline=None)
@given(st.one_of(near_a_change(), anywhere()))
def test_walking_back_meets_the_same_slots(case: tuple[Cadence, datetime]) -> None:
    cadence, after = case
    forward = slots(cadence, after, 20)
    assert list(islice(walk_back(cadence, forward[-1].at), 20)) == forward[::-1]
    assert next(walk_back(cadence, forward[-1].at - timedelta(microseconds=1))) == forward[-2]


@pytest.mark.parametrize("day", [1, 28, 29, 30, 31])
def test_every_month_of_a_decade_has_one_slot(day: int) -> None:
    cadence = Cadence.read("monthly", "12:00", "Europe/Paris", schedule_day_of_month=day)
    due = slots(cadence, datetime(2023, 12, 31, 23, tzinfo=UTC), 120)
    months = [(slot.local.year, slot.local.month) for slot in due]
    assert months == [(2024 + n // 12, n % 12 + 1) for n in range(120)]
    assert all(is_meant(cadence, slot.local.replace(tzinfo=None)) for slot in due)
