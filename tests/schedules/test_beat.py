"""Beat as Celery runs it: its own loop around our scheduler, a real database, a real Redis that comes and goes."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from celery import Celery
from celery.beat import Service
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app.embedded import redis_server
from longshore import db, pulses, queue, settings
from longshore.models import Export, ScheduledExport, ScheduleRun
from schedules import beat
from schedules.beat import DatabaseScheduler, fire_all_due

ROOT = Path(__file__).resolve().parents[2]
LONG_AGO = datetime(2026, 3, 2, 9, tzinfo=UTC)

Add = Callable[..., str]

on_one_database = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For what beat does whatever the database: half the time."""


class RedisProcess:
    """A real Redis on a port of its own, that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.server = redis_server(folder)
        self.client = Redis.from_url(self.server.url)

    def start(self) -> None:
        self.process = subprocess.Popen([*self.server.command, "--appendonly", "no"], stdout=subprocess.DEVNULL)
        eventually(self.answers)

    def answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except RedisConnectionError:
            return False

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def eventually(true: Callable[[], object], seconds: float = 30) -> None:
    """Wait until it is true."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, f"not true within {seconds} s"
        time.sleep(0.02)


@pytest.fixture
def redis(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisProcess]:
    process = RedisProcess(tmp_path / "redis")
    process.start()
    monkeypatch.setenv("LONGSHORE_REDIS_URL", process.server.url)
    settings.settings.cache_clear()
    queue.celery.cache_clear()
    yield process
    queue.celery().close()
    process.stop()
    process.client.close()


def application() -> Celery:
    app = queue.celery()
    app.conf.beat_schedule = {"tock": {"task": "tock", "schedule": 0.5, "options": {"queue": "tocks"}}}
    return app


@contextmanager
def running_beat() -> Iterator[Service]:
    service = Service(app=application(), scheduler_cls="schedules.beat:DatabaseScheduler")
    thread = threading.Thread(target=service.start, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        assert thread.is_alive(), "beat died"
        service.stop()
        thread.join(30)
        assert not thread.is_alive()


def exports() -> list[str]:
    with db.reading() as session:
        return list(session.scalars(select(Export.id)))


def beat_pulse() -> datetime | None:
    with db.reading() as session:
        return pulses.read(session).get(pulses.BEAT)


def now() -> datetime:
    return datetime.now(UTC)


def test_beat_fires_a_row_when_it_is_due_and_rings_for_it(
    redis: RedisProcess, schedule: Add, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with running_beat():
        eventually(beat_pulse)
        due = now() + timedelta(seconds=1.5)
        schedule_id = schedule(due)
        eventually(exports)
        eventually(lambda: redis.client.llen("render"))
        eventually(lambda: redis.client.llen("tocks"))
    with db.reading() as session:
        (run,) = session.scalars(select(ScheduleRun)).all()
        row = session.get_one(ScheduledExport, schedule_id)
    late = run.created_at - due
    assert timedelta(0) <= late < timedelta(seconds=beat.LONGEST_SLEEP + 9)  # nine for a busy machine
    assert (run.outcome, run.slot) == ("fired", due)
    assert row.next_run_at is not None
    assert row.next_run_at > now()
    assert exports()[0].encode() in redis.client.lindex("render", 0)
    assert not list(tmp_path.glob("celerybeat*")), "beat keeps no file"


@on_one_database
def test_a_redis_that_is_away_delays_no_schedule_and_static_entries_come_back_with_it(
    redis: RedisProcess, schedule: Add
) -> None:
    def fire_without_redis(so_many: int) -> None:
        for fired in range(len(exports()) + 1, len(exports()) + so_many + 1):
            schedule(now())
            eventually(lambda fired=fired: len(exports()) == fired)
            time.sleep(0.4)  # until the static entry is due and cannot be sent

    redis.stop()
    with running_beat():
        fire_without_redis(3)
        redis.start()
        eventually(lambda: redis.client.llen("tocks"))
        redis.stop()
        fire_without_redis(2)
        redis.start()
        eventually(lambda: redis.client.llen("tocks"))
        schedule(now())
        eventually(lambda: redis.client.llen("render"))
        eventually(beat_pulse)


@on_one_database
def test_a_database_that_is_away_does_not_end_beat(
    redis: RedisProcess, schedule: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = threading.Event()

    def fail(*_arguments: object) -> int:
        failed.set()
        raise OperationalError("select", {}, Exception("the server closed the connection"))

    schedule(LONG_AGO)
    with running_beat():
        with monkeypatch.context() as patched:
            patched.setattr(beat, "next_due", fail)
            assert failed.wait(30)
            eventually(lambda: redis.client.llen("tocks"))
        before = len(exports())
        eventually(exports)
    assert before <= len(exports()) == 1


@on_one_database
def test_everything_due_is_fired_in_batches_without_a_sleep_between(schedule: Add, rung: list[str]) -> None:
    for _ in range(25):
        schedule(LONG_AGO)
    assert 0 < fire_all_due(seconds=60, batch=10) <= beat.LONGEST_SLEEP
    assert len(rung) == len(exports()) == 25


@on_one_database
def test_a_long_backlog_lets_other_work_in_and_goes_on_at_once(schedule: Add, rung: list[str]) -> None:
    for _ in range(5):
        schedule(LONG_AGO)
    assert fire_all_due(seconds=0, batch=2) == 0.0
    assert len(exports()) == 2


@on_one_database
def test_a_backlog_on_sqlite_leaves_room_for_other_writers(schedule: Add, rung: list[str]) -> None:
    for _ in range(60):
        schedule(LONG_AGO)
    fired = threading.Event()
    written = []

    def write() -> None:
        while not fired.is_set():
            with db.transaction() as session:
                pulses.write(session, "another writer", now=LONG_AGO)
            written.append(len(exports()))
            time.sleep(0.05)

    writer = threading.Thread(target=write)
    writer.start()
    while fire_all_due(batch=10) == 0:
        pass
    fired.set()
    writer.join()
    assert len({so_far for so_far in written if 0 < so_far < 60}) >= 3


@on_one_database
def test_beat_sleeps_until_the_next_slot_but_no_longer_than_a_second(schedule: Add, rung: list[str]) -> None:
    assert fire_all_due() == 1
    schedule(now() + timedelta(seconds=60))
    assert fire_all_due() == 1
    schedule(now() + timedelta(seconds=0.5))
    assert 0 < fire_all_due() <= 0.5


@on_one_database
@pytest.mark.parametrize("asked", [None, 0.2, 300])
def test_the_interval_can_be_shortened_but_not_stretched(broker: str, schedule: Add, asked: float | None) -> None:
    scheduler = DatabaseScheduler(app=application(), max_interval=asked)
    assert scheduler.max_interval == min(asked or 1, 1)
    assert 0 <= scheduler.tick() <= scheduler.max_interval


@on_one_database
def test_a_clock_that_is_set_back_does_not_hold_up_static_entries(
    broker: str, schedule: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = DatabaseScheduler(app=application())
    (entry,) = scheduler.schedule.values()
    entry.last_run_at = entry.default_now() + timedelta(hours=1)
    scheduler.tick()
    assert entry.last_run_at > entry.default_now()
    behind = time.time() - 3600
    monkeypatch.setattr(beat.time, "time", lambda: behind)
    scheduler.tick()
    assert entry.last_run_at <= entry.default_now()


def test_two_beats_pulse_and_fire_side_by_side(redis: RedisProcess, schedule: Add) -> None:
    for _ in range(30):
        schedule(LONG_AGO)
    with running_beat(), running_beat():
        eventually(lambda: len(exports()) == 30)
        eventually(beat_pulse)
        time.sleep(0.3)
    assert len(exports()) == 30
    assert redis.client.llen("render") == 30


@on_one_database
def test_the_beat_program_fires_and_stops_on_sigterm(redis: RedisProcess, schedule: Add, tmp_path: Path) -> None:
    schedule(LONG_AGO)
    options = ["--scheduler", "schedules.beat:DatabaseScheduler"]
    with (tmp_path / "beat.log").open("wb") as output:
        program = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "workers", "beat", *options], cwd=ROOT, stderr=output, stdout=output
        )
        try:
            eventually(lambda: redis.client.llen("render"), 90)
            with db.reading() as session:
                assert list(pulses.beats(session)) == [pulses.beat_name(pid=program.pid)]
        finally:
            program.send_signal(signal.SIGTERM)
            code = program.wait(30)
    log = (tmp_path / "beat.log").read_text()
    assert code == 0, log
    assert "Traceback" not in log
    assert not list(ROOT.glob("celerybeat*"))
    assert len(exports()) == 1
    with db.reading() as session:
        assert pulses.beats(session) == {}, "one that was asked to stop is not missed"
