from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from longshore.errors import Invalid
from schedules.cadence import Cadence, next_slot, slots


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def daily(at: str, zone: str = "UTC") -> Cadence:
    return Cadence.read("daily", at, zone)


def local_slots(cadence: Cadence, after: str, count: int) -> list[str]:
    return [slot.local.isoformat(timespec="minutes") for slot in slots(cadence, utc(after), count)]


@pytest.mark.parametrize(
    ("cadence", "after", "due"),
    [
        (daily("09:00"), "2026-03-01T08:59:59", "2026-03-01T09:00:00"),
        (daily("09:00"), "2026-03-01T09:00:00", "2026-03-02T09:00:00"),
        (daily("09:00:30"), "2026-03-01T09:00:00", "2026-03-01T09:00:30"),
        (daily("00:00"), "2026-12-31T12:00:00", "2027-01-01T00:00:00"),
        (daily("23:59:59"), "2026-12-31T23:59:59", "2027-01-01T23:59:59"),
        (daily("12:00"), "2028-02-28T12:00:00", "2028-02-29T12:00:00"),
        (daily("12:00"), "2027-02-28T12:00:00", "2027-03-01T12:00:00"),
        (Cadence.read("weekly", "09:00", schedule_day_of_week=0), "2026-03-01T00:00:00", "2026-03-02T09:00:00"),
        (Cadence.read("weekly", "09:00", schedule_day_of_week=6), "2026-03-01T09:00:00", "2026-03-08T09:00:00"),
        (Cadence.read("weekly", "09:00", schedule_day_of_week=4), "2026-12-31T00:00:00", "2027-01-01T09:00:00"),
        (Cadence.read("monthly", "09:00", schedule_day_of_month=1), "2026-12-01T09:00:00", "2027-01-01T09:00:00"),
    ],
)
def test_the_next_slot_is_the_first_instant_after_the_given_one(cadence: Cadence, after: str, due: str) -> None:
    assert next_slot(cadence, utc(after)) == utc(due)
    assert next_slot(cadence, utc(after)).tzinfo is UTC


def test_a_weekly_schedule_counts_monday_as_day_zero() -> None:
    for day, name in enumerate(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]):
        cadence = Cadence.read("weekly", "07:30", "Asia/Tokyo", schedule_day_of_week=day)
        assert f"{slots(cadence, utc('2026-08-01T00:00'), 1)[0].local:%a %H:%M}" == f"{name} 07:30"


def test_the_31st_falls_on_the_last_day_of_shorter_months() -> None:
    cadence = Cadence.read("monthly", "10:00", "Europe/Berlin", schedule_day_of_month=31)
    due = slots(cadence, utc("2028-01-15T00:00"), 5)
    assert [f"{slot.local:%m-%d %H:%M}" for slot in due] == [
        "01-31 10:00",
        "02-29 10:00",
        "03-31 10:00",
        "04-30 10:00",
        "05-31 10:00",
    ]
    assert due[1].note == "February 2028 has 29 days; fires on the last one"
    assert due[0].note == ""


def test_the_30th_fires_once_a_month() -> None:
    cadence = Cadence.read("monthly", "10:00", schedule_day_of_month=30)
    assert [f"{slot.at:%m-%d}" for slot in slots(cadence, utc("2026-01-30T10:00"), 4)] == [
        "02-28",
        "03-30",
        "04-30",
        "05-30",
    ]
    assert next_slot(cadence, utc("2026-01-31T23:00")) == utc("2026-02-28T10:00")


def test_the_wall_clock_time_stays_when_the_offset_changes() -> None:
    assert local_slots(daily("09:00", "America/New_York"), "2026-03-07T00:00", 3) == [
        "2026-03-07T09:00-05:00",
        "2026-03-08T09:00-04:00",
        "2026-03-09T09:00-04:00",
    ]
    weekly = Cadence.read("weekly", "08:00", "Europe/Amsterdam", schedule_day_of_week=0)
    assert local_slots(weekly, "2026-10-20T00:00", 1) == ["2026-10-26T08:00+01:00"]


@pytest.mark.parametrize(
    ("cadence", "after", "first", "second", "note"),
    [
        (
            daily("02:30", "America/New_York"),
            "2026-03-07T12:00",
            "2026-03-08T03:00-04:00",
            "2026-03-09T02:30-04:00",
            "02:30 does not exist on 8 March 2026 in America/New_York; fires at 03:00",
        ),
        (
            daily("01:30", "Europe/London"),
            "2026-03-28T12:00",
            "2026-03-29T02:00+01:00",
            "2026-03-30T01:30+01:00",
            "01:30 does not exist on 29 March 2026 in Europe/London; fires at 02:00",
        ),
        (
            daily("02:15", "Australia/Lord_Howe"),
            "2026-10-03T12:00",
            "2026-10-04T02:30+11:00",
            "2026-10-05T02:15+11:00",
            "02:15 does not exist on 4 October 2026 in Australia/Lord_Howe; fires at 02:30",
        ),
        (
            daily("00:00", "Asia/Beirut"),
            "2022-03-26T12:00",
            "2022-03-27T01:00+03:00",
            "2022-03-28T00:00+03:00",
            "00:00 does not exist on 27 March 2022 in Asia/Beirut; fires at 01:00",
        ),
        (
            daily("09:00", "Pacific/Apia"),
            "2011-12-30T00:00",
            "2011-12-31T00:00+14:00",
            "2011-12-31T09:00+14:00",
            "09:00 does not exist on 30 December 2011 in Pacific/Apia; fires at 00:00 on 31 December 2011",
        ),
        (
            daily("01:30", "America/New_York"),
            "2026-10-31T12:00",
            "2026-11-01T01:30-04:00",
            "2026-11-02T01:30-05:00",
            "01:30 comes twice on 1 November 2026 in America/New_York; fires the first time only",
        ),
        (
            daily("01:45", "Australia/Lord_Howe"),
            "2026-04-04T00:00",
            "2026-04-05T01:45+11:00",
            "2026-04-06T01:45+10:30",
            "01:45 comes twice on 5 April 2026 in Australia/Lord_Howe; fires the first time only",
        ),
        (
            daily("01:30", "Europe/London"),
            "2026-10-24T12:00",
            "2026-10-25T01:30+01:00",
            "2026-10-26T01:30+00:00",
            "01:30 comes twice on 25 October 2026 in Europe/London; fires the first time only",
        ),
    ],
)
def test_a_time_that_the_clock_skips_or_repeats_fires_once(
    cadence: Cadence, after: str, first: str, second: str, note: str
) -> None:
    due = slots(cadence, utc(after), 2)
    assert [slot.local.isoformat(timespec="minutes") for slot in due] == [first, second]
    assert [slot.note for slot in due] == [note, ""]
    assert next_slot(cadence, due[0].at) == due[1].at


def test_midnight_of_a_skipped_day_and_of_the_day_after_it_are_one_slot() -> None:
    assert local_slots(daily("00:00", "Pacific/Apia"), "2011-12-29T09:00", 3) == [
        "2011-12-29T00:00-10:00",
        "2011-12-31T00:00+14:00",
        "2012-01-01T00:00+14:00",
    ]


def test_a_week_whose_day_was_skipped_still_has_its_slot() -> None:
    friday = Cadence.read("weekly", "09:00", "Pacific/Apia", schedule_day_of_week=4)
    assert local_slots(friday, "2011-12-25T00:00", 2) == ["2011-12-31T00:00+14:00", "2012-01-06T09:00+14:00"]


def test_between_the_two_passes_of_an_hour_the_slot_is_not_due_again() -> None:
    cadence = daily("01:30", "America/New_York")
    assert next_slot(cadence, utc("2026-11-01T06:10")) == utc("2026-11-02T06:30")  # 01:10 for the second time


@pytest.mark.parametrize(
    ("fields", "culprit", "says"),
    [
        ({"schedule_type": "hourly"}, "schedule_type", "daily, weekly, monthly"),
        ({"schedule_time": "24:00"}, "schedule_time", "HH:MM"),
        ({"schedule_time": "9:00"}, "schedule_time", "HH:MM"),
        ({"schedule_time": "09:00:60"}, "schedule_time", "HH:MM"),
        ({"schedule_time": "09:00\n"}, "schedule_time", "HH:MM"),
        ({"schedule_time": "\u0660\u0669:\u0660\u0660"}, "schedule_time", "HH:MM"),
        ({"schedule_time": 900}, "schedule_time", "HH:MM"),
        ({"timezone": "europe/london"}, "timezone", "did you mean Europe/London?"),
        ({"timezone": "America/New York"}, "timezone", "did you mean America/New_York?"),
        ({"timezone": "../etc/passwd"}, "timezone", "IANA"),
        ({"timezone": "right/UTC"}, "timezone", "IANA"),
        ({"timezone": ""}, "timezone", "IANA"),
        ({"timezone": "x" * 100_000}, "timezone", "IANA"),
        ({"timezone": None}, "timezone", "IANA"),
        ({"schedule_type": "weekly"}, "schedule_day_of_week", "needs"),
        ({"schedule_type": "weekly", "schedule_day_of_week": 7}, "schedule_day_of_week", "0 is Monday"),
        ({"schedule_type": "weekly", "schedule_day_of_week": True}, "schedule_day_of_week", "0 is Monday"),
        ({"schedule_type": "monthly"}, "schedule_day_of_month", "needs"),
        ({"schedule_type": "monthly", "schedule_day_of_month": 0}, "schedule_day_of_month", "1 to 31"),
        ({"schedule_day_of_month": 32}, "schedule_day_of_month", "1 to 31"),
    ],
)
def test_a_senseless_field_is_named(fields: dict[str, object], culprit: str, says: str) -> None:
    given = {"schedule_type": "daily", "schedule_time": "09:00", "timezone": "UTC", **fields}
    with pytest.raises(Invalid) as refused:
        Cadence.read(**given)
    assert refused.value.field == culprit
    assert says in refused.value.message
    assert len(refused.value.message) < 200


def test_the_cadence_brings_no_database_and_no_celery_along() -> None:
    program = (
        "import sys, schedules.cadence; print({'sqlalchemy', 'celery', 'pydantic'} & sys.modules.keys() or 'light')"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, check=True, capture_output=True, text=True)
    assert done.stdout == "light\n"


def test_times_are_read_with_and_without_seconds() -> None:
    assert Cadence.read("daily", "09:05").schedule_time == time(9, 5)
    assert Cadence.read("daily", "09:05:07").schedule_time == time(9, 5, 7)
    assert Cadence.read("daily", time(9, 5, 7, 999)).schedule_time == time(9, 5, 7)


def test_a_cadence_says_in_words_when_it_is_due() -> None:
    assert str(daily("09:00", "Europe/London")) == "every day at 09:00 (Europe/London)"
    assert str(Cadence.read("weekly", "09:00:30", schedule_day_of_week=6)) == "every Sunday at 09:00:30 (UTC)"
    assert str(Cadence.read("monthly", "09:00", schedule_day_of_month=31)) == "on day 31 of every month at 09:00 (UTC)"


def test_a_wall_clock_time_is_not_taken_for_an_instant() -> None:
    with pytest.raises(ValueError, match="time zone"):
        next_slot(daily("09:00"), datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake under test


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
@pytest.mark.parametrize("cadence_type", ["daily", "monthly"])
def test_the_end_of_the_calendar_is_refused_in_words(zone: str, cadence_type: str) -> None:
    cadence = Cadence.read(cadence_type, "00:30", zone, schedule_day_of_month=31)
    with pytest.raises(Invalid, match="year 10000"):
        next_slot(cadence, datetime.max.replace(tzinfo=UTC))
    with pytest.raises(Invalid, match="year 10000"):
        slots(cadence, utc("9999-12-30T00:00"), 5)
