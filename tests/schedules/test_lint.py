from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from schedules.cadence import Cadence, lint, never_due

NEW_YORK = "America/New_York"
NEW_YEAR = datetime(2026, 1, 1, 12, tzinfo=UTC)


def said(after: datetime = NEW_YEAR, **fields: Any) -> list[str]:
    given = {"schedule_type": "daily", "timezone": "UTC"} | fields
    return [f"{one.level} {one.code} {one.field}: {one.message}" for one in lint(Cadence.read(**given), after)]


def cron(text: str, **fields: Any) -> list[str]:
    return said(schedule_type="cron", schedule_cron=text, **fields)


def monthly(**fields: Any) -> list[str]:
    return said(schedule_type="monthly", schedule_time="09:00", **fields)


def test_a_plain_rule_has_nothing_odd() -> None:
    assert said(schedule_time="09:00", timezone=NEW_YORK) == []
    assert cron("0 9 * * 1-5", timezone=NEW_YORK) == []
    assert monthly(schedule_day_of_month=28) == []
    assert monthly(schedule_day_of_month=-1) == []


@pytest.mark.parametrize(
    ("rule", "finding"),
    [
        (
            {"schedule_time": "02:30"},
            "note clock_jumps dst_gap: 02:30 does not exist on 8 March 2026 in America/New_York; fires at 03:00",
        ),
        (
            {"schedule_time": "02:30", "dst_gap": "skip"},
            "note clock_jumps dst_gap: 02:30 does not exist on 8 March 2026 in America/New_York; does not fire",
        ),
        (
            {"schedule_time": "01:30"},
            (
                "note clock_repeats dst_overlap: "
                "01:30 comes twice on 1 November 2026 in America/New_York; fires the first time only"
            ),
        ),
        (
            {"schedule_type": "cron", "schedule_cron": "0,30 1 * * *", "dst_overlap": "both"},
            (
                "note clock_repeats dst_overlap: "
                "01:00 to 01:30 come twice on 1 November 2026 in America/New_York; each fires both times"
            ),
        ),
        (
            {"schedule_type": "cron", "schedule_cron": "*/20 2 * * *"},
            (
                "note clock_jumps dst_gap: "
                "02:00 to 02:40 do not exist on 8 March 2026 in America/New_York; fires once for all, at 03:00"
            ),
        ),
        (
            {"schedule_type": "once", "schedule_at": "2026-11-01T01:30", "dst_overlap": "second"},
            (
                "note clock_repeats dst_overlap: "
                "01:30 comes twice on 1 November 2026 in America/New_York; fires the second time only"
            ),
        ),
    ],
)
def test_nights_on_which_the_clocks_change_are_told(rule: dict[str, Any], finding: str) -> None:
    assert said(timezone=NEW_YORK, **rule) == [finding]


@pytest.mark.parametrize("overlap", ["first", "second"])
def test_the_silence_of_a_frequent_rule_is_told(overlap: str) -> None:
    often, jumps, repeats = cron("*/15 * * * *", timezone=NEW_YORK, dst_overlap=overlap)
    assert often == "warning often schedule_cron: fires 96 times a day"
    assert jumps.endswith("02:00 to 02:45 do not exist on 8 March 2026 in America/New_York; "
                          "the one after the jump fires as ever")  # fmt: skip
    assert repeats.endswith(f"each fires the {overlap} time only, and nothing for 75 minutes: dst_overlap can be both")


def test_a_change_of_the_clocks_outside_of_start_and_end_is_not_told() -> None:
    assert said(schedule_time="02:30", timezone=NEW_YORK, start_at="2026-03-09", end_at="2026-12-01") == []
    assert said(schedule_time="02:30", timezone=NEW_YORK, end_at="2026-03-07") == []


def test_days_that_months_lack_are_told() -> None:
    skips = "five months have no day 31: the 31st skips five months"
    assert monthly(schedule_day_of_month=31, month_end="skip") == [
        f"warning short_months schedule_day_of_month: {skips}"
    ]
    assert cron("0 9 31 * *") == [f"warning short_months schedule_cron: {skips}"]
    clamped = "note short_months month_end: five months have no day 31: fires on the last day then"
    assert monthly(schedule_day_of_month=31) == [clamped]
    (leap,) = monthly(schedule_day_of_month=29, month_end="skip")
    assert leap.endswith("February has no day 29 in three of four years: it is skipped then")
    assert cron("0 9 31 1,3 *") == []
    assert "skips one month" in cron("0 9 30 * *")[0]
    assert "only four or five months" in monthly(schedule_day_of_week=0, schedule_week_of_month=5)[0]


def test_a_rule_that_fires_often_is_told() -> None:
    assert "fires 1,440 times a day" in cron("* * * * *")[0]
    (often, *_) = said(schedule_type="interval", schedule_interval_seconds=60, start_at="2026-01-01")
    assert often == "warning often schedule_interval_seconds: fires 1,440 times a day"
    assert cron("0 * * * *") == []


def test_oddities_of_cron_are_told() -> None:
    (either,) = cron("0 9 13 * fri")
    assert either.startswith("warning either_day schedule_cron: both day fields are restricted")
    assert "fires on day 13 of the month and also on day fri of the week" in either
    assert cron("0 9 */2 * fri") == []
    (uneven,) = cron("0 */5 * * *")
    assert uneven.endswith("*/5 begins anew each day: from hour 20 to hour 0 it is only 4 hours")
    assert "means only minute 0" in cron("*/90 3 * * *")[0]
    assert "fires first on 29 February 2028" in cron("0 0 29 2 *")[0]


def test_an_interval_that_wanders_is_told() -> None:
    interval = {"schedule_type": "interval", "start_at": "2026-01-01"}
    assert "not at the same times each day" in said(schedule_interval_seconds=25_200, **interval)[0]
    assert "moves when the clocks change" in said(schedule_interval_seconds=86_400, timezone=NEW_YORK, **interval)[0]
    assert said(schedule_interval_seconds=86_400, timezone="Asia/Tokyo", **interval) == []


def test_the_signs_of_posix_names_are_told() -> None:
    assert said(schedule_time="09:00", timezone="Etc/GMT+5") == [
        "warning zone_sign timezone: Etc/GMT+5 is 5 hours behind UTC, not the other way round"
    ]
    assert said(schedule_time="09:00", timezone="Etc/GMT+0") == []


@pytest.mark.parametrize(
    ("rule", "finding"),
    [
        (
            {"schedule_type": "cron", "schedule_cron": "0 0 30 2 *"},
            (
                "error never schedule_cron: the rule never fires: no such day or time comes in 400 years, after which "
                "the calendar repeats"
            ),
        ),
        (
            {"schedule_type": "cron", "schedule_cron": "30 2 8-14 3 */7", "dst_gap": "skip", "timezone": NEW_YORK},
            (
                "error never schedule_cron: the rule never fires: no such day or time comes in 400 years, after which "
                "the calendar repeats"
            ),
        ),
        ({"schedule_time": "09:00", "end_at": "2025-12-31"}, "error over end_at: end_at, 31 December 2025, has passed"),
        (
            {"schedule_type": "weekly", "schedule_day_of_week": 0, "schedule_time": "09:00", "end_at": "2026-01-04"},
            "error over end_at: end_at, 4 January 2026, comes before the next slot, 5 January 2026 at 09:00 (UTC)",
        ),
        (
            {"schedule_type": "once", "schedule_at": "2025-01-01T09:00"},
            "error over schedule_at: schedule_at, 1 January 2025 at 09:00, has passed",
        ),
        (
            {"schedule_type": "once", "schedule_at": "2026-03-08T02:30", "timezone": NEW_YORK, "dst_gap": "skip"},
            "error never schedule_at: 8 March 2026 at 02:30 does not exist in America/New_York, and dst_gap is skip",
        ),
    ],
)
def test_a_rule_that_is_never_due_is_an_error_and_nothing_else_matters(rule: dict[str, Any], finding: str) -> None:
    assert said(**rule) == [finding]
    assert never_due(Cadence.read("daily", "09:00"), NEW_YEAR) is None
