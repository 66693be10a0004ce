"""From fields to a rule: each is checked by itself, then all of them together. Nothing is guessed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from longshore.errors import Invalid
from schedules.cadence import cron, fields
from schedules.cadence.clock import Gap, Overlap
from schedules.cadence.fields import Fields
from schedules.cadence.moments import moment
from schedules.cadence.rule import MORE_FIELDS, SEED_FIELDS, Cadence
from schedules.cadence.words import listed

_CALENDAR = ("daily", "weekly", "monthly")
USED_BY: Mapping[str, tuple[str, ...]] = {
    "schedule_times": _CALENDAR,
    "schedule_days_of_week": ("weekly", "monthly"),
    "schedule_days_of_month": ("monthly",),
    "schedule_week_of_month": ("monthly",),
    "month_end": ("monthly",),
    "schedule_cron": ("cron",),
    "schedule_interval_seconds": ("interval",),
    "schedule_at": ("once",),
    "start_at": (*_CALENDAR, "cron", "interval"),
    "end_at": (*_CALENDAR, "cron", "interval"),
}
"""The types that a field is for; one that is not here is for all. The seed's own are left aside where not used."""

NEEDS = {
    "cron": ("schedule_cron", "as 0 9 * * mon-fri"),
    "interval": ("schedule_interval_seconds", f"{fields.SHORTEST_INTERVAL} or more"),
    "once": ("schedule_at", "the time, as 2026-03-08T02:30"),
}


def read(sent: Mapping[str, Any], make: type[Cadence] = Cadence) -> Cadence:
    """As `Cadence.read`."""
    unknown = sent.keys() - {*SEED_FIELDS, *MORE_FIELDS}
    if unknown:
        raise TypeError(f"not fields of a rule: {', '.join(sorted(unknown))}")
    kind = sent.get("schedule_type")
    given = {name: value for name, value in sent.items() if value is not None}
    if not isinstance(kind, str) or kind not in _READERS:
        raise Invalid(f"schedule_type must be one of {', '.join(TYPES)}", field="schedule_type")
    for name in USED_BY.keys() & given.keys():
        if kind not in USED_BY[name]:
            raise Invalid(f"{name} is for {listed(USED_BY[name])} schedules, not for a {kind} one", field=name)
    zone = fields.zone(sent.get("timezone"))
    for check in (fields.times, fields.weekdays, fields.monthdays):
        check(given)  # even where the type leaves them aside
    chosen = _READERS[kind](given)
    chosen |= {name: moment(name, given[name]) for name in ("start_at", "end_at") if name in given}
    gap, overlap = fields.word("dst_gap", given, Gap.FIRST_VALID), fields.word("dst_overlap", given, Overlap.FIRST)
    made = make(schedule_type=kind, timezone=zone, dst_gap=gap, dst_overlap=overlap, **chosen)
    if made.begins and made.ends and made.begins >= made.ends:
        raise Invalid("end_at is before start_at: the schedule would never be due", field="end_at")
    return made


def _daily(given: Fields) -> dict[str, Any]:
    return {"schedule_times": _times(given)}


def _weekly(given: Fields) -> dict[str, Any]:
    days = fields.weekdays(given)
    if not days:
        raise Invalid("a weekly schedule needs schedule_day_of_week, 0 (Monday) to 6", field="schedule_day_of_week")
    return {"schedule_times": _times(given), "schedule_days_of_week": days}


def _monthly(given: Fields) -> dict[str, Any]:
    if "schedule_week_of_month" in given:
        return {"schedule_times": _times(given)} | _monthly_on_weekdays(given)
    if "schedule_days_of_week" in given:
        message = "a monthly schedule on weekdays needs schedule_week_of_month, 1 to 5, or -1 for the last"
        raise Invalid(message, field="schedule_week_of_month")
    days = fields.monthdays(given)
    if not days:
        message = "a monthly schedule needs schedule_day_of_month, 1 to 31, or schedule_week_of_month"
        raise Invalid(message, field="schedule_day_of_month")
    month_end = given.get("month_end", "clamp")
    if month_end not in ("clamp", "skip"):
        raise Invalid("month_end must be one of clamp, skip", field="month_end")
    return {"schedule_times": _times(given), "schedule_days_of_month": days, "month_end": month_end}


def _monthly_on_weekdays(given: Fields) -> dict[str, Any]:
    week, days = fields.week(given), fields.weekdays(given)
    if fields.monthdays(given):
        message = "a monthly schedule has either schedule_week_of_month or a day of the month, not both"
        raise Invalid(message, field="schedule_week_of_month")
    if not days:
        message = "schedule_week_of_month needs schedule_day_of_week, 0 (Monday) to 6"
        raise Invalid(message, field="schedule_day_of_week")
    if "month_end" in given:
        raise Invalid("month_end is for days of the month, not for weekdays", field="month_end")
    return {"schedule_days_of_week": days, "schedule_week_of_month": week}


def _cron(given: Fields) -> dict[str, Any]:
    _need("cron", given)
    text = given["schedule_cron"]
    if not isinstance(text, str):
        raise Invalid("schedule_cron must be text, as 0 9 * * mon-fri", field="schedule_cron")
    return {"schedule_cron": cron.parse(text).text}


def _interval(given: Fields) -> dict[str, Any]:
    _need("interval", given)
    if "start_at" not in given:
        raise Invalid("an interval schedule needs start_at, the time from which it counts", field="start_at")
    return {"schedule_interval_seconds": fields.interval(given)}


def _once(given: Fields) -> dict[str, Any]:
    _need("once", given)
    return {"schedule_at": moment("schedule_at", given["schedule_at"], dates=False)}


_READERS: Mapping[str, Callable[[Fields], dict[str, Any]]] = {
    "daily": _daily,
    "weekly": _weekly,
    "monthly": _monthly,
    "cron": _cron,
    "interval": _interval,
    "once": _once,
}
TYPES = tuple(_READERS)


def _times(given: Fields) -> tuple[Any, ...]:
    found = fields.times(given)
    if not found:
        raise Invalid("schedule_time is needed: a time of day, as 09:00", field="schedule_time")
    return found


def _need(kind: str, given: Fields) -> None:
    field, meaning = NEEDS[kind]
    if field not in given:
        raise Invalid(f"the schedule type {kind} needs {field}: {meaning}", field=field)
