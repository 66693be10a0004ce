"""One rule: what all its fields, taken together, mean. Immutable, and equal to another that says the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from schedules.cadence import cron
from schedules.cadence.clock import Gap, Overlap, reached
from schedules.cadence.days import Days, MonthDays, NthWeekdays, Weekdays
from schedules.cadence.moments import MOMENT, Moment, written

DAY = timedelta(days=1)
SEED_FIELDS = ("schedule_type", "schedule_time", "schedule_day_of_week", "schedule_day_of_month", "timezone")
"""Fields that every client knows; each has a column of its own."""
MORE_FIELDS = (
    "schedule_times",
    "schedule_days_of_week",
    "schedule_days_of_month",
    "schedule_week_of_month",
    "month_end",
    "schedule_cron",
    "schedule_interval_seconds",
    "schedule_at",
    "start_at",
    "end_at",
    "dst_gap",
    "dst_overlap",
)
"""All the others."""


@dataclass(frozen=True)
class Cadence:
    """One rule. Made by `read`, which checks every field; a field that the type does not use is empty."""

    schedule_type: str
    timezone: str = "UTC"
    schedule_times: tuple[time, ...] = ()
    schedule_days_of_week: tuple[int, ...] = ()
    schedule_days_of_month: tuple[int, ...] = ()
    schedule_week_of_month: int | None = None
    month_end: str = "clamp"
    schedule_cron: str = ""
    schedule_interval_seconds: int = 0
    schedule_at: datetime | None = None
    start_at: Moment | None = None
    end_at: Moment | None = None
    dst_gap: Gap = Gap.FIRST_VALID
    dst_overlap: Overlap = Overlap.FIRST

    @classmethod
    def read(
        cls,
        schedule_type: str,
        schedule_time: str | time | None = None,
        timezone: str = "UTC",
        **others: Any,
    ) -> Cadence:
        """The rule these fields mean, by the names of SEED_FIELDS and MORE_FIELDS; None is a field left out.

        Raises Invalid with the field's name, TypeError for a name that is none of them.
        """
        from schedules.cadence.read import read

        return read(
            {"schedule_type": schedule_type, "schedule_time": schedule_time, "timezone": timezone, **others}, cls
        )

    @property
    def schedule_time(self) -> time | None:
        """The first time of day; None where the type has none."""
        return self.schedule_times[0] if self.schedule_times else None

    @property
    def schedule_day_of_week(self) -> int | None:
        """The first weekday; None where there is none."""
        return self.schedule_days_of_week[0] if self.schedule_days_of_week else None

    @property
    def schedule_day_of_month(self) -> int | None:
        """The first day of the month; None where there is none."""
        return self.schedule_days_of_month[0] if self.schedule_days_of_month else None

    @property
    def columns(self) -> dict[str, Any]:
        """The SEED_FIELDS, as their columns keep them."""
        return {name: getattr(self, name) for name in SEED_FIELDS}

    @property
    def extras(self) -> dict[str, Any]:
        """What the rule has beyond its columns, ready for JSON. `columns` and `extras` together read as this rule."""
        shown = self.shown
        plain = _PLAIN | {
            "schedule_times": shown["schedule_times"] and shown["schedule_times"][:1],
            "schedule_days_of_week": shown["schedule_days_of_week"] and shown["schedule_days_of_week"][:1],
            "schedule_days_of_month": shown["schedule_days_of_month"] and shown["schedule_days_of_month"][:1],
        }
        return {name: shown[name] for name in MORE_FIELDS if shown[name] not in (None, plain.get(name))}

    @property
    def shown(self) -> dict[str, Any]:
        """Every field, ready for JSON; None where the type does not use it."""
        at = self.schedule_time
        values = self.columns | {
            "schedule_time": at and at.isoformat(),
            "schedule_times": [each.isoformat() for each in self.schedule_times] or None,
            "schedule_days_of_week": list(self.schedule_days_of_week) or None,
            "schedule_days_of_month": list(self.schedule_days_of_month) or None,
            "schedule_week_of_month": self.schedule_week_of_month,
            "month_end": self.month_end if self.schedule_days_of_month else None,
            "schedule_cron": self.schedule_cron or None,
            "schedule_interval_seconds": self.schedule_interval_seconds or None,
            "dst_gap": str(self.dst_gap),
            "dst_overlap": str(self.dst_overlap),
        }
        moments = {name: getattr(self, name) for name in ("schedule_at", "start_at", "end_at")}
        return values | {name: None if moment is None else written(moment) for name, moment in moments.items()}

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone's rules."""
        return ZoneInfo(self.timezone)

    @cached_property
    def seconds(self) -> tuple[int, ...]:
        """The times of day in seconds since midnight, ascending."""
        if self.schedule_cron:
            return cron.parse(self.schedule_cron).seconds
        return tuple(at.hour * 3600 + at.minute * 60 + at.second for at in self.schedule_times)

    @cached_property
    def days(self) -> Days:
        """The days on which there are times. Only for types that go by the calendar."""
        if self.schedule_cron:
            return cron.parse(self.schedule_cron)
        if self.schedule_week_of_month is not None:
            return NthWeekdays(frozenset(self.schedule_days_of_week), self.schedule_week_of_month)
        if self.schedule_days_of_month:
            return MonthDays(self.schedule_days_of_month, self.month_end == "clamp")
        return Weekdays(frozenset(self.schedule_days_of_week or range(7)))

    @cached_property
    def begins(self) -> datetime | None:
        """The instant before which nothing is due."""
        return None if self.start_at is None else self.instant(self.start_at)

    @cached_property
    def ends(self) -> datetime | None:
        """The instant from which on nothing is due any more: `end_at` itself, or its whole day, still counts."""
        if self.end_at is None:
            return None
        if isinstance(self.end_at, datetime):
            return self.instant(self.end_at) + MOMENT
        return self.instant(self.end_at + DAY)

    def instant(self, moment: Moment) -> datetime:
        """Where a moment begins on the time line, in UTC: a date with its first instant in the zone."""
        if not isinstance(moment, datetime):
            return reached(datetime.combine(moment, time()), self.zone)
        return moment.astimezone(UTC) if moment.tzinfo else reached(moment, self.zone)

    def __str__(self) -> str:
        """In words, for people: `every Monday at 09:00 (Europe/London)`."""
        from schedules.cadence.words import described

        return described(self)


_PLAIN = {"month_end": "clamp", "dst_gap": str(Gap.FIRST_VALID), "dst_overlap": str(Overlap.FIRST)}


def day_of(moment: Moment) -> date:
    """The date of a moment, as it was written."""
    return moment.date() if isinstance(moment, datetime) else moment
