"""Several real scheduler processes on one database, racing for the same slots, and dying at the worst moments."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from longshore.db import reading, transaction
from longshore.models import Delivery, Export, ScheduledExport, ScheduleRun
from schedules.fire import fire_due
from workers import rescue

ROOT = Path(__file__).resolve().parents[2]
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)

Add = Callable[..., str]

RACER = """
import sys
from datetime import datetime, timedelta
from sqlalchemy.exc import OperationalError
from longshore import db, queue
from schedules.fire import fire_due

first, days, batch = datetime.fromisoformat(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
rung = []
queue.send = lambda queue, row_id, seconds=None: rung.append(row_id) or True
print("ready", flush=True)
sys.stdin.readline()
for day in range(days):
    now = first + timedelta(days=day)
    while True:
        try:
            with db.transaction() as session:
                if not fire_due(session, now, batch):
                    break
        except OperationalError as error:  # beat, too, tries again where SQLite was busy for too long
            print(error, file=sys.stderr)
print(*rung, flush=True)
"""

DYING = """
import os, signal, sys
from datetime import datetime
from longshore import db, exports, queue
from schedules.fire import fire_due

def die(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)

setattr({"exports": exports, "queue": queue}[sys.argv[2]], sys.argv[3], die)
with db.transaction() as session:
    fire_due(session, datetime.fromisoformat(sys.argv[1]), 10)
"""


def command(program: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", program, *map(str, arguments)]


def start_racer(*arguments: object) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(command(RACER, *arguments), cwd=ROOT, text=True, stdin=pipe, stdout=pipe)


def die_while_firing(module: str, function: str) -> None:
    """A scheduler that is killed where it would call this function."""
    ended = subprocess.run(command(DYING, NINE.isoformat(), module, function), cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL


def race(racers: int, days: int, batch: int) -> list[str]:
    """Start at the same moment, run to the end. Returns the ids of all messages sent, by all of them."""
    running = [start_racer(NINE.isoformat(), days, batch) for _ in range(racers)]
    for one in running:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in running:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    rung = []
    for one in running:
        out, _ = one.communicate()
        assert one.returncode == 0
        rung += out.split()
    return rung


def assert_each_slot_has_one_run_and_each_fired_run_one_export(
    days: int, schedules: list[str], rung: list[str]
) -> None:
    slots = {NINE + n * DAY for n in range(days)}
    with reading() as session:
        runs = session.scalars(select(ScheduleRun)).all()
        exports = Counter(session.scalars(select(Export.id)))
        deliveries = Counter(session.scalars(select(Delivery.export_id)))
        rows = session.scalars(select(ScheduledExport)).all()
    for schedule_id in schedules:
        assert sorted(run.slot for run in runs if run.schedule_id == schedule_id) == sorted(slots)
    fired = Counter(run.export_id for run in runs if run.outcome == "fired")
    assert fired == exports == deliveries == Counter(rung)
    assert set(fired.values()) == {1}
    assert {run.outcome for run in runs} <= {"fired", "coalesced"}
    assert sum(row.run_count for row in rows) == len(exports)
    assert {row.next_run_at for row in rows} == {NINE + days * DAY}


def test_three_schedulers_fire_every_slot_once(schedule: Add) -> None:
    schedules = [schedule(NINE, policy={"overlap": "allow"}) for _ in range(12)]
    rung = race(racers=3, days=3, batch=2)
    assert_each_slot_has_one_run_and_each_fired_run_one_export(3, schedules, rung)
    assert len(rung) >= 12


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_four_schedulers_fire_thousands_of_slots_once(schedule: Add) -> None:
    schedules = [schedule(NINE, policy={"overlap": "allow"}) for _ in range(150)]
    rung = race(racers=4, days=30, batch=7)
    assert_each_slot_has_one_run_and_each_fired_run_one_export(30, schedules, rung)
    assert len(rung) >= 150


def test_a_crash_after_the_commit_leaves_one_export_for_the_rescuer(
    schedule: Add, rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule(NINE)
    die_while_firing("queue", "send")
    with transaction() as session:
        assert fire_due(session, NINE + timedelta(seconds=1), 10) == 0
        export = session.scalars(select(Export)).one()
        run = session.scalars(select(ScheduleRun)).one()
    assert (export.state, export.attempt, export.lease_until) == ("initiated", 0, None)
    assert (run.outcome, run.export_id) == ("fired", export.id)
    assert rung == []
    monkeypatch.setattr(rescue, "depth", lambda _queue: 0)
    rescue.sweep()
    assert rung == [export.id]


def test_a_crash_before_the_commit_leaves_the_slot_to_another_scheduler(schedule: Add, rung: list[str]) -> None:
    schedule(NINE)
    die_while_firing("exports", "add_delivery")
    with reading() as session:
        assert session.scalars(select(Export)).all() == []
        assert session.scalars(select(ScheduleRun)).all() == []
    with transaction() as session:
        assert fire_due(session, NINE + timedelta(seconds=1), 10) == 1
    with reading() as session:
        assert [export.id for export in session.scalars(select(Export))] == rung
        assert len(rung) == 1
