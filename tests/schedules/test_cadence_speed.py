"""How long it takes to find a slot. Beat does it once for each schedule that it fires."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from schedules.cadence import Cadence, next_slot, walk_back

NOW = datetime(2026, 3, 7, 12, tzinfo=UTC)
ZONE = "America/New_York"
RULES: dict[str, dict[str, Any]] = {
    "daily": {"schedule_time": "02:30"},
    "weekly": {"schedule_time": "09:00", "schedule_days_of_week": [0, 2, 4]},
    "monthly": {"schedule_time": "09:00", "schedule_day_of_month": 31},
    "cron, every minute": {"schedule_type": "cron", "schedule_cron": "* * * * *"},
    "cron, weekdays": {"schedule_type": "cron", "schedule_cron": "*/15 9-17 * * mon-fri"},
    "cron, a Sunday that is 29 February": {"schedule_type": "cron", "schedule_cron": "0 0 29 2 */7"},
    "interval": {"schedule_type": "interval", "schedule_interval_seconds": 5400, "start_at": "2020-01-01"},
    "once": {"schedule_type": "once", "schedule_at": "2026-11-01T01:30"},
}


def milliseconds(work: Callable[[], object], rounds: int = 200) -> float:
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000


def forward(fields: dict[str, Any]) -> object:
    return next_slot(Cadence.read(**fields), NOW)


def backward(fields: dict[str, Any]) -> object:
    return next(walk_back(Cadence.read(**fields), NOW), None)


@pytest.mark.slow
def test_a_slot_is_found_within_a_millisecond(record_property: Callable[[str, object], None]) -> None:
    figures = {}
    for name, rule in RULES.items():
        fields = {"schedule_type": name, "timezone": ZONE} | rule
        figures[name] = milliseconds(lambda fields=fields: forward(fields))
        figures[f"{name}, back"] = milliseconds(lambda fields=fields: backward(fields))
    record_property("target", "read a rule and find its next or last slot: < 1 ms, median")
    record_property("figure", ", ".join(f"{name}: {figure:.3f} ms" for name, figure in figures.items()))
    dense = {name: figure for name, figure in figures.items() if name == "cron, every minute, back"}
    assert max(figure for name, figure in figures.items() if name not in dense) < 1
    assert max(dense.values()) < 20  # a day's slots are made at a time


def test_a_rule_that_never_comes_is_known_in_bounded_time() -> None:
    """Thousands of months are looked at; a loop without end would be caught by the time limit of every test."""
    for text in ("0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "30 2 8-14 3 */7"):
        cadence = Cadence.read("cron", None, ZONE, schedule_cron=text, dst_gap="skip")
        assert next_slot(cadence, NOW.replace(year=2027)) is None
