"""Spread a crowd: where very many schedules are due at the same instant, most of them are taken up some seconds later.

Half of all schedules in the world are for a full hour. How much later follows from a hash, so every beat finds the
same; the slot stays what it is.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, func, literal_column, select, update
from sqlalchemy.orm import Session

from longshore.models import ScheduledExport
from longshore.settings import settings
from schedules.policy import jitter

AT_ONCE = 1000
"""Rows moved in one transaction."""

_ACTIVE: ColumnElement[bool] = literal_column("scheduled_exports.is_active")


def delay(schedule_id: str, slot: datetime) -> timedelta:
    """How much later this slot is taken up in a crowd; up to LONGSHORE_SPREAD, and never at all by nothing."""
    return jitter(f"crowd {schedule_id}", slot, settings().spread)


def held(row: ScheduledExport, planned: datetime) -> timedelta:
    """How much later than planned the slot that the row waits for is taken up, because it was in a crowd."""
    later = delay(row.id, planned)
    return later if row.fire_at == planned + later else timedelta(0)


def is_there(session: Session, now: datetime) -> bool:
    """Whether more than LONGSHORE_CROWD schedules are due now."""
    limit = settings().crowd
    if not limit or not settings().spread:
        return False
    some = select(ScheduledExport.id).where(_ACTIVE, ScheduledExport.fire_at <= now).limit(limit + 1).subquery()
    return (session.scalar(select(func.count()).select_from(some)) or 0) > limit


def spread(session: Session, now: datetime) -> int:
    """Move the later part of a crowd on, in the caller's transaction; the count of schedules moved.

    Those that have waited already, for this or for jitter or a blackout of their own, wait no longer.
    """
    fresh = select(ScheduledExport.id, ScheduledExport.fire_at, ScheduledExport.late_at).where(
        _ACTIVE,
        ScheduledExport.fire_at <= now,
        ScheduledExport.fire_at == ScheduledExport.next_run_at,
        ScheduledExport.fire_at > now - timedelta(seconds=settings().spread),
    )
    rows = session.execute(
        fresh.order_by(ScheduledExport.fire_at, ScheduledExport.id).limit(AT_ONCE).with_for_update(skip_locked=True)
    ).all()
    moved = []
    for row in rows:
        later = delay(row.id, row.fire_at)
        if row.fire_at + later > now:
            late_at = row.late_at and row.late_at + later
            moved.append({"row": row.id, "fire_at": row.fire_at + later, "late_at": late_at})
    if moved:
        table = ScheduledExport.__table__
        session.execute(update(table).where(table.c.id == bindparam("row")), moved)  # type: ignore[arg-type]
    return len(moved)
