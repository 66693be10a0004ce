from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from croniter import croniter
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from longshore.errors import Invalid
from schedules.cadence import Cadence, slots
from schedules.cadence.cron import ALIASES, LONGEST, parse
from tests.schedules.rules import cron_rules

START = datetime(2026, 1, 1, tzinfo=UTC)


def due(text: str, count: int = 4, after: datetime = START) -> list[str]:
    cadence = Cadence.read("cron", schedule_cron=text)
    return [f"{slot.at:%Y-%m-%d %a %H:%M}" for slot in slots(cadence, after, count)]


def test_where_both_day_fields_are_restricted_either_is_enough() -> None:
    assert due("0 9 13 * fri") == [
        "2026-01-02 Fri 09:00",
        "2026-01-09 Fri 09:00",
        "2026-01-13 Tue 09:00",
        "2026-01-16 Fri 09:00",
    ]
    assert due("0 9 1 * mon#2", 3) == ["2026-01-01 Thu 09:00", "2026-01-12 Mon 09:00", "2026-02-01 Sun 09:00"]


def test_where_a_day_field_begins_with_a_star_a_day_has_to_be_in_both() -> None:
    assert due("0 9 */2 * mon", 3) == ["2026-01-05 Mon 09:00", "2026-01-19 Mon 09:00", "2026-02-09 Mon 09:00"]
    assert due("0 9 13 * */5", 2) == ["2026-02-13 Fri 09:00", "2026-03-13 Fri 09:00"]  # Sundays and Fridays
    assert due("0 9 13 * ?", 2) == due("0 9 13 * *", 2) == ["2026-01-13 Tue 09:00", "2026-02-13 Fri 09:00"]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("0 9 * JAN-mar Mon", "0 9 * 1-3 1"),
        ("0 9 * * fri-mon", "0 9 * * 0,1,5,6"),
        ("0 9 * * 5-7", "0 9 * * fri,sat,sun"),
        ("0 9 * * 7", "0 9 * * 0"),
        ("0 22-2 * * *", "0 0,1,2,22,23 * * *"),
        ("0 9 25-5 * *", "0 9 1-5,25-31 * *"),
        ("5/20 * * * *", "5,25,45 * * * *"),
        ("0 9 * * 1/3", "0 9 * * 1,4"),
        ("0 9 * * */7", "0 9 * * sun"),
        ("0-30/10 * * * *", "0,10,20,30 * * * *"),
        ("0 9 * * L5", "0 9 * * friL"),
        ("0 9 * * 5L", "0 9 * * L5"),
        ("0  9\t*  * *", "0 9 * * *"),
        (" 00 09 * * * ", "0 9 * * *"),
        ("0 9 ? * *", "0 9 * * *"),
        ("0 9 5-5 * *", "0 9 5 * *"),
        ("0 9 * * sun-sat", "0 9 * * *"),
        ("0 9 * * mon-sun", "0 9 * * *"),
        *ALIASES.items(),
    ],
)
def test_two_ways_to_say_the_same(text: str, same: str) -> None:
    one, other = parse(text), parse(same)
    assert (one.minutes, one.hours, one.months) == (other.minutes, other.hours, other.months)
    assert due(text, 20) == due(same, 20)


def test_the_last_day_and_numbered_weekdays() -> None:
    assert due("0 9 L * *", 3) == ["2026-01-31 Sat 09:00", "2026-02-28 Sat 09:00", "2026-03-31 Tue 09:00"]
    assert due("0 9 15,L 2 *", 2) == ["2026-02-15 Sun 09:00", "2026-02-28 Sat 09:00"]
    assert due("0 9 * * fri#2", 2) == ["2026-01-09 Fri 09:00", "2026-02-13 Fri 09:00"]
    assert due("0 9 * * 0#5", 2) == ["2026-03-29 Sun 09:00", "2026-05-31 Sun 09:00"]
    assert due("0 9 * * friL", 2) == ["2026-01-30 Fri 09:00", "2026-02-27 Fri 09:00"]
    assert due("0 9 * * mon#1,L5", 3) == ["2026-01-05 Mon 09:00", "2026-01-30 Fri 09:00", "2026-02-02 Mon 09:00"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "five fields"),
        ("0 9 * *", "five fields: minute, hour, day of month, month, day of week"),
        ("0 0 9 * * *", "seconds are not supported: leave the first field out"),
        ("0 9 * * * * 2026", "five fields"),
        ("@reboot", "there are @yearly"),
        ("@every 5m", "there are @yearly"),
        ("60 9 * * *", "the minute '60' is not from 0 to 59"),
        ("0 24 * * *", "the hour '24' is not from 0 to 23"),
        ("0 9 0 * *", "the day of month '0' is not from 1 to 31"),
        ("0 9 * 13 *", "the month '13' is not from 1 to 12"),
        ("0 9 * * 8", "the day of week '8' is not from 0 to 7"),
        ("0 9 * * freitag", "the day of week 'freitag' cannot be read"),
        ("0 9 15W * *", "W, the nearest weekday, is not supported"),
        ("H 9 * * *", "H and R, which stand for a value by chance, are not supported"),
        ("0 9 L-3 * *", "cannot be read"),
        ("*/0 9 * * *", "has a step of 0"),
        ("*-5 9 * * *", "cannot be read"),
        ("1,,2 9 * * *", "the minute '' cannot be read"),
        ("-5 9 * * *", "cannot be read"),
        ("0 9 * * fri#6", "cannot be read"),
        ("\u0665 9 * * *", "cannot be read"),
        ("0 9 * * mon-fri#2", "cannot be read"),
        ("?/2 9 * * *", "cannot be read"),
        ("0," * 200 + "0 9 * * *", f"at most {LONGEST} characters"),
        ("0" * 200 + " 9 * * *", ""),
        ("1" * 200 + " 9 * * *", "is not from 0 to 59"),
    ],
)
def test_what_cannot_be_read_is_named_with_what_it_may_be(text: str, says: str) -> None:
    if not says:
        assert parse(text).minutes == (0,)
        return
    with pytest.raises(Invalid) as refused:
        parse(text)
    assert refused.value.field == "schedule_cron"
    assert says in refused.value.message
    assert len(refused.value.message) < 200


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(cron_rules(), st.datetimes(datetime(1990, 1, 1), datetime(2080, 1, 1)))  # noqa: DTZ001 - walls
def test_what_croniter_reads_alike_it_finds_alike(rule: dict[str, Any], after: datetime) -> None:
    """Left out is where croniter differs: numbered weekdays beside others, `a-a`, which is the whole cycle there, the
    steps of a range that passes the end of its field (`wed-tue/3` is Wednesday, Saturday and Tuesday), and day fields
    that mean every day without being `*`."""
    text: str = rule["fields"]["schedule_cron"]
    assume("#" not in text and "L" not in text)
    assume(not any(_read_otherwise(term) for field in text.split() for term in field.split(",")))
    one = parse(text)
    for field, whole in ((text.split()[2], len(one.monthdays) == 31), (text.split()[4], len(one.weekdays) == 7)):
        assume(field == "*" or not (whole or "*" in field))
    cadence = Cadence.read("cron", schedule_cron=text)
    found = [slot.at.replace(tzinfo=None) for slot in slots(cadence, after.replace(tzinfo=UTC), 5)]
    theirs = croniter(text, after, ret_type=datetime, implement_cron_bug=True, max_years_between_matches=100)
    assert found == [theirs.get_next() for _ in found]


def _read_otherwise(term: str) -> bool:
    low, dash, high = term.partition("/")[0].partition("-")
    if not dash:
        return False
    names_differ = low.isalpha() or high.isalpha()
    return low == high or names_differ or ("/" in term and int(low) > int(high))
