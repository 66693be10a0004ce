from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from app import create_app
from app.metrics import Counts
from longshore import VERSION, pulses, settings
from longshore.db import clock, reading, transaction
from longshore.lateness import Health
from longshore.models import ScheduledExport
from tests.app.conftest import Api, new_application

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def pulse(*names: str, seconds: float = 0) -> None:
    with transaction() as session:
        for name in names:
            pulses.write(session, name, now=clock(session) - timedelta(seconds=seconds))


@pytest.fixture
def client(database: str) -> FlaskClient:
    """Of an application that has counted nothing yet."""
    return new_application().test_client()


def test_the_process_is_up_without_anything_else(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok", "version": VERSION})


def test_everything_that_works_is_ready(broker: str, database: str) -> None:
    client = create_app(configure_logs=False).test_client()
    pulse("beat", "queue:render", "queue:upload")
    answer = client.get("/readyz")
    assert answer.status_code == 200, answer.get_json()
    assert answer.get_json()["checks"].keys() == {
        "database",
        "redis",
        "store",
        "beat",
        "queue:render",
        "queue:upload",
        "schedules",
    }


def test_one_beat_of_three_that_hangs_is_seen_and_the_others_are_enough(broker: str, database: str) -> None:
    client = create_app(configure_logs=False).test_client()
    pulse("queue:render", "queue:upload")
    for number, seconds in enumerate([400, 20, 1]):
        with transaction() as session:
            name = pulses.beat_name("box", number)
            pulses.beat(session, now=clock(session) - timedelta(seconds=seconds), name=name)
    answer = client.get("/readyz")
    assert answer.status_code == 200, answer.get_json()
    message = answer.get_json()["checks"]["beat"]["message"]
    assert re.fullmatch(r"worked \d s ago; 1 of 3 beats silent, see /metrics", message)
    ages = re.findall(
        r'longshore_pulse_age_seconds{part="(beat[^"]*)"} (\d+)\.', client.get("/metrics").get_data(as_text=True)
    )
    assert [(name, int(age) // 10) for name, age in ages] == [
        ("beat", 0),
        ("beat:box:0", 40),
        ("beat:box:1", 2),
        ("beat:box:2", 0),
    ]


def test_what_does_not_work_is_named_with_what_to_do(client: FlaskClient, home: Path) -> None:
    pulse("beat")
    pulse("queue:render", seconds=pulses.STALE + 5)
    (home / "artifacts").mkdir()
    (home / "artifacts" / "checks").write_text("in the way")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    checks = answer.get_json()["checks"]
    assert {name for name, check in checks.items() if check["ok"]} == {"database", "beat", "schedules"}
    assert checks["redis"]["message"] == "Redis does not answer: see LONGSHORE_REDIS_URL."
    assert checks["queue:render"]["message"] == "Silent for 65 s. Start a worker of the queue render."
    assert checks["queue:upload"]["message"] == "Never seen. Start a worker of the queue upload."
    assert str(home) not in answer.get_data(as_text=True)


def test_schedules_that_nobody_takes_up_are_seen_without_beat(client: FlaskClient, alice: Api) -> None:
    body = {"file_id": alice.file()["id"], "schedule_type": "daily", "schedule_time": "09:00", "export_format": "svg"}
    alice.ok("POST", "/scheduled-exports", json=body)
    with transaction() as session:
        due = clock(session) - timedelta(seconds=400)
        session.execute(update(ScheduledExport).values(fire_at=due, late_at=due + timedelta(seconds=300)))
    check = client.get("/readyz").get_json()["checks"]["schedules"]
    assert not check["ok"]
    assert re.fullmatch(
        r"The first one that is due has waited for 40\d s\. See whether celery beat .*", check["message"]
    )
    figures = client.get("/metrics").get_data(as_text=True)
    assert 'longshore_schedules{health="late"} 1.0' in figures
    assert 'longshore_schedules{health="ok"} 0.0' in figures
    assert re.search(r"longshore_schedule_lag_seconds 40\d\.", figures)


@pytest.mark.parametrize(("grace", "ready"), [(5, False), (3600, True)])
def test_a_schedule_is_late_by_its_own_grace(client: FlaskClient, alice: Api, grace: int, ready: bool) -> None:
    body = {"file_id": alice.file()["id"], "schedule_type": "daily", "schedule_time": "09:00", "export_format": "svg"}
    alice.ok("POST", "/scheduled-exports", json=body | {"policy": {"grace_seconds": grace}})
    with transaction() as session:
        due = clock(session) - timedelta(seconds=10 if grace == 5 else 400)
        session.execute(update(ScheduledExport).values(fire_at=due, late_at=due + timedelta(seconds=grace)))
    assert client.get("/readyz").get_json()["checks"]["schedules"]["ok"] == ready


def test_the_figures_are_prometheus_text(client: FlaskClient, alice: Api, finish: Callable[..., bytes]) -> None:
    finish(alice.export()["id"])
    alice.export(deliveries=[{"destination": "local"}])
    pulse("beat", seconds=30)
    alice("GET", "/files")
    client.open("/api/files", method="BREW")
    text = client.get("/metrics").get_data(as_text=True)
    values = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert values["longshore_exports", "completed"] == 1
    assert values["longshore_exports", "initiated"] == 1
    assert values["longshore_exports", "failed"] == 0
    assert values["longshore_deliveries", "pending"] == 1
    assert 0 <= values["longshore_queue_age_seconds", "render"] < 60
    assert 30 <= values["longshore_pulse_age_seconds", "beat"] < 60
    assert values["longshore_pulse_age_seconds", "queue:upload"] == math.inf, "it was never started"
    assert values["longshore_http_request_seconds_count", "POST", "/api/export", "202"] == 2
    assert values["longshore_http_request_seconds_count", "other", "unknown", "405"] == 1


def test_counts_that_took_long_stand_for_longer_but_what_waits_or_is_late_is_counted_anew(
    alice: Api, finish: Callable[..., bytes]
) -> None:
    ticks = iter([0, 2, 30, 62, 62.5])  # two seconds to count
    counts = Counts(lambda: next(ticks))

    def read() -> tuple[int, int, int]:
        with reading() as session:
            (exports, _deliveries), schedules = counts.read(session, clock(session))
        return exports["completed"], exports["initiated"], schedules[Health.LATE]

    file_id = alice.file()["id"]
    body = {"file_id": file_id, "schedule_type": "daily", "schedule_time": "09:00", "export_format": "svg"}
    alice.ok("POST", "/scheduled-exports", json=body)
    assert read() == (0, 0, 0)
    finish(alice.export()["id"])
    alice.export()
    with transaction() as session:
        session.execute(update(ScheduledExport).values(late_at=clock(session) - timedelta(seconds=1)))
    assert read() == (0, 1, 1)
    assert read() == (1, 1, 1)


def test_the_docs_page_needs_nothing_from_elsewhere(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("swagger-ui.css", "swagger-ui-bundle.js"):
        (tmp_path / name).write_text(f"/* {name} */")
    monkeypatch.setenv("LONGSHORE_ASSETS", str(tmp_path))
    settings.settings.cache_clear()
    page = client.get("/docs")
    assert "http" not in page.get_data(as_text=True)
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    assert client.get("/docs/swagger-ui.css").content_type.startswith("text/css")
    assert client.get("/docs/swagger-ui-bundle.js").get_data(as_text=True) == "/* swagger-ui-bundle.js */"
    assert "/openapi.json" in client.get("/docs/start.js").get_data(as_text=True)
    assert client.get("/docs/manifest.json").status_code == 404


def test_the_docs_page_says_how_to_get_its_files(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGSHORE_ASSETS", str(tmp_path))
    settings.settings.cache_clear()
    assert "make assets" in client.get("/docs").get_data(as_text=True)
    assert client.get("/docs/swagger-ui.css").status_code == 404
