"""Note in the history, and say in the log, that schedules are late or fail and that beat is silent.

Beat cannot say so itself once it is dead. Every worker looks; the one that turns the row of `pulses` over says it, so
it is said once a minute and not by all. A change is in the history once, however long it lasts.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, literal_column, select, update
from sqlalchemy.orm import Session

from longshore import events, pulses
from longshore.db import clock, transaction
from longshore.lateness import Health, has, longest_late
from longshore.models import Pulse, ScheduledExport

EVERY = 60.0
"""Seconds between two looks of one process, and between two lines in the log."""

NAME = "watch"

MOST = 500
"""Schedules of one look whose change is noted; SQLite has one writer. The next look goes on."""

SILENT, BACK = "beat.silent", "beat.back"

_STRAYED: ColumnElement[bool] = literal_column("scheduled_exports.noted <> 'ok'")
"""Spelt as in the partial index."""

log = structlog.get_logger(__name__)


class Watchman:
    """Looks once a minute, however often it is asked."""

    def __init__(self) -> None:
        self._next = time.monotonic()

    def look(self) -> bool:
        """Whether it said something now. Raises SQLAlchemyError where the database is away."""
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + EVERY
        with transaction() as session:
            now = clock(session)
            if not _mine(session, now):
                return False
            lag, late = longest_late(session, now)
            beat = pulses.read(session).get(pulses.BEAT)
            needed = session.scalar(select(ScheduledExport.id).where(ScheduledExport.next_run_at.is_not(None)).limit(1))
            silent = None if beat is None else (now - beat).total_seconds()
            works = silent is not None and silent <= pulses.STALE
            dead = needed is not None and not works
            note_beat(session, silent, works=works, dead=dead, now=now)
            note_health(session, now)
        if dead:
            log.warning("beat_silent", seconds=silent, remedy="Start celery beat: no schedule fires until one runs.")
        if late:
            log.warning("schedules_late", longest_seconds=round(lag), first=late)
        return bool(dead or late)


def note_beat(session: Session, silent: float | None, *, works: bool, dead: bool, now: datetime) -> None:
    """Note once that beat is silent while a schedule needs it, and once that it works again."""
    last = events.last_of_all(session, [SILENT, BACK])
    if dead and last != SILENT:
        events.record(session, SILENT, now=now, owner=events.EVERYBODY, data={"seconds": silent})
    elif works and last == SILENT:
        events.record(session, BACK, now=now, owner=events.EVERYBODY)


def note_health(session: Session, now: datetime) -> None:
    """Note which schedules have become late or failing, or are neither any more, since that was noted last."""
    for health in (Health.LATE, Health.FAILING, Health.OK):
        strayed = _STRAYED if health is Health.OK else ScheduledExport.noted != str(health)
        changed = select(ScheduledExport).where(has(health, now), strayed).limit(MOST)
        for row in session.scalars(changed.with_for_update(skip_locked=True)).all():
            match health:
                case Health.LATE:
                    slot = row.next_run_at.isoformat() if row.next_run_at else None
                    events.note(session, row, "late", now=now, slot=slot)
                case Health.FAILING:
                    events.note(session, row, "failing", now=now, reason=row.last_error)
                case _:
                    events.note(session, row, "recovered", now=now, was=row.noted)
            row.noted = str(health)
        session.flush()


def _mine(session: Session, now: datetime) -> bool:
    """Whether this process is the one to look: nobody has, within the last minute."""
    if session.get(Pulse, NAME) is None:
        pulses.write(session, NAME, now=now)
        return True
    due = update(Pulse).where(Pulse.name == NAME, Pulse.at <= now - timedelta(seconds=EVERY * 0.9))
    return session.execute(due.values(at=now).returning(Pulse.name)).first() is not None
