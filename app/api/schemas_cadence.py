"""The fields that say when a schedule is due, as requests have them. `schedules.cadence` says what they mean."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from app.api.schemas import Lenient, Text
from schedules.cadence import MORE_FIELDS, SEED_FIELDS, TYPES

Times = Annotated[list[Text], Field(min_length=1, max_length=48)]
Days = Annotated[list[int], Field(min_length=1, max_length=48)]
CronText = Annotated[str, StringConstraints(max_length=1000)]

TIMED = ("daily", "weekly", "monthly")
"""Types that have times of day."""


class MoreCadence(Lenient):
    """What a rule may have beyond the fields that every client knows."""

    schedule_times: Times | None = Field(None, description="Several times of day, in place of `schedule_time`.")
    schedule_days_of_week: Days | None = Field(None, description="Several days of the week, 0 is Monday.")
    schedule_days_of_month: Days | None = Field(None, description="Several days of the month; -1 is the last.")
    schedule_week_of_month: int | None = Field(
        None, description="`monthly`: the first to fifth (1-5) or last (-1) `schedule_day_of_week` of a month."
    )
    month_end: Text | None = Field(
        None, description="A day that a month lacks is its last one (`clamp`, the default), or is left out (`skip`)."
    )
    schedule_cron: CronText | None = Field(
        None, description="`cron`: minute, hour, day of month, month, day of week; or `@daily` and its like."
    )
    schedule_interval_seconds: int | None = Field(None, description="`interval`: 60 or more, counted from `start_at`.")
    schedule_at: Text | None = Field(None, description="`once`: 2026-03-08T02:30 in the zone, or an instant with Z.")
    start_at: Text | None = Field(None, description="Nothing is due earlier: a date, a local time or an instant.")
    end_at: Text | None = Field(None, description="Nothing is due later; a date counts as a whole.")
    dst_gap: Text | None = Field(
        None, description="A time that the clock jumps over fires at the end of the jump (`first_valid`), or `skip`."
    )
    dst_overlap: Text | None = Field(
        None, description="A time that the clock shows twice fires the `first` time, the `second` or `both`."
    )


class CadenceIn(MoreCadence):
    """When: at times of the day, on days, in a time zone; by a cron expression; at an interval; or once."""

    schedule_type: Text = Field(description=f"One of {', '.join(f'`{one}`' for one in TYPES)}.")
    schedule_time: Text | None = Field(
        None, validate_default=True, description="`HH:MM` or `HH:MM:SS`; needed by `daily`, `weekly`, `monthly`."
    )
    schedule_day_of_week: int | None = Field(None, description="0 is Monday; needed by `weekly`.")
    schedule_day_of_month: int | None = Field(
        None, description="1 to 31, or -1 for the last day; for `monthly`, unless it has `schedule_week_of_month`."
    )
    timezone: Text = Field("UTC", description="IANA name, as Europe/London.")
    remaining_runs: int | None = Field(
        None, ge=1, le=1_000_000, description="After so many runs that fired it is over. Unlimited, where left out."
    )

    @field_validator("schedule_time")
    @classmethod
    def _timed(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("schedule_type") in TIMED and not info.data.get("schedule_times"):
            raise ValueError("is needed: a time of day, as 09:00")
        return value

    @property
    def when(self) -> dict[str, Any]:
        """The fields of the rule, by name."""
        return {name: getattr(self, name) for name in (*SEED_FIELDS, *MORE_FIELDS)}
