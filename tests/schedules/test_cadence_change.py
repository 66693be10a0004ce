from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from longshore.errors import Invalid
from schedules.cadence import Cadence, changed

DAILY = {"schedule_type": "daily", "schedule_time": time(9), "timezone": "UTC"}
TWICE = DAILY | {"schedule_times": ["09:00:00", "17:00:00"], "dst_gap": "skip"}


def stored(cadence: Cadence) -> dict[str, Any]:
    return cadence.columns | cadence.extras


@pytest.mark.parametrize(
    "fields",
    [
        DAILY,
        TWICE,
        {"schedule_type": "weekly", "schedule_time": "09:00", "schedule_days_of_week": [0, 4]},
        {"schedule_type": "weekly", "schedule_time": "09:00", "schedule_day_of_week": 0, "dst_overlap": "both"},
        {"schedule_type": "monthly", "schedule_time": "09:00", "schedule_days_of_month": [1, -1], "month_end": "skip"},
        {"schedule_type": "monthly", "schedule_time": "09:00", "schedule_day_of_month": 31},
        {"schedule_type": "monthly", "schedule_time": "09:00", "schedule_week_of_month": -1, "schedule_day_of_week": 4},
        {"schedule_type": "cron", "schedule_cron": "@daily", "start_at": "2026-01-01", "end_at": "2026-02-01T09:00"},
        {"schedule_type": "interval", "schedule_interval_seconds": 60, "start_at": "2026-01-01T00:00:00Z"},
        {"schedule_type": "once", "schedule_at": "2026-03-08T02:30", "timezone": "America/New_York"},
    ],
)
def test_a_rule_is_the_same_after_storing_after_sending_it_back_and_after_no_change(fields: dict[str, Any]) -> None:
    cadence = Cadence.read(**fields)
    assert Cadence.read(**stored(cadence)) == cadence
    assert Cadence.read(**cadence.shown) == cadence
    assert changed(stored(cadence), {}) == cadence
    assert changed(stored(cadence), cadence.shown) == cadence


def test_a_field_that_is_sent_back_as_it_was_does_not_hold_up_another() -> None:
    shown = Cadence.read(**TWICE).shown
    assert str(changed(TWICE, shown | {"schedule_time": "10:00"})) == "every day at 10:00 (UTC)"
    assert str(changed(TWICE, shown | {"schedule_times": ["10:00"]})) == "every day at 10:00 (UTC)"
    assert changed(TWICE, {"schedule_time": "10:00"}).dst_gap == "skip"


def test_what_another_type_has_no_use_for_goes() -> None:
    monthly = {"schedule_type": "monthly", "schedule_time": time(9), "timezone": "UTC", "schedule_day_of_month": 31}
    monthly |= {"month_end": "skip", "end_at": "2030-01-01"}
    cron = changed(monthly, {"schedule_type": "cron", "schedule_cron": "@daily"})
    assert stored(cron) == {
        "schedule_type": "cron",
        "schedule_time": None,
        "schedule_day_of_week": None,
        "schedule_day_of_month": None,
        "timezone": "UTC",
        "schedule_cron": "0 0 * * *",
        "end_at": "2030-01-01",
    }
    once = changed(stored(cron), {"schedule_type": "once", "schedule_at": "2030-01-01T00:00"})
    assert once.extras == {"schedule_at": "2030-01-01T00:00:00"}


def test_null_removes_a_start_and_an_end_but_for_the_start_of_an_interval() -> None:
    bounds = {"start_at": "2026-01-01", "end_at": "2030-01-01"}
    assert changed(DAILY | bounds, {"start_at": None, "end_at": None}) == Cadence.read(**DAILY)
    assert changed(DAILY | bounds, {}).start_at is not None
    interval = {"schedule_type": "interval", "schedule_interval_seconds": 60, "timezone": "UTC", **bounds}
    left = changed(interval, {"start_at": None, "end_at": None})
    assert (left.start_at is None, left.end_at) == (False, None)


def test_a_stored_rule_without_meaning_can_be_mended_and_only_wholly() -> None:
    broken = DAILY | {"timezone": "Europe/Atlantis"}
    assert changed(broken, {"timezone": "Europe/Paris"}).timezone == "Europe/Paris"
    with pytest.raises(Invalid, match="timezone"):
        changed(broken, {"schedule_time": "10:00"})
