"""When failures pause a schedule: too many of them in a row, or a connection that nothing can be delivered with."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from longshore.errors import Invalid
from longshore.models import ScheduledExport
from schedules.exporting import blocked
from schedules.pauses import BLOCKED, FAILURES, stop
from schedules.rule import rule_of


def pause_for_fault(session: Session, row: ScheduledExport, reason: str, now: datetime) -> None:
    """A run has failed for this reason; pause the schedule where its policy says so."""
    if not row.is_active:
        return
    try:
        policy = rule_of(row).policy
    except Invalid:
        return  # such a row waits to be corrected anyway
    why = blocked(session, row) if policy.pause_when_blocked else ""
    if why:
        stop(session, row, BLOCKED, why, now=now)
    elif 0 < policy.pause_after <= row.failures:
        many = f"{row.failures} runs in a row failed." if row.failures > 1 else "The run failed."
        stop(session, row, FAILURES, f"{many} The last one: {reason}", now=now)


def pause_if_failing(session: Session, row: ScheduledExport, now: datetime) -> None:
    """The same after slots were started, where one more of them could not be fired."""
    before = row.failures
    session.flush()
    session.refresh(row)
    if row.failures > before:
        pause_for_fault(session, row, row.last_error or "It could not be fired.", now)
