"""Say in the log that schedules are late, or that beat is silent: beat cannot say so itself once it is dead.

Every worker looks; the one that turns the row of `pulses` over says it, so it is said once a minute and not by all.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update

from longshore import pulses
from longshore.db import clock, reading, transaction
from longshore.lateness import longest_late
from longshore.models import Pulse, ScheduledExport

EVERY = 60.0
"""Seconds between two looks of one process, and between two lines in the log."""

NAME = "watch"

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
        with reading() as session:
            now = clock(session)
            lag, late = longest_late(session, now)
            beat = pulses.read(session).get(pulses.BEAT)
            needed = session.scalar(select(ScheduledExport.id).where(ScheduledExport.next_run_at.is_not(None)).limit(1))
        silent = None if beat is None else (now - beat).total_seconds()
        dead = needed is not None and (silent is None or silent > pulses.STALE)
        if not (late or dead) or not _mine(now):
            return False
        if dead:
            log.warning("beat_silent", seconds=silent, remedy="Start celery beat: no schedule fires until one runs.")
        if late:
            log.warning("schedules_late", longest_seconds=round(lag), first=late)
        return True


def _mine(now: datetime) -> bool:
    """Whether this process is the one to say it: nobody has, within the last minute."""
    with transaction() as session:
        if session.get(Pulse, NAME) is None:
            pulses.write(session, NAME, now=now)
            return True
        due = update(Pulse).where(Pulse.name == NAME, Pulse.at <= now - timedelta(seconds=EVERY * 0.9))
        return session.execute(due.values(at=now).returning(Pulse.name)).first() is not None
