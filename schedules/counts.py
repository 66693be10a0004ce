"""What a schedule's row counts: runs that started, runs that were not wanted after all, errors, failures in a row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from longshore.models import ScheduledExport, ScheduleRun
from schedules.runs import Outcome


def write(session: Session, schedule_id: str, **values: Any) -> None:
    """Change columns of a schedule, whatever this session has read of it."""
    statement = update(ScheduledExport).where(ScheduledExport.id == schedule_id).values(**values)
    session.execute(statement.execution_options(synchronize_session=False))


def count_run(session: Session, row: ScheduledExport, now: datetime) -> None:
    """One more run of this schedule has started."""
    write(session, row.id, last_run_at=now, run_count=ScheduledExport.run_count + 1, last_error=None)


def uncount_run(session: Session, row: ScheduledExport) -> None:
    """A run that was counted made nothing, since a condition did not want it; the last one is the one before it."""
    fired = select(ScheduleRun.started_at).where(
        ScheduleRun.schedule_id == row.id,
        ScheduleRun.outcome == str(Outcome.FIRED),
        ScheduleRun.started_at.is_not(None),
    )
    before = session.scalar(fired.order_by(ScheduleRun.slot.desc()).limit(1))
    write(session, row.id, last_run_at=before, run_count=ScheduledExport.run_count - 1)


def count_error(session: Session, row: ScheduledExport, reason: str) -> None:
    """One more slot has found a schedule that must be corrected."""
    write(session, row.id, error_count=ScheduledExport.error_count + 1, last_error=reason)


def count_failure(session: Session, schedule_id: str, reason: str) -> None:
    """One more slot in a row could not be fired, or one more run in a row failed."""
    write(
        session,
        schedule_id,
        failures=ScheduledExport.failures + 1,
        error_count=ScheduledExport.error_count + 1,
        last_error=reason,
    )
