"""Times at which a schedule must not fire: dates, ranges of dates, weekdays, hours of the day. Pure.

They are read on the wall clock of the schedule's zone. An hour of the clock that comes twice is blacked out twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schedules.cadence.clock import reached

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST = 100
"""Blackouts of one schedule."""

YEARS = (1970, 2999)
"""The first and the last year of its dates: a day more must still be one of the calendar, in every zone."""

LONGEST_SEARCH = 2000
"""Steps in which the end of a chain of blackouts must be found; a day's blackouts take a handful."""

_DAY = timedelta(days=1)
_MIDNIGHT = time()


class Blackout(BaseModel):
    """Closed at every instant that matches all that is given; hours that end before they begin end on the next day.

    `{"from_date": "2026-12-24", "to_date": "2027-01-01"}` is a range with both its days, `{"days": [5, 6]}` every
    weekend, `{"from_time": "22:00", "to_time": "06:00"}` every night.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    from_date: date | None = Field(None, description="First day; alone, it is the only one.")
    to_date: date | None = Field(None, description="Last day, itself included.")
    days: tuple[int, ...] | None = Field(None, description="Weekdays, 0 is Monday.")
    from_time: time | None = Field(None, description="`HH:MM` on the wall clock of the schedule's zone.")
    to_time: time | None = Field(None, description="The first instant that is open again.")

    @model_validator(mode="after")
    def _means_something(self) -> Self:
        if self.to_date and not self.from_date:
            raise ValueError("to_date needs from_date")
        if self.from_date and self.to_date and self.to_date < self.from_date:
            raise ValueError("to_date must not be before from_date")
        if any(day and not YEARS[0] <= day.year <= YEARS[1] for day in (self.from_date, self.to_date)):
            raise ValueError(f"from_date and to_date must lie in the years from {YEARS[0]} to {YEARS[1]}")
        if (self.from_time is None) != (self.to_time is None):
            raise ValueError("from_time and to_time go together")
        if any(at and at.tzinfo is not None for at in (self.from_time, self.to_time)):
            raise ValueError("from_time and to_time have no zone of their own: they are of the schedule's")
        if self.from_time is not None and self.from_time == self.to_time:
            raise ValueError("from_time and to_time must differ")
        if self.days is not None and not (self.days and set(self.days) <= set(range(7))):
            raise ValueError("days must be whole numbers from 0 (Monday) to 6 (Sunday)")
        every_day = self.days is None or len(set(self.days)) == len(DAYS)
        if self.from_date is None and self.from_time is None and every_day:
            raise ValueError("a blackout needs from_date, days or from_time; one without an end would never fire")
        return self

    def end(self, wall: datetime) -> datetime | None:
        """The first wall-clock time from which it is over, or None where it does not cover the naive `wall`."""
        if self.from_time is None or self.to_time is None:
            if not self._on(wall.date()):
                return None
            last = self.to_date or self.from_date
            whole_range = last if self.days is None else None
            return datetime.combine((whole_range or wall.date()) + _DAY, _MIDNIGHT)
        overnight = self.to_time < self.from_time
        for began in (wall.date(), wall.date() - _DAY):
            start = datetime.combine(began, self.from_time)
            stop = datetime.combine(began + _DAY if overnight else began, self.to_time)
            if self._on(began) and start <= wall < stop:
                return stop
        return None

    def _on(self, day: date) -> bool:
        if self.days is not None and day.weekday() not in self.days:
            return False
        return self.from_date is None or self.from_date <= day <= (self.to_date or self.from_date)

    def __str__(self) -> str:
        """In words: `Saturday, Sunday`, `2026-12-24 to 2027-01-01`, `22:00 to 06:00`."""
        parts = []
        if self.days is not None:
            parts.append(", ".join(DAYS[day] for day in sorted(set(self.days))))
        if self.from_date is not None:
            parts.append(f"{self.from_date}" + (f" to {self.to_date}" if self.to_date else ""))
        if self.from_time is not None:
            parts.append(f"{self.from_time:%H:%M} to {self.to_time:%H:%M}")
        return ", ".join(parts)


def covering(blackouts: Sequence[Blackout], zone: ZoneInfo, instant: datetime) -> Blackout | None:
    """The first blackout that covers the instant, if any does."""
    wall = instant.astimezone(zone).replace(tzinfo=None)
    return next((one for one in blackouts if one.end(wall) is not None), None)


def reopens(blackouts: Sequence[Blackout], zone: ZoneInfo, instant: datetime) -> datetime | None:
    """The first instant not before this one that no blackout covers; None where none was found in LONGEST_SEARCH steps.

    A blackout that follows on another one is waited for, too.
    """
    wall = start = instant.astimezone(zone).replace(tzinfo=None)
    for _ in range(LONGEST_SEARCH):
        ends = [end for one in blackouts if (end := one.end(wall)) is not None]
        if not ends:
            return instant if wall == start else max(reached(wall, zone), instant)
        wall = max(ends)
    return None
