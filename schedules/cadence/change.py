"""A rule that is changed in part: what is sent, laid over what is stored. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any

from longshore.errors import Invalid
from schedules.cadence.read import USED_BY
from schedules.cadence.rule import Cadence

CLEARABLE = ("start_at", "end_at")
"""Fields that are removed by sending null. An interval has a start always."""

REPLACES: Mapping[str, tuple[str, ...]] = {
    "schedule_time": ("schedule_times",),
    "schedule_times": ("schedule_time",),
    "schedule_day_of_week": ("schedule_days_of_week",),
    "schedule_days_of_week": ("schedule_day_of_week",),
    "schedule_day_of_month": ("schedule_days_of_month", "schedule_week_of_month"),
    "schedule_days_of_month": ("schedule_day_of_month", "schedule_week_of_month"),
    "schedule_week_of_month": ("schedule_day_of_month", "schedule_days_of_month", "month_end"),
}
"""What is stored of these gives way to what is sent: they say the same thing in another way."""


def changed(stored: Mapping[str, Any], sent: Mapping[str, Any]) -> Cadence:
    """The stored rule with what was sent; a field that is None is removed where that is possible, else left alone.

    What the (new) type does not use goes, and so does what says the same in another way. A field that is sent as it is
    stored changes nothing, so an answer may be sent back with one field altered. Raises Invalid for the whole.
    """
    old = {name: value.isoformat() if isinstance(value, time) else value for name, value in stored.items()}
    shown = _shown(old)
    fresh = {name: value for name, value in sent.items() if value is not None and value != shown.get(name)}
    kind = fresh.get("schedule_type", old["schedule_type"])
    gone = {name for name in CLEARABLE if name in sent and sent[name] is None}
    if kind == "interval":
        gone.discard("start_at")
    gone |= {name for name, types in USED_BY.items() if kind not in types}
    gone |= {other for name in fresh for other in REPLACES.get(name, ())}
    merged = {name: value for name, value in old.items() if name not in gone} | fresh
    if kind == "monthly" and "schedule_week_of_month" not in merged and "schedule_days_of_week" not in fresh:
        merged.pop("schedule_days_of_week", None)
    return Cadence.read(**merged)


def _shown(old: Mapping[str, Any]) -> Mapping[str, Any]:
    """The stored rule as answers have it, or as it is stored where it means nothing any more."""
    try:
        return Cadence.read(**old).shown
    except Invalid:
        return old
