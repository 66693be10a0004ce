"""Cron expressions of five fields: minute, hour, day of month, month, day of week, as cron(8) and crontab(5) have them.

| field | values | beside lists `,`, ranges `-` and steps `/` |
| --- | --- | --- |
| minute | 0-59 | |
| hour | 0-23 | |
| day of month | 1-31 | `L`, the last day; `?`, the same as `*` |
| month | 1-12, jan-dec | |
| day of week | 0-7, sun-sat, 0 and 7 being Sunday | `fri#2`, the second one; `L5` or `friL`, the last one; `?` |

A range may pass the end of its field (`fri-mon`, `22-2`). `5/10` means `5-59/10`.

**The rule of the two day fields** is Vixie cron's: where both are restricted, a day is meant that is in *either* of
them; where one begins with `*`, a day has to be in *both*. So `0 9 13 * fri` is due on every 13th and on every Friday,
and `0 9 */2 * mon` on Mondays with an odd number.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from longshore.errors import Invalid
from schedules.cadence.days import LAST, nth_weekday

ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
LONGEST = 256
"""Characters; a list of all sixty minutes has 169."""

FIELD = "schedule_cron"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIVE = 5
_TERM = re.compile(r"(?P<low>\*|[a-z0-9]+)(?:-(?P<high>[a-z0-9]+))?(?:/(?P<step>[0-9]{1,4}))?")
_NTH = re.compile(r"(?P<day>[a-z]{3}|[0-7])#(?P<nth>[1-5])")
_LAST = re.compile(r"l(?P<after>[0-7])|(?P<before>[a-z]{3}|[0-7])l")


@dataclass(frozen=True)
class Cron:
    """One expression, read. Weekdays are numbered from 0, Monday; `nth` holds pairs of a weekday and its number."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: frozenset[int]
    monthdays: frozenset[int]
    weekdays: frozenset[int]
    nth: frozenset[tuple[int, int]]
    either: bool
    """Both day fields are restricted: a day in one of them is enough."""

    def of(self, year: int, month: int) -> Sequence[int]:
        """The days of this month that are meant, ascending."""
        if month not in self.months:
            return ()
        first, length = monthrange(year, month)
        by_number = {length if day == LAST else day for day in self.monthdays}
        by_name = {nth_weekday(year, month, weekday, number) for weekday, number in self.nth}
        by_name |= {day for day in range(1, length + 1) if (first + day - 1) % 7 in self.weekdays}
        meant = by_number | by_name if self.either else by_number & by_name
        return sorted(day for day in meant if day is not None and day <= length)

    @property
    def seconds(self) -> tuple[int, ...]:
        """The times of day, in seconds since midnight, ascending."""
        return tuple(hour * 3600 + minute * 60 for hour in self.hours for minute in self.minutes)


@lru_cache(maxsize=1024)
def parse(text: str) -> Cron:
    """The expression that is meant. Raises Invalid that says which field is wrong and what it may be."""
    given = " ".join(text.lower().split())
    if len(text) > LONGEST:
        raise _wrong(f"a cron expression has at most {LONGEST} characters")
    if given.startswith("@"):
        if given not in ALIASES:
            raise _wrong(f"{text.strip()!r} is not known; there are {', '.join(ALIASES)}")
        given = ALIASES[given]
    fields = given.split(" ")
    if len(fields) == _FIVE + 1:
        raise _wrong("six fields are given; seconds are not supported: leave the first field out")
    if len(fields) != _FIVE:
        raise _wrong("a cron expression has five fields: minute, hour, day of month, month, day of week")
    minute, hour, monthday, month, weekday = fields
    named, nth = _weekdays(weekday)
    return Cron(
        text=given,
        minutes=tuple(sorted(_numbers("minute", minute, 0, 59))),
        hours=tuple(sorted(_numbers("hour", hour, 0, 23))),
        months=frozenset(_numbers("month", month, 1, 12, _MONTHS)),
        monthdays=frozenset(_monthdays(monthday)),
        weekdays=frozenset(named),
        nth=frozenset(nth),
        either=monthday[0] not in "*?" and weekday[0] not in "*?",
    )


def _monthdays(field: str) -> set[int]:
    if field == "?":
        return set(range(1, 32))
    terms = field.split(",")
    numbers = [term for term in terms if term != "l"]
    found = _numbers("day of month", ",".join(numbers), 1, 31) if numbers else set()
    return found | ({LAST} if len(numbers) < len(terms) else set())


def _weekdays(field: str) -> tuple[set[int], set[tuple[int, int]]]:
    """Weekdays, and weekdays with their number in the month; cron's 0 and 7, Sunday, are our 6."""
    if field == "?":
        return set(range(7)), set()
    name, plain, nth = "day of week", [], set()
    for term in field.split(","):
        if found := _NTH.fullmatch(term):
            nth.add((_weekday(found["day"]), int(found["nth"])))
        elif found := _LAST.fullmatch(term):
            nth.add((_weekday(found["after"] or found["before"]), LAST))
        else:
            plain.append(term)
    numbers = _numbers(name, ",".join(plain), 0, 7, _WEEKDAYS) if plain else set()
    return {(number - 1) % 7 for number in numbers}, nth


def _weekday(word: str) -> int:
    return (_number("day of week", word, 0, 7, _WEEKDAYS) - 1) % 7


def _numbers(name: str, field: str, least: int, most: int, names: Sequence[str] = ()) -> set[int]:
    """The values of one field that is a list of `*`, values, ranges and steps."""
    found: set[int] = set()
    top = 6 if names is _WEEKDAYS else most  # `*` and a wrap count Sunday once
    for term in field.split(","):
        match = _TERM.fullmatch(term)
        if match is None or (match["low"] == "*" and match["high"]):
            raise _wrong(f"the {name} {_quoted(term)} cannot be read{_hint(term)}")
        step = int(match["step"] or 1)
        if step == 0:
            raise _wrong(f"the {name} {_quoted(term)} has a step of 0")
        if match["low"] == "*":
            low, high = least, top
        else:
            low = _number(name, match["low"], least, most, names)
            high = low
            if match["high"]:
                high = _number(name, match["high"], least, most, names)
            elif match["step"]:
                high = max(low, top)
        if high < low:  # past the end, and on from the beginning
            high += top - least + 1
        found.update(least + (number - least) % (top - least + 1) for number in range(low, high + 1, step))
    return found


def _number(name: str, word: str, least: int, most: int, names: Sequence[str]) -> int:
    if word in names:
        return names.index(word) + (1 if names is _MONTHS else 0)
    if not word.isdigit():
        raise _wrong(f"the {name} {_quoted(word)} cannot be read{_hint(word)}")
    if not least <= int(word) <= most:
        raise _wrong(f"the {name} {_quoted(word)} is not from {least} to {most}")
    return int(word)


def _hint(term: str) -> str:
    if re.search(r"\dw|w\d", term):
        return "; W, the nearest weekday, is not supported"
    if term[:1] in {"h", "r"}:
        return "; H and R, which stand for a value by chance, are not supported"
    return ""


def _quoted(term: str) -> str:
    return repr(term if len(term) <= 20 else f"{term[:20]}…")  # noqa: PLR2004 - enough to find it


def _wrong(message: str) -> Invalid:
    return Invalid(f"schedule_cron: {message}", field=FIELD)
