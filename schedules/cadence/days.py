"""Which days of the calendar a rule means. Arithmetic on dates: no time of day, no time zone, no clock.

Weekdays are numbered from 0, Monday. The calendar is the Gregorian one; it repeats every 400 years, weekdays included
(146,097 days are 20,871 weeks), so a rule that means no day in that time never means one.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, date
from typing import Protocol

CYCLE_YEARS = 400
LAST = -1
"""The last day of a month, or the last of its Mondays."""

_FIRST_YEAR = 2
"""Every zone's wall clock can be written from here on."""


class Days(Protocol):
    """A choice of days, asked month by month."""

    def of(self, year: int, month: int) -> Sequence[int]:
        """The days of this month that are meant, ascending."""


@dataclass(frozen=True)
class Weekdays:
    """Every such weekday."""

    weekdays: frozenset[int]

    def of(self, year: int, month: int) -> Sequence[int]:
        """As Days has it."""
        first, length = monthrange(year, month)
        return [day for day in range(1, length + 1) if (first + day - 1) % 7 in self.weekdays]


@dataclass(frozen=True)
class MonthDays:
    """Days 1 to 31 and LAST. One that a month lacks is its last day with `clamp`, and left out without."""

    days: tuple[int, ...]
    clamp: bool = True

    def of(self, year: int, month: int) -> Sequence[int]:
        """As Days has it."""
        _first, length = monthrange(year, month)
        meant = {length if day == LAST or (self.clamp and day > length) else day for day in self.days}
        return sorted(day for day in meant if day <= length)


@dataclass(frozen=True)
class NthWeekdays:
    """The first to fifth, or the LAST, of such weekdays in each month; a fifth that a month lacks is left out."""

    weekdays: frozenset[int]
    week: int

    def of(self, year: int, month: int) -> Sequence[int]:
        """As Days has it."""
        found = (nth_weekday(year, month, weekday, self.week) for weekday in self.weekdays)
        return sorted(day for day in found if day is not None)


def nth_weekday(year: int, month: int, weekday: int, week: int) -> int | None:
    """The day of the month of its `week`-th such weekday, LAST being the last; None where there are not so many."""
    first, length = monthrange(year, month)
    days = range(1 + (weekday - first) % 7, length + 1, 7)
    if week == LAST:
        return days[-1]
    return days[week - 1] if week <= len(days) else None


def forward(days: Days, start: date) -> Iterator[date]:
    """Every day that is meant from `start` on, ascending, until none will come. Raises OverflowError after 9999."""
    year, month, earliest, barren = start.year, start.month, start.day, 0
    while barren < CYCLE_YEARS * 12:
        if year > MAXYEAR:
            raise OverflowError("the calendar ends with the year 9999")
        found = days.of(year, month)
        barren = 0 if found else barren + 1
        yield from (date(year, month, day) for day in found if day >= earliest)
        year, month, earliest = year + month // 12, month % 12 + 1, 1


def backward(days: Days, start: date) -> Iterator[date]:
    """Every day that is meant up to `start`, descending, until none is left."""
    year, month, latest, barren = start.year, start.month, start.day, 0
    while barren < CYCLE_YEARS * 12 and year >= _FIRST_YEAR:
        found = days.of(year, month)
        barren = 0 if found else barren + 1
        yield from (date(year, month, day) for day in reversed(found) if day <= latest)
        year, month, latest = (year, month - 1, 31) if month > 1 else (year - 1, 12, 31)
