"""Pause and resume: by somebody, or by itself for a fault. Neither fires a slot that has passed nor loses one to come.

Whoever calls has locked the schedule's row.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, CompoundSelect, and_, exists, literal_column, or_, select, union_all
from sqlalchemy.orm import Session

from longshore.errors import Invalid
from longshore.events import note
from longshore.models import Connection, ScheduleDelivery, ScheduledExport
from schedules.cadence import next_slot
from schedules.catchup import Rule, upcoming
from schedules.counts import write
from schedules.guard import guarded, locked, not_parked
from schedules.policy import Catchup
from schedules.rule import first_due, rule_of, waiting_for
from schedules.settle import SOON, settle_owed, settle_pause

USER = "user"
FAILURES = "failures"
BLOCKED = "connection"

NOT_MADE_UP = "The schedule was paused before this slot was fired, and resumed without making up for it."

log = structlog.get_logger(__name__)


def pause(session: Session, row: ScheduledExport, *, now: datetime, reason: str | None = None) -> None:
    """Pause on request; a pause for a fault becomes one that nothing but a request ends. Twice is as good as once."""
    if row.is_active:
        row.owed_from = settle_owed(session, row, "The schedule was paused before this slot was fired.", now=now)
        row.is_active = False
        row.paused_at = now
    elif row.paused_by == USER:
        return
    row.paused_by, row.paused_reason, row.resume_at = USER, reason, None
    row.next_run_at = row.fire_at = row.late_at = None
    row.updated_at = now
    note(session, row, "paused", now=now, by=USER, reason=reason)
    session.flush()


def stop(session: Session, row: ScheduledExport, by: str, reason: str, *, now: datetime) -> None:
    """Pause for a fault. The slot that it waits for stays owed, and it resumes as its policy says."""
    seconds = rule_of(row).policy.resume_after_seconds
    log.warning("schedule_paused", schedule=row.id, by=by, reason=reason)
    note(session, row, "paused", now=now, by=by, reason=reason)
    write(
        session,
        row.id,
        is_active=False,
        paused_at=now,
        paused_by=by,
        paused_reason=reason,
        owed_from=row.next_run_at,
        resume_at=now + timedelta(seconds=seconds) if seconds else None,
        next_run_at=None,
        fire_at=None,
        late_at=None,
        last_error=reason,
        updated_at=now,
    )
    session.refresh(row)


def resume(session: Session, row: ScheduledExport, *, now: datetime, catchup: Catchup | None) -> None:
    """Wait for the next slot again. `catchup` says what becomes of those that passed meanwhile; None: the policy does.

    With `none` they never were due. Failures are counted anew. Nothing happens where the schedule is not paused. Raises
    Invalid where it is over.
    """
    if row.is_active and row.next_run_at is not None:
        return
    if row.remaining_runs == 0:
        raise Invalid("no run is left: set remaining_runs, or null for no limit", field="remaining_runs")
    rule = rule_of(row)
    if catchup is Catchup.NONE:
        found = _still_to_come(session, row, rule, now)
        row.resumed_at = row.catchup_once = None
    else:
        slot = next_slot(rule.cadence, min(row.owed_from or now, now) - SOON)
        found = (slot, rule.release(slot).at) if slot else None
        row.resumed_at, row.catchup_once = now, str(catchup) if catchup else None
    if found is None:
        first_due(rule.cadence, now)
    elif found[0] > now:
        row.catchup_once = None  # there is nothing to make up for
    row.is_active, row.ended_reason = True, None
    for name, value in waiting_for(rule, found, now).items():
        setattr(row, name, value)
    row.paused_at = row.paused_reason = row.owed_from = row.resume_at = None
    row.paused_by, row.updated_at, row.failures = "", now, 0
    row.parked_until, row.setbacks = None, 0
    note(session, row, "resumed", now=now)
    session.flush()


def _still_to_come(
    session: Session, row: ScheduledExport, rule: Rule, now: datetime
) -> tuple[datetime, datetime] | None:
    """The first slot of a row that resumes without catching up, with its release.

    What was due before the pause, and was not fired, is entered as missed, unless its release is to come: such a slot
    goes on waiting. So does one of the pause itself that waits for its jitter.
    """
    waits = settle_pause(session, row, NOT_MADE_UP, now=now)
    if waits is not None:
        return waits, rule.release(waits).at
    since = max(min(row.owed_from or now, now), now - timedelta(seconds=rule.policy.jitter_seconds))
    if row.owed_from is not None and row.paused_at is not None:
        since = max(since, row.paused_at + SOON)
    return upcoming(rule, since, now)


def resumable(now: datetime) -> CompoundSelect[str]:
    """The query for schedules whose pause for a fault is over: its time has come, or a connection works again.

    Two halves, since SQLite finds no index for either of two conditions. A schedule may come twice.
    """
    ids = select(ScheduledExport.id).where(not_parked(now))
    # spelt as in the partial index
    blocked: ColumnElement[bool] = literal_column(f"scheduled_exports.paused_by = '{BLOCKED}'")
    works = and_(Connection.enabled, Connection.health != "needs_reconnect")
    first = exists().where(Connection.id == ScheduledExport.connection_id, works)
    further = exists().where(
        ScheduleDelivery.schedule_id == ScheduledExport.id, Connection.id == ScheduleDelivery.connection_id, works
    )
    return union_all(ids.where(ScheduledExport.resume_at <= now), ids.where(blocked, or_(first, further)))


def resume_due(session: Session, now: datetime, limit: int) -> int:
    """Resume, as their policies say, what `resumable` finds, in the caller's transaction; the count of them."""
    done = 0
    for schedule_id in locked(session, sorted(set(session.scalars(resumable(now).limit(limit)))), now):
        with guarded(session, schedule_id, now):
            _resume_by_itself(session, session.get_one(ScheduledExport, schedule_id), now)
        done += 1
    return done


def _resume_by_itself(session: Session, row: ScheduledExport, now: datetime) -> None:
    if row.is_active:
        return
    try:
        resume(session, row, now=now, catchup=None)
    except Invalid as error:
        row.resume_at, row.paused_by, row.last_error = None, USER, error.message
        session.flush()
    else:
        log.info("schedule_resumed", schedule=row.id)
