"""A daily export as a new user makes one: created, previewed over both changes of the clock, fired, delivered, read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from longshore.db import clock, transaction
from longshore.models import ScheduledExport
from tests.acceptance.test_clear_errors import api  # noqa: F401
from tests.app.conftest import SVG, Api
from tests.conftest import wait_until
from tests.processes import Processes

NEW_YORK = ZoneInfo("America/New_York")
RULE = {"schedule_type": "daily", "schedule_time": "02:30", "timezone": "America/New_York"}


@pytest.fixture
def running(processes: Processes) -> None:
    processes.worker("render")
    processes.worker("upload")
    processes.beat()


def ended_runs(api: Api, schedule_id: str) -> list[dict[str, Any]]:  # noqa: F811
    found: list[dict[str, Any]] = []

    def look() -> bool:
        found[:] = [one for one in api.ok("GET", f"/scheduled-exports/{schedule_id}/runs")["runs"] if one["ended_at"]]
        return bool(found)

    wait_until(look, seconds=60)
    return found


def test_a_daily_export_is_created_previewed_fired_delivered_and_read(api: Api, running: None, home: Path) -> None:  # noqa: F811
    file = api.file()
    more = {"export_format": "svg", "folder": "daily", "file_name": "plan {date}"}
    made = api.ok("POST", "/scheduled-exports", json=RULE | more | {"file_id": file["id"]})
    due = datetime.fromisoformat(made["next_run_at"]).astimezone(NEW_YORK)
    assert (due.hour, due.minute) in {(2, 30), (3, 0)}

    spring = api.ok("POST", "/scheduled-exports/preview", json=RULE | {"after": "2026-03-07T12:00:00Z", "count": 2})
    assert [one["local"] for one in spring["slots"]] == ["2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00"]
    assert "does not exist" in spring["slots"][0]["note"]
    autumn = RULE | {"schedule_time": "01:30", "after": "2026-10-31T12:00:00Z", "count": 2}
    slots = api.ok("POST", "/scheduled-exports/preview", json=autumn)["slots"]
    assert [one["local"] for one in slots] == ["2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"]
    assert "comes twice" in slots[0]["note"]

    # Beat was away last night: the slot of the last 02:30 is still due.
    with transaction() as session:
        row = session.get_one(ScheduledExport, made["id"])
        slot = row.next_run_at - timedelta(days=1)
        row.next_run_at = row.fire_at = row.late_at = slot
    (run,) = ended_runs(api, made["id"])
    assert (run["outcome"], run["result"], datetime.fromisoformat(run["slot"])) == ("fired", "completed", slot)
    export = api.ok("GET", f"/export/{run['export_id']}")
    (delivery,) = export["deliveries"]
    arrived = home / "deliveries/ann/daily" / f"plan {slot.astimezone(NEW_YORK):%Y-%m-%d}.svg"
    assert delivery["state"] == "completed"
    assert sha256(arrived.read_bytes()).hexdigest() == export["artifact"]["sha256"] == delivery["receipt"]["sha256"]
    shown = api.ok("GET", f"/scheduled-exports/{made['id']}")
    assert (shown["run_count"], shown["error_count"], shown["next_run_at"]) == (1, 0, made["next_run_at"])


def test_an_export_for_one_instant_is_fired_then_and_nothing_follows(api: Api, running: None) -> None:  # noqa: F811
    with transaction() as session:
        at = clock(session).astimezone(UTC).replace(microsecond=0) + timedelta(seconds=15)
    body = {"schedule_type": "once", "schedule_at": at.isoformat(), "file_id": api.file(content=SVG)["id"]}
    made = api.ok("POST", "/scheduled-exports", json=body | {"export_format": "svg"})
    (run,) = ended_runs(api, made["id"])
    assert (run["outcome"], run["result"], datetime.fromisoformat(run["slot"])) == ("fired", "completed", at)
    shown = api.ok("GET", f"/scheduled-exports/{made['id']}")
    assert (shown["next_run_at"], shown["is_active"]) == (None, False)
