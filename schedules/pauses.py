"""Pause and resume: by somebody, or by itself for a fault. Neither fires a slot that has passed nor loses one to come.

Whoever calls has locked the schedule's row.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import chain, islice, takewhile

import structlog
from sqlalchemy import ColumnElement, CompoundSelect, and_, exists, literal_column, or_, select, union_all
from sqlalchemy.orm import Session

from longshore.errors import Invalid
from longshore.events import note
from longshore.models import Connection, ScheduleDelivery, ScheduledExport
from schedules.cadence import next_slot, walk
from schedules.catchup import Rule, upcoming
from schedules.policy import Catchup
from schedules.rule import first_due, rule_of, waiting_for
from schedules.runs import Outcome, write_ended_runs
from schedules.start import write

USER = "user"
FAILURES = "failures"
BLOCKED = "connection"

MOST_SETTLED = 20_000
"""Slots, owed since a beat died, that get a run each when their schedule is paused or changed; the last run stands for
all that are left."""

_SOON = timedelta(microseconds=1)

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
        row,
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

    With `none` they never were due. Nothing happens where the schedule is not paused. Raises Invalid where it is over.
    """
    if row.is_active and row.next_run_at is not None:
        return
    if row.remaining_runs == 0:
        raise Invalid("no run is left: set remaining_runs, or null for no limit", field="remaining_runs")
    rule = rule_of(row)
    since = min(row.owed_from or now, now)
    if catchup is Catchup.NONE:
        jitter = timedelta(seconds=rule.policy.jitter_seconds)
        found = upcoming(rule, max(since, now - jitter), now)
        row.resumed_at = row.catchup_once = None
    else:
        slot = next_slot(rule.cadence, since - _SOON)
        found = (slot, rule.release(slot).at) if slot else None
        row.resumed_at, row.catchup_once = now, str(catchup) if catchup else None
    if found is None:
        first_due(rule.cadence, now)
    row.is_active, row.ended_reason = True, None
    for name, value in waiting_for(rule, found, now).items():
        setattr(row, name, value)
    row.paused_at = row.paused_reason = row.owed_from = row.resume_at = None
    row.paused_by, row.updated_at = "", now
    note(session, row, "resumed", now=now)
    session.flush()


def resumable(now: datetime) -> CompoundSelect[str]:
    """The query for schedules whose pause for a fault is over: its time has come, or a connection works again.

    Two halves, since SQLite finds no index for either of two conditions. A schedule may come twice.
    """
    ids = select(ScheduledExport.id)
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
    ids = set(session.scalars(resumable(now).limit(limit)))
    query = select(ScheduledExport).where(ScheduledExport.id.in_(ids), ~ScheduledExport.is_active)
    rows = session.scalars(query.with_for_update(skip_locked=True)).all()
    for row in rows:
        try:
            resume(session, row, now=now, catchup=None)
        except Invalid as error:
            row.resume_at, row.paused_by, row.last_error = None, USER, error.message
        log.info("schedule_resumed", schedule=row.id)
    return len(rows)


def settle_owed(session: Session, row: ScheduledExport, reason: str, *, now: datetime) -> datetime | None:
    """Enter as missed what an active row owes at this moment. Returns the first slot after that, None where it is over.

    With a beat that runs that is nothing, or the slot of this very second.
    """
    if row.next_run_at is None:
        return None
    try:
        rule = rule_of(row)
    except Invalid:
        return None  # a row that means nothing owes nothing but the run that says so
    passed = list(islice(_passed(rule, row.next_run_at, now), MOST_SETTLED + 1))
    missed = [(slot, slot, Outcome.MISSED, reason) for slot in passed[:MOST_SETTLED]]
    if len(passed) > MOST_SETTLED:
        missed.append((passed[-1], passed[-1], Outcome.MISSED, f"{reason} So was every later one until now."))
    for start in range(0, len(missed), 1000):
        write_ended_runs(session, row.id, missed[start : start + 1000], now=now)
    found = upcoming(rule, passed[-1] + _SOON if passed else row.next_run_at, now)
    return found[0] if found else None


def _passed(rule: Rule, first: datetime, now: datetime) -> takewhile[datetime]:
    slots = chain([first], (slot.at for slot in walk(rule.cadence, first)))
    return takewhile(lambda slot: rule.release(slot).at <= now, slots)
