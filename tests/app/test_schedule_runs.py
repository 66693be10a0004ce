"""Runs as the API shows them, runs by hand, pauses, backfill, health."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from longshore import lateness
from longshore.db import clock, reading, transaction
from longshore.lateness import Health
from longshore.models import Connection, ScheduledExport
from schedules.ended import look_at_ended
from schedules.fire import fire_due
from tests.app.conftest import Api

HOUR = timedelta(hours=1)


def made(api: Api, **more: Any) -> dict[str, Any]:
    body = {"schedule_type": "daily", "schedule_time": "09:00", "export_format": "svg", **more}
    answer = api("POST", "/scheduled-exports", json={"file_id": api.file()["id"], **body})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    created: dict[str, Any] = answer.get_json()
    return created


def path(schedule: dict[str, Any], tail: str = "") -> str:
    return f"/scheduled-exports/{schedule['id']}{tail}"


def set_row(schedule: dict[str, Any], **values: Any) -> None:
    with transaction() as session:
        session.execute(update(ScheduledExport).where(ScheduledExport.id == schedule["id"]).values(**values))


def fire(schedule: dict[str, Any], at: datetime) -> None:
    set_row(schedule, next_run_at=at, fire_at=at, late_at=at + HOUR)
    with transaction() as session:
        fire_due(session, clock(session), 10)


def test_a_policy_is_stored_shown_and_changed_in_part(alice: Api) -> None:
    schedule = made(alice, policy={"overlap": "skip", "jitter_seconds": 60})
    assert schedule["policy"]["overlap"] == "skip"
    assert (schedule["policy"]["catchup"], schedule["health"]) == ("latest", "ok")
    blackouts = [{"from_date": "2030-12-24", "to_date": "2031-01-01"}]
    changed = alice.ok("PUT", path(schedule), json={"policy": {"blackouts": blackouts, "jitter_seconds": 0}})
    assert (changed["policy"]["overlap"], changed["policy"]["jitter_seconds"]) == ("skip", 0)
    assert changed["policy"]["blackouts"][0]["to_date"] == "2031-01-01"
    assert alice.ok("GET", path(schedule))["policy"] == changed["policy"]
    assert made(alice)["policy"]["overlap"] == "queue_one"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"overlap": "x"}, "policy.overlap"),
        ({"jiter": 1}, "policy.jiter"),
        ({"catchup_window": 1}, "policy.catchup_window"),
        ({"blackouts": [{"days": [9]}]}, "policy.blackouts.0"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused_by_field(alice: Api, wrong: dict[str, Any], field: str) -> None:
    body = {"schedule_type": "daily", "schedule_time": "09:00", "export_format": "svg", "policy": wrong}
    problem = alice.problem(422, "POST", "/scheduled-exports", json={"file_id": alice.file()["id"], **body})
    assert problem["errors"][0]["field"] == field
    problem = alice.problem(422, "PUT", path(made(alice)), json={"policy": wrong})
    assert problem["errors"][0]["field"] == field


def test_a_run_by_hand_is_told_apart_runs_while_paused_and_once_per_key(
    alice: Api, finish: Callable[..., bytes]
) -> None:
    schedule = made(alice)
    alice.ok("POST", path(schedule, "/pause?reason=holidays"))
    answer = alice("POST", path(schedule, "/run"), headers={"Idempotency-Key": "k1"})
    run = answer.get_json()
    assert (answer.status_code, run["trigger"], run["outcome"], run["result"]) == (202, "manual", "fired", "")
    again = alice("POST", path(schedule, "/run"), headers={"Idempotency-Key": "k1"})
    assert (again.get_json()["id"], again.headers["Idempotency-Replayed"]) == (run["id"], "true")
    finish(run["export_id"])
    shown = alice.ok("GET", path(schedule, f"/runs/{run['id']}"))
    assert answer.headers["Location"].endswith(f"/runs/{run['id']}")
    assert [one["state"] for one in shown["exports"]] == ["completed"] or shown["exports"][0]["deliveries"]
    assert alice.ok("GET", path(schedule, "/runs"))["total"] == 1
    after = alice.ok("GET", path(schedule))
    assert (after["is_active"], after["run_count"], after["next_run_at"]) == (False, 1, None)
    assert (after["paused_by"], after["paused_reason"], after["health"]) == ("user", "holidays", "paused")


def test_a_run_by_hand_that_cannot_run_says_why_and_leaves_nothing(alice: Api) -> None:
    schedule = made(alice)
    with transaction() as session:
        session.execute(update(Connection).values(enabled=False))
    assert "switched off" in alice.problem(409, "POST", path(schedule, "/run"))["detail"]
    assert alice.ok("GET", path(schedule, "/runs"))["total"] == 0


def test_runs_are_filtered_and_paged(alice: Api) -> None:
    schedule = made(alice, policy={"overlap": "skip"})
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for days in (3, 2, 1):
        fire(schedule, today - timedelta(days=days))
    everything = alice.ok("GET", path(schedule, "/runs"))
    total = everything["total"]
    assert total >= 3
    fired = alice.ok("GET", path(schedule, "/runs?outcome=fired,missed"))
    skipped = alice.ok("GET", path(schedule, "/runs?outcome=skipped&trigger=slot"))
    coalesced = alice.ok("GET", path(schedule, "/runs?outcome=coalesced"))
    assert fired["total"] == 1
    assert fired["total"] + skipped["total"] + coalesced["total"] == total
    (one,) = fired["runs"]
    assert (one["exports"][0]["state"], one["exports"][0]["deliveries"][0]["destination"]) == ("initiated", "folder")
    assert (one["seconds"], one["started_at"] is not None, one["export_id"]) == (None, True, one["exports"][0]["id"])
    pages = [alice.ok("GET", path(schedule, f"/runs?limit=1&offset={n}"))["runs"] for n in range(total)]
    assert [page[0]["id"] for page in pages] == [run["id"] for run in everything["runs"]]
    assert alice.ok("GET", path(schedule, "/runs?result=failed"))["total"] == 0
    alice.problem(422, "GET", path(schedule, "/runs?trigger=x"))


def test_backfill_says_what_it_would_do_then_does_it_once(alice: Api) -> None:
    schedule = made(alice, timezone="Europe/Berlin")
    span = {"from": "2026-03-28T00:00:00Z", "to": "2026-03-31T00:00:00+02:00"}
    plan = alice.ok("POST", path(schedule, "/backfill"), json=span | {"dry_run": True})
    assert [one["slot"] for one in plan["slots"]] == [
        "2026-03-28T08:00:00Z",
        "2026-03-29T07:00:00Z",
        "2026-03-30T07:00:00Z",
    ]
    assert (plan["queued"], alice.ok("GET", path(schedule, "/runs"))["total"]) == (3, 0)
    assert alice.ok("POST", path(schedule, "/backfill"), json=span)["queued"] == 3
    again = alice.ok("POST", path(schedule, "/backfill"), json=span)
    assert (again["queued"], {one["run"] for one in again["slots"]}) == (0, {"queued"})
    assert alice.ok("GET", path(schedule, "/runs?outcome=queued&trigger=backfill"))["total"] == 3


@pytest.mark.parametrize(
    ("span", "status"),
    [
        ({"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"}, 400),
        ({"from": "2026-03-02T00:00:00Z", "to": "2999-03-01T00:00:00Z"}, 400),
        ({"from": "1999-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"}, 400),
        ({"from": "2026-03-02T00:00:00", "to": "2026-03-03T00:00:00Z"}, 422),
        ({"from": "2026-03-02T00:00:00Z"}, 422),
        ({"from": "2026-03-02T00:00:00Z", "to": "2026-03-03T00:00:00Z", "dryrun": True}, 422),
    ],
)
def test_a_span_that_cannot_be_meant_is_refused(alice: Api, span: dict[str, Any], status: int) -> None:
    alice.problem(status, "POST", path(made(alice), "/backfill"), json=span)


def test_resuming_may_make_up_for_the_pause(alice: Api) -> None:
    schedule = made(alice)
    alice.ok("POST", path(schedule, "/pause"))
    then = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
    set_row(schedule, paused_at=then, owed_from=then)
    resumed = alice.ok("POST", path(schedule, "/resume?catchup=all"))
    assert datetime.fromisoformat(resumed["next_run_at"]) < datetime.now(UTC)
    assert resumed["is_active"]
    alice.problem(422, "POST", path(schedule, "/resume?catchup=some"))


def test_health_is_shown_filtered_and_counted_alike(alice: Api) -> None:
    now = datetime.now(UTC)
    ended = made(alice, remaining_runs=1)
    fire(ended, now - timedelta(seconds=1))
    paused, failing, late, stuck, fine = (made(alice) for _ in range(5))
    alice.ok("POST", path(paused, "/pause"))
    set_row(failing, failures=2)
    set_row(late, fire_at=now - HOUR, late_at=now - HOUR / 2)
    set_row(stuck, next_run_at=None, fire_at=None, late_at=None)
    wanted = {"paused": [paused], "failing": [failing, stuck], "late": [late], "ok": [fine], "ended": [ended]}
    for health, expected in wanted.items():
        found = alice.ok("GET", f"/scheduled-exports?health={health}")["schedules"]
        assert {one["id"] for one in found} == {one["id"] for one in expected}
        assert {one["health"] for one in found} == {health}
    alice.problem(422, "GET", "/scheduled-exports?health=great")
    with reading() as session:
        at = clock(session)
        assert lateness.counts(session, at) == {Health(name): len(rows) for name, rows in wanted.items()}
        lag, late_ids = lateness.longest_late(session, at)
    assert late_ids == [late["id"]]
    assert 3600 <= lag < 3700


@pytest.mark.parametrize("health", [Health.LATE, Health.FAILING, Health.PAUSED, Health.ENDED])
def test_health_is_found_through_indexes(alice: Api, health: Health) -> None:
    made(alice)
    with transaction() as session:
        dialect = session.get_bind().dialect.name
        if dialect == "postgresql":
            session.execute(text("set local enable_seqscan = off"))
        query = select(ScheduledExport.id).where(lateness.has(health, clock(session)))
        compiled = query.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        explain = "explain " if dialect == "postgresql" else "explain query plan "
        plan = "\n".join(str(line) for line in session.execute(text(explain + str(compiled).replace(":", r"\:"))))
    assert "ix_scheduled_exports_" in plan
    assert "Seq Scan" not in plan
    assert "'SCAN scheduled_exports'" not in plan


def test_a_run_tells_how_it_ended_while_no_beat_looks(
    alice: Api, finish: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = made(alice)

    def work(ids: list[str], _seconds: float) -> bool:
        for one in ids:
            finish(one)
        return True

    monkeypatch.setattr("app.wait.until_all_ended", work)
    answer = alice("POST", path(schedule, "/run"), headers={"Prefer": "wait=5"})
    run = answer.get_json()
    assert (answer.status_code, run["result"]) == (200, "completed")
    export = alice.ok("GET", f"/export/{run['export_id']}")
    assert datetime.fromisoformat(run["ended_at"]) == datetime.fromisoformat(export["finished_at"])
    assert 0 <= run["seconds"] < 60
    assert alice.ok("GET", path(schedule, f"/runs/{run['id']}")) == run
    for wanted, count in (("completed", 1), ("failed", 0), ("failed,completed", 1)):
        listed = alice.ok("GET", path(schedule, "/runs"), query_string={"result": wanted})
        assert (listed["total"], listed["runs"]) == (count, [run] * count)


def test_a_run_has_no_result_until_the_last_of_its_exports_has_ended(alice: Api, finish: Callable[..., bytes]) -> None:
    schedule = made(alice, export_format=None, formats=[{"format": "svg"}, {"format": "png"}])
    run = alice.ok("POST", path(schedule, "/run"))
    first, second = (one["id"] for one in run["exports"])
    finish(first)
    half = alice.ok("GET", path(schedule, f"/runs/{run['id']}"))
    assert (half["result"], half["ended_at"], half["seconds"]) == ("", None, None)
    assert alice.ok("GET", path(schedule, "/runs?result=completed"))["total"] == 0
    alice.ok("POST", f"/export/{second}/cancel")
    assert alice.ok("GET", path(schedule, f"/runs/{run['id']}"))["result"] == "completed"
    assert alice.ok("GET", path(schedule, "/runs?result=completed"))["total"] == 1
    with transaction() as session:
        assert look_at_ended(session, clock(session), 10) == 1
    assert alice.ok("GET", path(schedule, f"/runs/{run['id']}"))["result"] == "completed"
    assert alice.ok("GET", path(schedule, "/runs?result=completed"))["total"] == 1
