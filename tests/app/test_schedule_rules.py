"""Rules beyond daily, weekly and monthly at one time: made, changed, ended, tried out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from longshore.db import clock, reading, transaction
from longshore.models import ScheduledExport, ScheduleRun
from schedules.fire import fire_due
from tests.app.conftest import Api


def made(api: Api, **rule: Any) -> dict[str, Any]:
    body = {"file_id": api.file()["id"], "export_format": "svg", **rule}
    answer = api("POST", "/scheduled-exports", json=body)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    made: dict[str, Any] = answer.get_json()
    return made


def shift(schedule: dict[str, Any], next_run_at: datetime) -> None:
    with transaction() as session:
        row = update(ScheduledExport).where(ScheduledExport.id == schedule["id"])
        session.execute(row.values(next_run_at=next_run_at, fire_at=next_run_at))


def fire() -> None:
    with transaction() as session:
        fire_due(session, clock(session), 100)


def runs(schedule: dict[str, Any]) -> list[tuple[str, str]]:
    with reading() as session:
        query = select(ScheduleRun).where(ScheduleRun.schedule_id == schedule["id"]).order_by(ScheduleRun.slot)
        return [(run.outcome, run.reason) for run in session.scalars(query)]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            {"schedule_type": "daily", "schedule_times": ["17:00", "09:00"], "timezone": "Europe/London"},
            "every day at 09:00 and 17:00 (Europe/London)",
        ),
        (
            {"schedule_type": "weekly", "schedule_time": "09:00", "schedule_days_of_week": [4, 0, 2]},
            "every Monday, Wednesday and Friday at 09:00 (UTC)",
        ),
        (
            {"schedule_type": "monthly", "schedule_time": "09:00", "schedule_days_of_month": [-1, 1, 15]},
            "on days 1 and 15 and the last day of every month at 09:00 (UTC)",
        ),
        (
            {"schedule_type": "monthly", "schedule_time": "00:00", "schedule_day_of_month": -1},
            "on the last day of every month at 00:00 (UTC)",
        ),
        (
            {
                "schedule_type": "monthly",
                "schedule_time": "09:00",
                "schedule_day_of_week": 1,
                "schedule_week_of_month": 2,
                "end_at": "2999-12-31",
            },
            "on the second Tuesday of every month at 09:00 (UTC), until 31 December 2999",
        ),
        ({"schedule_type": "cron", "schedule_cron": "@daily"}, 'as cron has "0 0 * * *" (UTC)'),
        (
            {"schedule_type": "interval", "schedule_interval_seconds": 5400, "start_at": "2030-01-01"},
            "every 90 minutes, from 1 January 2030",
        ),
        (
            {"schedule_type": "once", "schedule_at": "2999-03-08T02:30", "timezone": "Asia/Tokyo"},
            "once, on 8 March 2999 at 02:30 (Asia/Tokyo)",
        ),
    ],
)
def test_every_type_can_be_made_and_sent_back_as_it_is_answered(alice: Api, rule: dict[str, Any], words: str) -> None:
    schedule = made(alice, **rule)
    assert schedule["description"] == words
    assert datetime.fromisoformat(schedule["next_run_at"]) > datetime.now(UTC)
    path = f"/scheduled-exports/{schedule['id']}"
    fields = {name: value for name, value in schedule.items() if name.startswith(("schedule_", "start", "end", "dst"))}
    again = alice.ok("PUT", path, json=fields | {"timezone": schedule["timezone"]})
    assert {**again, "updated_at": ""} == {**schedule, "updated_at": ""}


def test_an_interval_counts_from_when_it_was_made(alice: Api) -> None:
    schedule = made(alice, schedule_type="interval", schedule_interval_seconds=3600)
    start = datetime.fromisoformat(schedule["start_at"])
    assert timedelta(0) <= datetime.fromisoformat(schedule["created_at"]) - start < timedelta(seconds=1)
    assert datetime.fromisoformat(schedule["next_run_at"]) == start + timedelta(hours=1)
    path = f"/scheduled-exports/{schedule['id']}"
    slower = alice.ok("PUT", path, json={"schedule_interval_seconds": 7200})
    assert (slower["start_at"], slower["description"][:13]) == (schedule["start_at"], "every 2 hours")
    assert datetime.fromisoformat(slower["next_run_at"]) == start + timedelta(hours=2)


@pytest.mark.parametrize(
    ("rule", "field", "says"),
    [
        ({"schedule_type": "cron", "schedule_cron": "0 0 30 2 *"}, "schedule_cron", "never fires"),
        ({"schedule_type": "cron", "schedule_cron": "0 0 9 * * *"}, "schedule_cron", "seconds are not supported"),
        ({"schedule_type": "cron"}, "schedule_cron", "needs schedule_cron"),
        (
            {"schedule_type": "daily", "schedule_time": "09:00", "schedule_cron": "@daily"},
            "schedule_cron",
            "is for cron",
        ),
        ({"schedule_type": "interval", "schedule_interval_seconds": 59}, "schedule_interval_seconds", "60 (a minute)"),
        ({"schedule_type": "once", "schedule_at": "2020-01-01T00:00Z"}, "schedule_at", "has passed"),
        ({"schedule_type": "daily", "schedule_time": "09:00", "end_at": "2020-01-01"}, "end_at", "has passed"),
        (
            {"schedule_type": "daily", "schedule_time": "09:00", "start_at": "2030-01-02", "end_at": "2030-01-01"},
            "end_at",
            "before start_at",
        ),
        (
            {"schedule_type": "monthly", "schedule_time": "09:00", "schedule_week_of_month": 2},
            "schedule_day_of_week",
            "",
        ),
        ({"schedule_type": "daily", "schedule_time": "09:00", "dst_gap": "maybe"}, "dst_gap", "first_valid, skip"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_not_saved(alice: Api, rule: dict[str, Any], field: str, says: str) -> None:
    body = {"file_id": alice.file()["id"], "export_format": "svg", **rule}
    problem = alice.problem(400, "POST", "/scheduled-exports", json=body)
    assert problem["errors"][0]["field"] == field
    assert says in problem["errors"][0]["message"]
    assert alice.ok("GET", "/scheduled-exports")["count"] == 0


def test_a_rule_can_become_one_of_another_type_and_fields_give_way_to_others(alice: Api) -> None:
    path = f"/scheduled-exports/{made(alice, schedule_type='daily', schedule_times=['09:00', '10:00'])['id']}"

    def put(**change: Any) -> str:
        words: str = alice.ok("PUT", path, json=change)["description"]
        return words

    assert put(schedule_time="11:00") == "every day at 11:00 (UTC)"
    assert put(schedule_type="weekly", schedule_days_of_week=[0, 4]) == "every Monday and Friday at 11:00 (UTC)"
    assert put(schedule_day_of_week=5) == "every Saturday at 11:00 (UTC)"
    second = "on the second Saturday of every month at 11:00 (UTC)"
    assert put(schedule_type="monthly", schedule_week_of_month=2) == second
    assert put(schedule_day_of_month=31, month_end="skip") == "on day 31 of every month that has one at 11:00 (UTC)"
    assert put(schedule_week_of_month=-1, schedule_day_of_week=0) == "on the last Monday of every month at 11:00 (UTC)"
    assert put(schedule_type="cron", schedule_cron="0 9 * * 1-5", end_at="2999-01-01") == (
        'as cron has "0 9 * * 1-5" (UTC), until 1 January 2999'
    )
    assert put(end_at=None) == 'as cron has "0 9 * * 1-5" (UTC)'
    shown = alice.ok("GET", path)
    assert (shown["schedule_time"], shown["schedule_day_of_week"], shown["schedule_week_of_month"]) == (None,) * 3
    assert alice.problem(400, "PUT", path, json={"schedule_type": "daily"})["errors"][0]["field"] == "schedule_time"


def test_a_change_that_leaves_the_rule_as_it_is_leaves_the_slot_that_is_due(alice: Api) -> None:
    schedule = made(alice, schedule_type="daily", schedule_time="09:00")
    path, due = f"/scheduled-exports/{schedule['id']}", datetime.now(UTC) - timedelta(seconds=1)
    shift(schedule, due)
    for same in ({"schedule_time": "09:00:00"}, {"timezone": "UTC"}, {"is_active": True}, {"folder": "new"}):
        assert datetime.fromisoformat(alice.ok("PUT", path, json=same)["next_run_at"]) == due
    fire()
    assert runs(schedule) == [("fired", "")]


def test_a_change_while_a_slot_is_due_enters_it_as_missed_and_fires_nothing_of_the_past(alice: Api) -> None:
    schedule = made(alice, schedule_type="daily", schedule_time="09:00")
    shift(schedule, datetime.now(UTC) - timedelta(seconds=1))
    earlier = (datetime.now(UTC) - timedelta(minutes=2)).strftime("%H:%M:%S")
    changed = alice.ok("PUT", f"/scheduled-exports/{schedule['id']}", json={"schedule_time": earlier})
    assert datetime.fromisoformat(changed["next_run_at"]) > datetime.now(UTC) + timedelta(hours=23)
    fire()
    assert runs(schedule) == [("missed", "The schedule was changed before this slot was fired.")]


def test_a_change_loses_no_slot_that_is_to_come(alice: Api) -> None:
    schedule = made(alice, schedule_type="daily", schedule_time="09:00")
    soon = (datetime.now(UTC) + timedelta(seconds=30)).replace(microsecond=0)
    changed = alice.ok("PUT", f"/scheduled-exports/{schedule['id']}", json={"schedule_time": f"{soon:%H:%M:%S}"})
    assert datetime.fromisoformat(changed["next_run_at"]) == soon


def test_what_was_to_fire_once_is_over_afterwards(alice: Api) -> None:
    schedule = made(alice, schedule_type="once", schedule_at="2999-01-01T00:00Z")
    path = f"/scheduled-exports/{schedule['id']}"
    due = (datetime.now(UTC) - timedelta(seconds=2)).replace(microsecond=0)
    with transaction() as session:
        rule = {"schedule_at": due.isoformat(timespec="seconds")}
        row = update(ScheduledExport).where(ScheduledExport.id == schedule["id"])
        session.execute(row.values(next_run_at=due, fire_at=due, rule=rule))
    fire()
    over = alice.ok("GET", path)
    assert (over["is_active"], over["next_run_at"], over["run_count"]) == (False, None, 1)
    assert over["ended_reason"].startswith("It was to fire once, on ")
    assert "has passed" in alice.problem(400, "POST", f"{path}/resume")["detail"]
    again = alice.ok("PUT", path, json={"schedule_at": "2999-01-01T00:00:00Z", "is_active": True})
    assert (again["is_active"], again["ended_reason"]) == (True, None)
    assert again["next_run_at"] == "2999-01-01T00:00:00Z"


def test_after_its_runs_a_schedule_is_over_until_it_gets_new_ones(alice: Api) -> None:
    schedule = made(alice, schedule_type="daily", schedule_time="09:00", remaining_runs=2, policy={"overlap": "allow"})
    path = f"/scheduled-exports/{schedule['id']}"
    for number, (left, active) in enumerate(((1, True), (0, False))):
        shift(schedule, datetime.now(UTC) - timedelta(seconds=2 - number))
        fire()
        shown = alice.ok("GET", path)
        assert (shown["remaining_runs"], shown["is_active"], shown["run_count"]) == (left, active, number + 1)
    assert (shown["next_run_at"], shown["ended_reason"][:32]) == (None, "It has fired as often as it was ")
    assert alice.problem(400, "POST", f"{path}/resume")["errors"][0]["field"] == "remaining_runs"
    again = alice.ok("PUT", path, json={"remaining_runs": None, "is_active": True})
    assert (again["remaining_runs"], again["ended_reason"]) == (None, None)
    assert again["next_run_at"] is not None


def test_a_rule_that_lost_its_meaning_is_shown_and_can_be_mended(alice: Api) -> None:
    schedule = made(alice, schedule_type="daily", schedule_time="09:00", timezone="Europe/London")
    with transaction() as session:
        session.execute(update(ScheduledExport).values(timezone="Europe/Atlantis", next_run_at=None))
    (shown,) = alice.ok("GET", "/scheduled-exports")["schedules"]
    assert "timezone must be an IANA name" in shown["description"]
    assert shown["schedule_time"] == "09:00:00"
    mended = alice.ok("PUT", f"/scheduled-exports/{schedule['id']}", json={"timezone": "Europe/Paris"})
    assert mended["description"] == "every day at 09:00 (Europe/Paris)"
    assert mended["next_run_at"] is not None


def test_a_preview_has_twenty_slots_and_what_is_odd_about_the_rule(alice: Api) -> None:
    rule = {"schedule_type": "cron", "schedule_cron": "30 2 * * *", "timezone": "America/New_York"}
    answer = alice.ok("POST", "/scheduled-exports/preview", json=rule | {"after": "2026-02-20T00:00:00Z"})
    assert len(answer["slots"]) == 20
    note = "02:30 does not exist on 8 March 2026 in America/New_York; fires at 03:00"
    assert [slot["note"] for slot in answer["slots"] if slot["note"]] == [note]
    assert answer["findings"] == [{"code": "clock_jumps", "level": "note", "field": "dst_gap", "message": note}]
    few = alice.ok("POST", "/scheduled-exports/preview", json=rule | {"remaining_runs": 3})
    assert len(few["slots"]) == 3
    never = alice.ok("POST", "/scheduled-exports/preview", json=rule | {"schedule_cron": "0 0 30 2 *"})
    assert (never["slots"], never["findings"][0]["level"]) == ([], "error")
    assert "never fires" in never["findings"][0]["message"]
