"""Policies and conditions of schedules: tried out, and those of another version."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from longshore.db import transaction
from longshore.models import ScheduledExport
from tests.app.conftest import Api
from tests.app.test_schedule_rules import made

SATURDAYS = {"schedule_type": "weekly", "schedule_day_of_week": 5, "schedule_time": "09:00"}
FRIDAY = "2026-03-06T00:00:00Z"


def previewed(api: Api, policy: dict[str, Any], **rule: Any) -> Any:
    body = SATURDAYS | {"after": FRIDAY, "policy": policy} | rule
    return api.ok("POST", "/scheduled-exports/preview", json=body)


def test_a_preview_says_that_every_slot_lies_in_a_blackout(alice: Api) -> None:
    answer = previewed(alice, {"blackouts": [{"days": [5, 6]}]}, count=2)
    first = answer["findings"][0]
    assert (first["code"], first["level"], first["field"]) == ("never_fires", "warning", "policy.blackouts")
    assert first["message"].startswith("never fires: every one of the next 2000 slots lies in a blackout")
    assert [(one["outcome"], one["fires_at"]) for one in answer["slots"]] == [("skipped", None)] * 2
    assert answer["slots"][0]["reason"] == "It lies in a blackout: Saturday, Sunday."


def test_a_preview_shows_what_is_put_off_and_what_is_left_out(alice: Api) -> None:
    policy = {"blackouts": [{"days": [5, 6]}], "in_blackout": "defer", "jitter_seconds": 90}
    daily = {"schedule_type": "daily", "schedule_day_of_week": None, "schedule_time": "09:00"}
    answer = previewed(alice, policy, count=4, **daily)
    assert [(one["outcome"], one["fires_at"], one["fires_until"]) for one in answer["slots"]] == [
        ("fired", "2026-03-06T09:00:00Z", "2026-03-06T09:01:30Z"),
        ("coalesced", None, None),
        ("fired", "2026-03-09T00:00:00Z", "2026-03-09T00:01:30Z"),
        ("fired", "2026-03-09T09:00:00Z", "2026-03-09T09:01:30Z"),
    ]
    assert answer["slots"][2]["reason"] == "It waits for the end of a blackout: Saturday, Sunday."
    assert {one["code"] for one in answer["findings"]} == {"blacked_out", "jitter"}


def test_a_preview_counts_only_runs_that_fire_and_ends_with_the_rule(alice: Api) -> None:
    policy = {"blackouts": [{"from_date": "2026-03-07"}]}
    two = previewed(alice, policy, remaining_runs=2)
    assert [one["outcome"] for one in two["slots"]] == ["skipped", "fired", "fired"]
    assert [one["at"] for one in previewed(alice, {}, start_at="2026-03-10", end_at="2026-03-21")["slots"]] == [
        "2026-03-14T09:00:00Z",
        "2026-03-21T09:00:00Z",
    ]


def test_a_preview_refuses_a_policy_by_field(alice: Api) -> None:
    body = SATURDAYS | {"policy": {"blackouts": [{"days": [9]}]}}
    problem = alice.problem(422, "POST", "/scheduled-exports/preview", json=body)
    assert problem["errors"][0]["field"] == "policy.blackouts.0"


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        ({"blackouts": [{"from_time": "22:00", "to_time": "06:00Z"}]}, "no zone of their own"),
        ({"blackouts": [{"from_date": "9999-12-31"}]}, "in the years from 1970 to 2999"),
        ({"overlap": "sometimes"}, "policy.overlap: "),
    ],
)
def test_a_policy_that_an_older_version_stored_and_that_is_refused_now_is_shown_and_can_be_corrected(
    alice: Api, stored: dict[str, Any], why: str
) -> None:
    good = made(alice, schedule_type="daily", schedule_time="09:00")
    odd = made(alice, schedule_type="daily", schedule_time="09:00")
    with transaction() as session:
        session.execute(update(ScheduledExport).where(ScheduledExport.id == odd["id"]).values(policy=stored))
    listed = {one["id"]: one for one in alice.ok("GET", "/scheduled-exports")["schedules"]}
    assert listed[good["id"]]["policy"]["overlap"] == "queue_one"
    assert listed[odd["id"]]["policy"] == stored
    assert why in listed[odd["id"]]["description"]
    url = f"/scheduled-exports/{odd['id']}"
    assert alice.ok("GET", url)["policy"] == stored
    assert alice.ok("POST", f"{url}/pause")["policy"] == stored
    assert why in alice("POST", f"{url}/resume").get_json()["detail"]
    put = alice.ok("PUT", url, json={"policy": {"blackouts": [{"days": [6]}], "overlap": "skip"}, "is_active": True})
    assert (put["policy"]["blackouts"][0]["days"], put["is_active"]) == ([6], True)
    assert put["description"] == good["description"]


def test_conditions_that_an_older_version_stored_and_that_are_refused_now_are_shown_and_can_be_corrected(
    alice: Api,
) -> None:
    odd, stored = made(alice, schedule_type="daily", schedule_time="09:00"), {"skip_on_rain": True}
    with transaction() as session:
        session.execute(update(ScheduledExport).values(conditions=stored))
    (listed,) = alice.ok("GET", "/scheduled-exports")["schedules"]
    assert listed["conditions"] == stored
    assert listed["description"].startswith("conditions.skip_on_rain: ")
    put = alice.ok("PUT", f"/scheduled-exports/{odd['id']}", json={"conditions": {"skip_empty": True}})
    assert put["conditions"]["skip_empty"] is True
    assert put["description"] == odd["description"]
