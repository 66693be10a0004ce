"""One beat with 100 schedules due among many, in a process of its own: `python -m benchmarks.beats WHO MANY TIMES`.

Prints the milliseconds that a beat ticks until nothing is due, and the process's memory in MiB, as JSON. Nothing is
sent to a broker. The peers only call a task; ours writes the run, the export and its delivery, commits, looks at how
the hundred runs before ended, and keeps its signs of life.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from celery import Celery
from celery.schedules import schedule as every

DUE = 100
DAY = 24 * 3600
GIVE_UP = 300
"""Seconds for a peer to call what is due."""


def ours(many: int, times: int, _folder: Path) -> list[float]:
    """SQLite, as `longshore up` has it; one schedule in ten is paused for a fault, and its time has not come."""
    from sqlalchemy import text

    from longshore import db, queue, schema
    from schedules import beat

    schema.upgrade()
    queue.send = lambda *_arguments: True
    beat.BREATH = 0  # it waits for other writers, of which there are none
    template = _template()
    later = (datetime.now(UTC) + timedelta(days=1)).replace(tzinfo=None).isoformat(" ")
    waits, rests = f"iif(i % 10 = 5, NULL, '{later}')", f"iif(i % 10 = 5, '{later}', NULL)"
    copied = {"id": "printf('%036d', i)", "is_active": "i % 10 <> 5", "paused_by": "iif(i % 10 = 5, 'failures', '')"}
    copied |= dict.fromkeys(("next_run_at", "fire_at", "late_at"), waits)
    copied |= dict.fromkeys(("paused_at", "owed_from", "resume_at"), rests)
    with db.transaction() as session:
        columns = [row[1] for row in session.execute(text("PRAGMA table_info(scheduled_exports)"))]
        chosen = ", ".join(copied.get(column, column) for column in columns)
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)"
        fill = f"INSERT INTO scheduled_exports ({', '.join(columns)}) {numbers} SELECT {chosen} FROM n"  # noqa: S608
        session.execute(
            text(f"{fill}, scheduled_exports t WHERE t.id = :template"), {"template": template, "many": many}
        )
    scheduler = beat.DatabaseScheduler(app=queue.celery())
    scheduler.apply_entry = lambda *_arguments, **_named: None
    took = []
    for number in range(times + 1):
        _make_due(many)
        began = time.perf_counter()
        while scheduler.tick() == 0:
            pass
        if number:  # the first one is warming up
            took.append(1000 * (time.perf_counter() - began))
    with db.reading() as session:
        fired = session.scalar(text("SELECT count(*) FROM schedule_runs WHERE outcome = 'fired'"))
        ended = session.scalar(text("SELECT count(*) FROM schedule_runs WHERE result = 'completed'"))
    if (fired, ended) != (DUE * (times + 1), DUE * times):
        raise RuntimeError(f"{fired} runs, {ended} of them ended, not {DUE * (times + 1)} and {DUE * times}")
    return took


def _make_due(many: int) -> None:
    """Let what runs end, and a hundred be due, evenly among all."""
    from sqlalchemy import text

    from longshore import db

    due = (datetime.now(UTC) - timedelta(seconds=2)).replace(tzinfo=None).isoformat(" ")
    some = ", ".join(f"'{1 + one * (many // DUE):036d}'" for one in range(DUE))
    with db.transaction() as session:
        session.execute(text("UPDATE schedule_runs SET look_at = :due WHERE result = ''"), {"due": due})
        session.execute(text("UPDATE exports SET state = 'completed', finished_at = :due"), {"due": due})
        change = f"UPDATE scheduled_exports SET next_run_at = :due, fire_at = :due, late_at = :due WHERE id IN ({some})"  # noqa: S608
        session.execute(text(change), {"due": due})


def _template() -> str:
    """A schedule that never is due, to be copied."""
    from longshore import connections, db, files
    from longshore.models import ScheduledExport

    with db.transaction() as session:
        now = db.clock(session)
        file = files.create(session, owner="ann", name="Plan", kind="svg", content=[b"<svg/>"], now=now, listed=True)
        folder = connections.default_folder(session, "ann", now=now)
        row = ScheduledExport(
            **dict.fromkeys(("owner", "user_id", "created_by"), "ann"),
            schedule_type="daily",
            schedule_time=(now - timedelta(hours=12)).time(),
            timezone="UTC",
            export_format="svg",
            export_settings={},
            destination_type="folder",
            destination_config={},
            file_id=file.id,
            connection_id=folder.id,
            policy={"overlap": "allow"},
            is_active=True,
            created_at=now,
            updated_at=now,
        )
        session.add(row)
        session.flush()
        return row.id


def sqlalchemy_celery_beat(many: int, _times: int, folder: Path) -> list[float]:
    """Its scheduler on SQLite; loading the rows is not counted."""
    from sqlalchemy import insert
    from sqlalchemy_celery_beat import models, schedulers
    from sqlalchemy_celery_beat.session import SessionManager

    address = f"sqlite:///{folder / 'beat.db'}"
    app = Celery("peer", broker="memory://")
    app.conf.update(beat_dburi=address, beat_schema=None, timezone="UTC")
    manager = SessionManager()
    engine, factory = manager.create_session(address)
    manager.prepare_models(engine)
    now = datetime.now(UTC)
    with factory() as session:
        model = models.IntervalSchedule(every=1, period=models.Period.DAYS)
        session.add(model)
        session.commit()
        task = models.PeriodicTask(name="first", task="t", schedule_model=model, last_run_at=now)
        session.add(task)
        session.commit()
        columns = {column.key: getattr(task, column.key) for column in models.PeriodicTask.__table__.columns}
        rows = [
            columns | {"id": 2 + number, "name": str(number), "last_run_at": now - timedelta(days=2 * (number < DUE))}
            for number in range(many)
        ]
        session.execute(insert(models.PeriodicTask), rows)
        session.commit()
    scheduler = schedulers.DatabaseScheduler(app=app)
    return [_until_idle(scheduler)]


def redbeat(many: int, _times: int, folder: Path) -> list[float]:
    """Its scheduler on a Redis of its own."""
    from redbeat import RedBeatScheduler, RedBeatSchedulerEntry
    from redbeat.schedulers import get_redis

    from app.embedded import redis_server

    server = redis_server(folder)
    process = subprocess.Popen(server.command, stdout=subprocess.DEVNULL)
    try:
        time.sleep(1)
        app = Celery("peer", broker="memory://")
        app.conf.update(redbeat_redis_url=server.url, redbeat_lock_key=None, timezone="UTC")
        now = datetime.now(UTC)
        client = get_redis(app)
        for late, numbers in ((2, range(DUE)), (0, range(DUE, many))):
            model = RedBeatSchedulerEntry("model", "t", every(DAY), app=app, last_run_at=now - timedelta(days=late))
            model.save()
            stored, score = client.hgetall(model.key), model.score
            with client.pipeline(transaction=False) as pipe:
                for number in numbers:
                    name = f"{number:08}"
                    copied = {key: value.replace('"model"', f'"{name}"') for key, value in stored.items()}
                    key = app.redbeat_conf.key_prefix + name
                    pipe.hset(key, mapping=copied)
                    pipe.zadd(app.redbeat_conf.schedule_key, {key: score})
                    if number % 5000 == 0:
                        pipe.execute()
                pipe.execute()
            model.delete()
        return [_until_idle(RedBeatScheduler(app=app))]
    finally:
        process.terminate()
        process.wait()


def _until_idle(scheduler: Any) -> float:
    """Milliseconds until all that are due were called, nothing being sent."""
    called: list[Any] = []
    scheduler.apply_entry = lambda entry, **_named: called.append(entry)
    scheduler.apply_async = lambda entry, **_named: called.append(scheduler.reserve(entry))
    began = time.perf_counter()
    while len(called) < DUE:
        scheduler.tick()
        if time.perf_counter() - began > GIVE_UP:
            raise RuntimeError(f"only {len(called)} of {DUE} were called within {GIVE_UP} s")
    return 1000 * (time.perf_counter() - began)


WHO: dict[str, Callable[[int, int, Path], list[float]]] = {
    "ours": ours,
    "sqlalchemy-celery-beat": sqlalchemy_celery_beat,
    "redbeat": redbeat,
}


def main() -> None:
    """Measure one of them."""
    with tempfile.TemporaryDirectory() as name:
        os.environ["LONGSHORE_HOME"] = name
        os.environ["LONGSHORE_LOG_LEVEL"] = "ERROR"
        took = WHO[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]), Path(name))
        print(json.dumps({"ms": took, "mib": psutil.Process().memory_info().rss / 2**20}))


if __name__ == "__main__":
    main()
