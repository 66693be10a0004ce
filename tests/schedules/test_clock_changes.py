"""Named nights on which clocks changed, under each policy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from schedules.cadence import Cadence, next_slot, slots, walk_back


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def cron(text: str, zone: str, **policies: str) -> Cadence:
    return Cadence.read("cron", None, zone, schedule_cron=text, **policies)


def local(cadence: Cadence, after: str, until: str) -> list[str]:
    """What the clock shows at each slot between two instants, with its offset."""
    shown = []
    for slot in slots(cadence, utc(after), 400):
        if slot.at >= utc(until):
            break
        shown.append(f"{slot.local:%d %H:%M%z}"[:-2])
    return shown


NEW_YORK, LONDON = "America/New_York", "Europe/London"
SPRING, AUTUMN = ("2026-03-08T04:00", "2026-03-09T04:00"), ("2026-11-01T04:00", "2026-11-02T05:00")


@pytest.mark.parametrize(
    ("expression", "policies", "shown"),
    [
        ("30 2 * * *", {}, ["08 03:00-04"]),
        ("30 2 * * *", {"dst_gap": "skip"}, []),
        ("0,30 2,3 * * *", {}, ["08 03:00-04", "08 03:30-04"]),
        ("*/30 1-3 * * *", {}, ["08 01:00-05", "08 01:30-05", "08 03:00-04", "08 03:30-04"]),
        ("*/30 1-3 * * *", {"dst_gap": "skip"}, ["08 01:00-05", "08 01:30-05", "08 03:00-04", "08 03:30-04"]),
        ("45 1-3 * * *", {}, ["08 01:45-05", "08 03:00-04", "08 03:45-04"]),
        ("45 1-3 * * *", {"dst_gap": "skip"}, ["08 01:45-05", "08 03:45-04"]),
    ],
)
def test_new_york_jumps_from_two_to_three(expression: str, policies: dict[str, str], shown: list[str]) -> None:
    assert local(cron(expression, NEW_YORK, **policies), *SPRING) == shown


@pytest.mark.parametrize(
    ("expression", "overlap", "shown"),
    [
        ("30 1 * * *", "first", ["01 01:30-04"]),
        ("30 1 * * *", "second", ["01 01:30-05"]),
        ("30 1 * * *", "both", ["01 01:30-04", "01 01:30-05"]),
        ("0 0-2 * * *", "first", ["01 00:00-04", "01 01:00-04", "01 02:00-05"]),
        ("0 0-2 * * *", "second", ["01 00:00-04", "01 01:00-05", "01 02:00-05"]),
        ("0 0-2 * * *", "both", ["01 00:00-04", "01 01:00-04", "01 01:00-05", "01 02:00-05"]),
        ("*/30 1 * * *", "first", ["01 01:00-04", "01 01:30-04"]),
        ("*/30 1 * * *", "both", ["01 01:00-04", "01 01:30-04", "01 01:00-05", "01 01:30-05"]),
    ],
)
def test_new_york_shows_one_to_two_twice(expression: str, overlap: str, shown: list[str]) -> None:
    after = "2026-11-01T03:59"
    assert local(cron(expression, NEW_YORK, dst_overlap=overlap), after, AUTUMN[1]) == shown


def test_every_fifteen_minutes_fires_each_wall_clock_time_once_and_with_both_every_fifteen_minutes() -> None:
    quarter = timedelta(minutes=15)
    for overlap, count, widest in (("first", 96, 5), ("second", 96, 5), ("both", 100, 1)):
        cadence = cron("*/15 * * * *", NEW_YORK, dst_overlap=overlap)
        due = [slot.at for slot in slots(cadence, utc("2026-11-01T03:59"), count + 1)]
        steps = [later - earlier for earlier, later in pairwise(due)]
        assert due[-1] == utc("2026-11-02T05:00")  # midnight, a day of 25 hours later
        assert max(steps) == widest * quarter
        assert min(steps) == quarter
    for gap in ("first_valid", "skip"):
        due = [slot.at for slot in slots(cron("*/15 * * * *", NEW_YORK, dst_gap=gap), utc("2026-03-08T04:59"), 93)]
        assert {later - earlier for earlier, later in pairwise(due)} == {quarter}
        assert due[-1] == utc("2026-03-09T04:00")  # midnight, a day of 23 hours later


def test_in_the_first_pass_the_second_is_still_to_come() -> None:
    for minutes in (0, 10, 29, 30, 59):
        now = utc("2026-11-01T05:00") + timedelta(minutes=minutes)
        second = cron("30 1 * * *", NEW_YORK, dst_overlap="second")
        assert next_slot(second, now) == utc("2026-11-01T06:30")
        both = cron("30 1 * * *", NEW_YORK, dst_overlap="both")
        assert next_slot(both, now) == utc("2026-11-01T05:30" if minutes < 30 else "2026-11-01T06:30")
        early = cron("5 1 * * *", NEW_YORK, dst_overlap="both")
        assert next_slot(early, now) == utc("2026-11-01T05:05" if minutes < 5 else "2026-11-01T06:05")


@pytest.mark.parametrize(
    ("zone", "expression", "policies", "after", "until", "shown"),
    [
        (LONDON, "30 1 * * *", {}, "2026-03-28T12:00", "2026-03-30T12:00", ["29 02:00+01", "30 01:30+01"]),
        (LONDON, "30 1 * * *", {"dst_gap": "skip"}, "2026-03-28T12:00", "2026-03-30T12:00", ["30 01:30+01"]),
        (LONDON, "30 1 * * *", {"dst_overlap": "second"}, "2026-10-24T12:00", "2026-10-25T12:00", ["25 01:30+00"]),
        # Dublin's law has summer as the standard and winter as the exception; the tz database calls it negative DST
        ("Europe/Dublin", "30 1 * * *", {}, "2026-03-28T12:00", "2026-03-29T12:00", ["29 02:00+01"]),
        (
            "Europe/Dublin",
            "30 1 * * *",
            {"dst_overlap": "both"},
            "2026-10-24T12:00",
            "2026-10-25T12:00",
            ["25 01:30+01", "25 01:30+00"],
        ),
        # Casablanca goes back for Ramadan and forward after it
        (
            "Africa/Casablanca",
            "30 2 * * *",
            {"dst_overlap": "both"},
            "2025-02-22T12:00",
            "2025-02-23T12:00",
            ["23 02:30+01", "23 02:30+00"],
        ),
        ("Africa/Casablanca", "30 2 * * *", {}, "2025-04-05T12:00", "2025-04-06T12:00", ["06 03:00+01"]),
        # Troll changes by two hours
        ("Antarctica/Troll", "30 1,2 * * *", {}, "2026-03-28T12:00", "2026-03-29T12:00", ["29 03:00+02"]),
        (
            "Antarctica/Troll",
            "30 1,2 * * *",
            {"dst_overlap": "both"},
            "2026-10-24T12:00",
            "2026-10-25T12:00",
            ["25 01:30+02", "25 02:30+02", "25 01:30+00", "25 02:30+00"],
        ),
        ("Asia/Beirut", "0 0 * * *", {"dst_gap": "skip"}, "2022-03-26T12:00", "2022-03-27T12:00", []),
        ("Asia/Beirut", "0,30 0 * * *", {}, "2022-03-26T12:00", "2022-03-27T12:00", ["27 01:00+03"]),
        # Apia had no 30 December 2011
        ("Pacific/Apia", "0 9 * * *", {"dst_gap": "skip"}, "2011-12-29T12:00", "2011-12-31T12:00",
         ["29 09:00-10", "31 09:00+14"]),
        ("Pacific/Apia", "0 */6 30 12 *", {}, "2011-12-29T12:00", "2012-01-01T00:00", ["31 00:00+14"]),
        ("Pacific/Apia", "0 */6 30 12 *", {"dst_gap": "skip"}, "2011-12-29T12:00", "2012-01-01T00:00", []),
        # Kathmandu moved by a quarter of an hour, once
        ("Asia/Kathmandu", "5,20 0 1 1 *", {}, "1985-12-31T12:00", "1986-01-01T12:00", ["01 00:15+05", "01 00:20+05"]),
    ],
)  # fmt: skip
def test_clocks_elsewhere(
    zone: str, expression: str, policies: dict[str, str], after: str, until: str, shown: list[str]
) -> None:
    assert local(cron(expression, zone, **policies), after, until) == shown


def test_lord_howe_changes_by_half_an_hour() -> None:
    quarters = cron("*/15 1,2 * * *", "Australia/Lord_Howe")
    forward = [f"{slot.local:%H:%M}" for slot in slots(quarters, utc("2026-10-03T14:00"), 6)]
    assert forward == ["01:00", "01:15", "01:30", "01:45", "02:30", "02:45"]
    back = cron("*/15 1,2 * * *", "Australia/Lord_Howe", dst_overlap="both")
    shown = [f"{slot.local:%H:%M%z}" for slot in slots(back, utc("2026-04-04T13:00"), 10)]
    assert shown == [
        "01:00+1100", "01:15+1100", "01:30+1100", "01:45+1100", "01:30+1030", "01:45+1030",
        "02:00+1030", "02:15+1030", "02:30+1030", "02:45+1030",
    ]  # fmt: skip


def test_st_johns_set_its_clock_back_over_midnight() -> None:
    """At 00:01 it was 23:01 again, of the day before: the second pass of a day began after the next had begun."""
    cadence = Cadence.read("daily", None, "America/St_Johns", schedule_times=["23:30", "00:00"], dst_overlap="both")
    due = slots(cadence, utc("2010-11-06T12:00"), 5)
    shown = [f"{slot.local:%d %H:%M%z}" for slot in due]
    assert shown == ["06 23:30-0230", "07 00:00-0230", "06 23:30-0330", "07 00:00-0330", "07 23:30-0330"]
    for number, slot in enumerate(due):
        back = walk_back(cadence, slot.at)
        assert [next(back).at for _ in range(number + 1)] == [one.at for one in due[: number + 1]][::-1]


@pytest.mark.parametrize(
    ("rule", "after", "due"),
    [
        ({"schedule_days_of_month": [29], "month_end": "skip"}, "2027-01-29T09:00", "2027-03-29T09:00"),
        ({"schedule_days_of_month": [29], "month_end": "skip"}, "2028-01-29T09:00", "2028-02-29T09:00"),
        ({"schedule_days_of_month": [29]}, "2027-01-29T09:00", "2027-02-28T09:00"),
        ({"schedule_days_of_month": [31], "month_end": "skip"}, "2028-01-31T09:00", "2028-03-31T09:00"),
        ({"schedule_days_of_month": [-1], "month_end": "skip"}, "2028-01-31T09:00", "2028-02-29T09:00"),
        ({"schedule_days_of_month": [29, 30, 31]}, "2026-02-01T09:00", "2026-02-28T09:00"),
        ({"schedule_days_of_month": [29, 30, 31]}, "2026-02-28T09:00", "2026-03-29T09:00"),
        ({"schedule_day_of_week": 0, "schedule_week_of_month": 5}, "2026-03-30T09:00", "2026-06-29T09:00"),
        ({"schedule_day_of_week": 4, "schedule_week_of_month": -1}, "2026-02-01T09:00", "2026-02-27T09:00"),
    ],
)
def test_ends_of_months_and_leap_days(rule: dict[str, Any], after: str, due: str) -> None:
    assert next_slot(Cadence.read("monthly", "09:00", **rule), utc(after)) == utc(due)


def test_a_rare_rule_is_found_however_far_and_one_that_never_comes_is_known() -> None:
    sundays = cron("0 0 29 2 */7", "UTC")  # both day fields, as one begins with *
    found = [slot.at.year for slot in slots(sundays, utc("2026-01-01T00:00"), 5)]
    assert found == [2032, 2060, 2088, 2128, 2156]  # 2100 is no leap year
    assert next_slot(cron("0 0 30 2 *", "UTC"), utc("2026-01-01T00:00")) is None
    assert list(walk_back(cron("0 0 30 2 *", "UTC"), utc("2026-01-01T00:00"))) == []
    # half past two on the second Sunday of March: always in New York's gap
    always = cron("30 2 8-14 3 */7", NEW_YORK, dst_gap="skip", start_at="2007-01-01")
    assert next_slot(always, utc("2026-01-01T00:00")) is None
    assert next_slot(cron("30 2 8-14 3 */7", NEW_YORK), utc("2026-01-01T00:00")) == utc("2026-03-08T07:00")


def test_an_interval_is_elapsed_time() -> None:
    hourly = Cadence.read("interval", None, NEW_YORK, schedule_interval_seconds=3600, start_at="2026-11-01T00:30")
    shown = [f"{slot.local:%H:%M%z}" for slot in slots(hourly, utc("2026-11-01T04:00"), 4)]
    assert shown == ["00:30-0400", "01:30-0400", "01:30-0500", "02:30-0500"]
    assert next_slot(hourly, utc("2036-11-01T04:00")) == utc("2036-11-01T04:30")


@pytest.mark.parametrize("policy", ["first", "second", "both"])
def test_once_is_once_but_for_both(policy: str) -> None:
    once = Cadence.read("once", None, NEW_YORK, schedule_at="2026-11-01T01:30", dst_overlap=policy)
    passes = {"first": ["05:30"], "second": ["06:30"], "both": ["05:30", "06:30"]}[policy]
    assert [f"{slot.at:%H:%M}" for slot in slots(once, utc("2026-01-01T00:00"), 9)] == passes
    instant = Cadence.read("once", None, NEW_YORK, schedule_at="2026-11-01T06:30:00Z", dst_overlap=policy)
    assert [slot.at for slot in slots(instant, utc("2026-01-01T00:00"), 9)] == [utc("2026-11-01T06:30")]
    assert next_slot(instant, utc("2026-11-01T06:30")) is None


def test_start_and_end_count_themselves_and_a_date_counts_as_a_whole() -> None:
    rule = {"start_at": "2026-03-08", "end_at": "2026-03-09", "schedule_times": ["00:00", "23:59"]}
    whole = Cadence.read("daily", None, NEW_YORK, **rule)
    assert local(whole, "2026-01-01T00:00", "2027-01-01T00:00") == [
        "08 00:00-05",
        "08 23:59-04",
        "09 00:00-04",
        "09 23:59-04",
    ]
    exact = Cadence.read("daily", "09:00", start_at="2026-03-08T09:00", end_at="2026-03-10T09:00:00Z")
    assert [f"{slot.at:%d}" for slot in slots(exact, utc("2026-01-01T00:00"), 9)] == ["08", "09", "10"]
    assert [f"{slot.at:%d}" for slot in walk_back(exact, utc("2027-01-01T00:00"))] == ["10", "09", "08"]
