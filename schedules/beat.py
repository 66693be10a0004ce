"""Celery beat that reads its clock from a table: `celery -A workers beat --scheduler schedules.beat:DatabaseScheduler`.

Any number of beats may run at once; the database decides which of them fires a slot. The static entries of
`app.conf.beat_schedule` stay in this process's memory, beside the table. Beat writes no file, and neither a database
nor a Redis that is away ends it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from celery.beat import Scheduler

from longshore import pulses
from longshore.db import clock, engine, reading, transaction
from schedules import crowd
from schedules.ended import look_at_ended, unseen
from schedules.fire import fire_due, next_due
from schedules.pauses import resumable, resume_due
from schedules.queued import start_queued, startable

LONGEST_SLEEP = 1
"""Seconds. A schedule that is created or changed while beat sleeps is at most so late."""

BATCH = 25
"""Schedules per transaction. One takes 2.5 ms on SQLite (measured, 2 cores), and nobody else can write meanwhile."""

BREATH = 0.1
"""Seconds between two batches on SQLite. Its waiting writers look every 0.1 s: without the pause they found it locked
at each look, and gave up after 15 s (measured with a backlog of 1500)."""

LONGEST_TICK = 5.0
"""Seconds after which a tick with more due rows hands over to the static entries before it goes on."""

PULSE_EVERY = 5.0
"""Seconds between two signs of life in the database."""

CLOCK_STEP = 5.0
"""Seconds by which a clock is set back, not slowed down: NTP slews what is less than a second."""

log = structlog.get_logger(__name__)


class DatabaseScheduler(Scheduler):
    """Fires due rows of `scheduled_exports`, and the static entries."""

    max_interval = LONGEST_SLEEP
    producer: Any = None
    """Static entries go through the application's pool. Celery's own producer for beat waits for Redis to come back,
    and the clock with it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._pulsed = float("-inf")
        self._set = time.time() - time.monotonic()
        self._busy = False
        super().__init__(*args, **kwargs)
        self.max_interval = min(self.max_interval, LONGEST_SLEEP)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Fire what is due, then at most one static entry. Returns the seconds to sleep."""
        self._notice_clock()
        self._busy = True
        try:
            return max(0.0, min(self._tick_table(), super().tick(*args, **kwargs)))
        finally:
            self._busy = False

    def close(self) -> None:
        """Leave the list of beats. A signal calls this within a tick, too; it is called again when that has ended."""
        if not self._busy and self._pulsed > float("-inf"):
            self._try("farewell", self._leave)
        super().close()

    def _tick_table(self) -> float:
        """Each part by itself: what ails one of them holds up none of the others, and ends no beat."""
        self._try("pulse", self._pulse)  # first: a gap in the pulses is downtime, and what passed in it is caught up on
        wait = self._try("fire", lambda: fire_all_due(LONGEST_TICK))
        done = self._try("chores", do_chores)
        self._try("pulse", self._pulse)
        return 0.0 if done and wait is not None else LONGEST_SLEEP if wait is None else wait

    def _try(self, part: str, work: Callable[[], float | None]) -> float | None:
        try:
            return work() or 0.0
        except Exception:
            # Whatever ails the database or one row, the rows are still there a second later, and beat with them.
            log.exception("beat_database_failed", part=part, retry_in=LONGEST_SLEEP)
            return None

    def _notice_clock(self) -> None:
        """Where this machine's clock was set back, static entries begin anew: else they wait until it has caught up."""
        was, self._set = self._set, time.time() - time.monotonic()
        if was - self._set > CLOCK_STEP:
            log.warning("clock_set_back", seconds=round(was - self._set))
            for entry in self.schedule.values():
                entry.last_run_at = entry.default_now()
            self._heap = None

    def _pulse(self) -> None:
        now = time.monotonic()
        if now - self._pulsed >= PULSE_EVERY:
            with transaction() as session:
                pulses.beat(session, now=clock(session))
            self._pulsed = now

    def _leave(self) -> None:
        with transaction() as session:
            pulses.farewell(session)
        self._pulsed = float("-inf")

    @property
    def info(self) -> str:
        """What beat's banner says about the schedule."""
        return "    . schedules -> the table scheduled_exports"


def do_chores(batch: int = BATCH) -> int:
    """What is due without being a slot: look at ended runs, resume pauses, start what waited; the count of it all.

    Looking costs no write lock here, either. What is more than a batch is left to the next tick.
    """
    with reading() as session:
        now = clock(session)
        due = [
            chore
            for chore, query in (
                (look_at_ended, unseen(now)),
                (resume_due, resumable(now)),
                (start_queued, startable(now)),
            )
            if session.execute(query.limit(1)).first() is not None
        ]
    done, failed = 0, None
    for chore in due:
        try:
            with transaction() as session:
                done += chore(session, clock(session), batch)
        except Exception as error:
            log.exception("chore_failed", chore=chore.__name__)
            failed = error
    if failed is not None:
        raise failed
    return done


def fire_all_due(seconds: float = LONGEST_TICK, batch: int = BATCH) -> float:
    """Fire every due schedule, a batch per transaction, for about `seconds`. Returns the seconds until the next one.

    Looking costs no write lock: a transaction that writes is opened only where something is due.
    """
    began = time.monotonic()
    _spread_crowd()
    while True:
        with reading() as session:
            due, now = next_due(session), clock(session)
        if due is None or due > now:
            return _until(due, now)
        with transaction() as session:
            taken = fire_due(session, clock(session), batch)
        if taken:
            log.info("schedules_fired", count=taken)
        else:
            return LONGEST_SLEEP  # another beat has them
        if time.monotonic() - began > seconds:
            return 0.0
        if engine().dialect.name == "sqlite":
            time.sleep(BREATH)


def _spread_crowd() -> None:
    moved = crowd.AT_ONCE
    while moved:
        with reading() as session:
            crowded = crowd.is_there(session, clock(session))
        if not crowded:
            return
        with transaction() as session:
            moved = crowd.spread(session, clock(session))


def _until(due: datetime | None, now: datetime) -> float:
    return LONGEST_SLEEP if due is None else min(LONGEST_SLEEP, (due - now).total_seconds())
