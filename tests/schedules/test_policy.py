"""The policies by themselves: blackouts, jitter, what is owed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from longshore.errors import Invalid
from schedules import policy
from schedules.cadence import Cadence
from schedules.catchup import Rule, owed_slots, upcoming
from tests.schedules.ledger import DAY, NINE

BERLIN = ZoneInfo("Europe/Berlin")
DAILY = Cadence.read("daily", "09:00")


def rule(cadence: Cadence = DAILY, **given: Any) -> Rule:
    return Rule("a schedule", cadence, policy.read(given))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


NIGHT = {"from_time": "22:00", "to_time": "06:00"}
WEEKEND = {"days": [5, 6]}


@pytest.mark.parametrize(
    ("blackouts", "at", "reopens"),
    [
        ([{"from_date": "2026-12-24"}], "2026-12-24T00:00", "2026-12-25T00:00"),
        ([{"from_date": "2026-12-24", "to_date": "2027-01-01"}], "2026-12-31T23:59", "2027-01-02T00:00"),
        ([{"from_date": "2026-12-24"}], "2026-12-25T00:00", None),
        ([NIGHT], "2026-03-02T23:00", "2026-03-03T06:00"),
        ([NIGHT], "2026-03-03T05:59", "2026-03-03T06:00"),
        ([NIGHT], "2026-03-03T06:00", None),
        ([NIGHT | {"days": [4]}], "2026-03-07T01:00", "2026-03-07T06:00"),  # the night that began on Friday
        ([NIGHT | {"days": [4]}], "2026-03-06T01:00", None),
        ([WEEKEND], "2026-03-07T12:00", "2026-03-09T00:00"),
        ([NIGHT, WEEKEND], "2026-03-06T23:00", "2026-03-09T06:00"),  # one follows on the other
        ([{"from_time": "01:00", "to_time": "02:30"}], "2026-03-29T01:30", "2026-03-29T03:00"),  # 02:30 is skipped
    ],
)
def test_a_blackout_is_read_on_the_zones_wall_clock(blackouts: list[Any], at: str, reopens: str | None) -> None:
    cadence = Cadence.read("daily", "09:00", "Europe/Berlin")
    found = rule(cadence, blackouts=blackouts, in_blackout="defer").release(local(at).astimezone(UTC))
    assert bool(found.closed) == (reopens is not None)
    assert found.at == (local(reopens) if reopens else local(at))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"overlap": "perhaps"}, "policy.overlap"),
        ({"jitter_seconds": -1}, "policy.jitter_seconds"),
        ({"deadline": 5}, "policy.deadline"),
        ({"blackouts": [{}]}, "policy.blackouts.0"),
        ({"blackouts": [{"days": [7]}]}, "policy.blackouts.0"),
        ({"blackouts": [{"days": list(range(7))}]}, "policy.blackouts.0"),
        ({"blackouts": [{"from_time": "10:00"}]}, "policy.blackouts.0"),
        ({"blackouts": [{"from_date": "2026-02-02", "to_date": "2026-02-01"}]}, "policy.blackouts.0"),
        ({"blackouts": [{"to_date": "2026-02-02"}]}, "policy.blackouts.0"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused_by_field(given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        policy.read(given)
    assert refused.value.field == field


def test_blackouts_that_never_end_skip_even_where_they_should_defer() -> None:
    always = [{"from_time": "00:00", "to_time": "12:00"}, {"from_time": "12:00", "to_time": "00:00"}]
    (verdict,) = owed_slots(rule(blackouts=always, in_blackout="defer"), NINE, NINE).verdicts
    assert verdict.outcome == "skipped"


def test_jitter_is_the_same_everywhere_differs_by_slot_and_stays_in_its_bounds() -> None:
    jittered = rule(jitter_seconds=600)
    delays = [jittered.release(NINE + n * DAY).at - (NINE + n * DAY) for n in range(200)]
    assert delays == [rule(jitter_seconds=600).release(NINE + n * DAY).at - (NINE + n * DAY) for n in range(200)]
    assert min(delays) >= timedelta(0)
    assert max(delays) < timedelta(seconds=600)
    assert len(set(delays)) > 190
    assert timedelta(seconds=250) < sum(delays, timedelta(0)) / 200 < timedelta(seconds=350)


def verdicts(given: dict[str, Any], now: datetime, first: datetime = NINE) -> list[str]:
    return [str(one.outcome) for one in owed_slots(rule(**given), first, now).verdicts]


@pytest.mark.parametrize(
    ("given", "late", "expected"),
    [
        ({}, timedelta(0), ["fired"]),
        ({}, 3 * DAY, ["coalesced"] * 3 + ["fired"]),
        ({"catchup": "all"}, 3 * DAY, ["fired"] * 4),
        ({"catchup": "none"}, 3 * DAY, ["missed"] * 3 + ["fired"]),
        ({"catchup": "none"}, 3 * DAY + timedelta(seconds=61), ["missed"] * 4),
        ({"catchup": "all", "catchup_window": 2 * 86400}, 3 * DAY, ["missed"] + ["fired"] * 3),
        ({"catchup_window": 3600}, 3 * DAY - timedelta(hours=2), ["missed"] * 3),
        ({"deadline_seconds": 10}, timedelta(seconds=10), ["fired"]),
        ({"deadline_seconds": 10}, timedelta(seconds=11), ["missed"]),
        ({"blackouts": [{"from_date": "2026-03-05"}]}, 3 * DAY, ["coalesced"] * 2 + ["fired", "skipped"]),
        ({"blackouts": [{"from_date": "2026-03-02", "to_date": "2026-03-03"}]}, DAY, ["skipped"] * 2),
    ],
)
def test_what_is_owed_follows_from_the_policy(given: dict[str, Any], late: timedelta, expected: list[str]) -> None:
    assert verdicts(given, NINE + late) == expected


def test_of_the_slots_deferred_by_one_blackout_the_last_fires_at_its_end() -> None:
    given = {"blackouts": [{"from_date": "2026-03-02", "to_date": "2026-03-04"}], "in_blackout": "defer"}
    end = datetime(2026, 3, 5, tzinfo=UTC)
    waiting = owed_slots(rule(**given), NINE, end - timedelta(seconds=1))
    assert (waiting.verdicts, waiting.following) == ([], (NINE, end))
    for catchup in policy.Catchup:
        assert verdicts(given | {"catchup": catchup}, end) == ["coalesced", "coalesced", "fired"]
    nightly = {"blackouts": [{"from_time": "08:00", "to_time": "10:00"}], "in_blackout": "defer", "catchup": "all"}
    assert verdicts(nightly, NINE + 2 * DAY) == ["fired", "fired"]  # each has an end of its own


def test_a_slot_that_has_passed_but_waits_for_its_jitter_is_still_to_come() -> None:
    jittered = rule(jitter_seconds=3600)
    planned = jittered.release(NINE).at
    assert planned > NINE
    assert upcoming(jittered, NINE, planned - timedelta(seconds=1)) == (NINE, planned)
    found = upcoming(jittered, NINE, planned)
    assert found is not None
    assert found[0] == NINE + DAY


def test_a_backlog_is_dealt_with_in_parts() -> None:
    first = NINE - 100 * DAY
    part = owed_slots(rule(catchup="all"), first, NINE, budget=400)
    assert (len(part.verdicts), part.more, part.cost) == (10, True, 400)
    assert part.following == (first + 10 * DAY, first + 10 * DAY)
    part = owed_slots(rule(), first, NINE, budget=7)
    assert [str(one.outcome) for one in part.verdicts] == ["coalesced"] * 7


@pytest.mark.parametrize("catchup", policy.Catchup)
def test_what_is_late_while_beat_was_at_work_passed_in_no_downtime(catchup: policy.Catchup) -> None:
    hourly = replace(rule(Cadence.read("cron", schedule_cron="0 * * * *"), catchup=catchup), beating_since=NINE)
    since = NINE - timedelta(hours=2)
    found = owed_slots(hourly, since, NINE + timedelta(hours=2, seconds=90)).verdicts
    before = {"none": ["missed"] * 2, "latest": ["coalesced", "fired"], "all": ["fired"] * 2}[catchup]
    assert [str(one.outcome) for one in found] == [*before, "fired", "fired", "fired"]
    parked = replace(hourly, parked=True)
    one, *_ = owed_slots(parked, NINE, NINE + timedelta(hours=2)).verdicts
    assert "No scheduler" not in one.reason


def test_jitter_ends_before_the_slot_after_it() -> None:
    minutely = rule(Cadence.read("cron", schedule_cron="* * * * *"), jitter_seconds=7200, catchup="none")
    slots = [NINE + timedelta(minutes=n) for n in range(200)]
    assert all(slot <= minutely.release(slot).at < slot + timedelta(minutes=1) for slot in slots)


def test_the_latest_that_fires_fires_although_a_blackout_fills_the_rest_of_the_backlog() -> None:
    first = NINE - 100 * DAY
    ended = {"blackouts": [{"from_date": "2025-11-27", "to_date": "2026-12-31"}]}
    part = owed_slots(rule(**ended), first, NINE, budget=7)
    assert (part.more, [str(one.outcome) for one in part.verdicts]) == (
        True,
        ["coalesced"] * 4 + ["fired"] + ["skipped"] * 2,
    )
