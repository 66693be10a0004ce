"""What each field of a rule may be, one by one. Every check raises Invalid with the field's name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import time
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar
from zoneinfo import available_timezones

from longshore.errors import Invalid
from schedules.cadence.days import LAST

MOST_TIMES = 48
"""Times of day in one rule: every half hour. Whoever wants more writes a cron expression."""
SHORTEST_INTERVAL, LONGEST_INTERVAL = 60, 366 * 86_400
"""Seconds. A slot is a row, an export and a delivery: cron's finest step is a minute, too. The longest is a year."""

Fields = Mapping[str, Any]
"""What was sent, without what is None."""
Value = TypeVar("Value", int, time)
Word = TypeVar("Word", bound=StrEnum)

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_ALLOWED: Mapping[str, tuple[range | tuple[int, ...], str]] = {
    "weekday": (range(7), "0 to 6: 0 is Monday, 6 is Sunday"),
    "monthday": ((*range(1, 32), LAST), "1 to 31, or -1 for the last day"),
    "week": ((1, 2, 3, 4, 5, LAST), "1 to 5, or -1 for the last one"),
    "interval": (
        range(SHORTEST_INTERVAL, LONGEST_INTERVAL + 1),
        f"{SHORTEST_INTERVAL} (a minute) to {LONGEST_INTERVAL} (366 days)",
    ),
}


def times(given: Fields) -> tuple[time, ...]:
    """The times of day, ascending; none where none was sent."""
    return _several("schedule_time", "schedule_times", given, _time)


def weekdays(given: Fields) -> tuple[int, ...]:
    """The days of the week, ascending."""
    return _several("schedule_day_of_week", "schedule_days_of_week", given, _whole("weekday"))


def monthdays(given: Fields) -> tuple[int, ...]:
    """The days of the month, ascending, the last one at the end."""
    return _several("schedule_day_of_month", "schedule_days_of_month", given, _whole("monthday"))


def week(given: Fields) -> int | None:
    """Which of a month's weekdays; None where it was not sent."""
    name = "schedule_week_of_month"
    return _whole("week")(name, given[name]) if name in given else None


def interval(given: Fields) -> int:
    """Seconds between two slots."""
    name = "schedule_interval_seconds"
    return _whole("interval")(name, given[name])


def word(field: str, given: Fields, usual: Word) -> Word:
    """One of the words of an enumeration; the usual one where none was sent."""
    words = type(usual)
    try:
        return words(given.get(field, usual))
    except ValueError:
        raise Invalid(f"{field} must be one of {', '.join(words)}", field=field) from None


@cache
def zones() -> frozenset[str]:
    """Names of the time zones that a schedule may have, as this machine's tz database lists them."""
    return frozenset(available_timezones() - {"localtime", "Factory"})  # the machine's own, and "not set"


def zone(name: object) -> str:
    """The name of a time zone."""
    if isinstance(name, str) and name in zones():
        return name
    message = "timezone must be an IANA name such as Europe/London or UTC"
    known = {one.casefold(): one for one in zones()}
    close = get_close_matches(name[:64].casefold().replace(" ", "_"), known, 1) if isinstance(name, str) else []
    raise Invalid(message + "".join(f"; did you mean {known[found]}?" for found in close), field="timezone")


def _several(one: str, several: str, given: Fields, check: Callable[[str, object], Value]) -> tuple[Value, ...]:
    """The values of a field that may be sent as one value or as a list: ascending, LAST at the end, each once."""
    first = check(one, given[one]) if one in given else None
    if several not in given:
        return () if first is None else (first,)
    sent = given[several]
    if not isinstance(sent, list | tuple) or not 1 <= len(sent) <= MOST_TIMES:
        raise Invalid(f"{several} must be a list of 1 to {MOST_TIMES} values", field=several)
    found = sorted({check(several, value) for value in sent}, key=lambda value: (value == LAST, value))
    if first is not None and first not in found:
        raise Invalid(f"{one} must be one of {several}, or left out", field=one)
    return tuple(found)


def _time(field: str, value: object) -> time:
    if isinstance(value, time):
        return value.replace(microsecond=0, tzinfo=None, fold=0)
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Invalid(f"{field} must be HH:MM or HH:MM:SS, from 00:00 to 23:59:59", field=field)
    hour, minute, second = match.groups(default="0")
    return time(int(hour), int(minute), int(second))


def _whole(kind: str) -> Callable[[str, object], int]:
    allowed, meaning = _ALLOWED[kind]

    def check(field: str, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
            raise Invalid(f"{field} must be a whole number from {meaning}", field=field)
        return value

    return check
