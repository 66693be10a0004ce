"""Turn due schedules into exports: each slot has one run, and the run, its exports and the advance are one commit.

Any number of processes may do this at once. PostgreSQL hands them different rows (SKIP LOCKED), SQLite lets one write
at a time; the conditional UPDATE and UNIQUE(schedule, slot) hold whatever happens between them. A process that dies
after the commit leaves an export that the rescuer finds; one that dies before it leaves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Select, literal_column, select, update
from sqlalchemy.orm import Session

from longshore.errors import Invalid
from longshore.models import ScheduledExport
from schedules import crowd, ending
from schedules.catchup import BUDGET, Owed, Rule, owed_slots
from schedules.exporting import blocked
from schedules.pauses import BLOCKED, stop
from schedules.rule import NOTHING, rule_of, waiting_for
from schedules.runs import Outcome, write_ended_runs, write_run
from schedules.start import count_error, run_slot

log = structlog.get_logger(__name__)

_ACTIVE: ColumnElement[bool] = literal_column("scheduled_exports.is_active")
"""Spelt as in the partial index: SQLite does not use the index for `is_active = 1`."""


def next_due_query() -> Select[datetime | None]:
    """The query for the earliest instant at which an active schedule is to be taken up."""
    query = select(ScheduledExport.fire_at).where(_ACTIVE, ScheduledExport.fire_at.is_not(None))
    return query.order_by(ScheduledExport.fire_at).limit(1)


def next_due(session: Session) -> datetime | None:
    """The earliest instant at which any schedule is due; it may have passed. None where there is no active schedule."""
    return session.scalar(next_due_query())


def due_rows(now: datetime, limit: int) -> Select[ScheduledExport]:
    """The query for due schedules, the longest overdue first, that no other transaction is working on."""
    query = select(ScheduledExport).where(_ACTIVE, ScheduledExport.fire_at <= now)
    return query.order_by(ScheduledExport.fire_at).limit(limit).with_for_update(skip_locked=True)


def fire_due(session: Session, now: datetime, limit: int) -> int:
    """Fire up to `limit` schedules that are due at `now`, in the caller's transaction; the count of those taken up.

    It may be fewer where one owes many slots, and one that owes more than a transaction's worth stays due. A schedule
    that cannot fire gets a run that says why, and the others fire. Raises SQLAlchemy's OperationalError where the
    database itself fails; the caller rolls back, and nothing has happened.
    """
    taken, budget = 0, BUDGET
    for row in session.scalars(due_rows(now, limit)).all():
        cost = take_up(session, row, now, budget=budget)
        taken += cost is not None
        budget -= cost or 0
        if budget <= 0:
            break
    return taken


def take_up(session: Session, row: ScheduledExport, now: datetime, *, budget: int = BUDGET) -> int | None:
    """Deal with what one row owes, as far as the budget goes; the cost. None where another process has taken it up."""
    scheduled = row.next_run_at
    if scheduled is None:
        return None
    try:
        rule = rule_of(row)
        held = crowd.held(row, rule.release(scheduled).at)
        owed = owed_slots(rule, scheduled, now, budget=budget, held=held)
    except Invalid as error:
        reason = f"{error.message}. The schedule waits until this is corrected."
        if not _advance(session, row, scheduled, NOTHING, now):
            return None
        write_run(session, row.id, scheduled, Outcome.MISSED, now=now, reason=reason)
        count_error(session, row, reason)
        return 1
    why = blocked(session, row) if rule.policy.pause_when_blocked and _fires(owed) else ""
    if why:
        stop(session, row, BLOCKED, why, now=now)
        return 1
    following = waiting_for(rule, owed.following, now)
    if not owed.more:
        following |= {"resumed_at": None, "catchup_once": None}
    if not _advance(session, row, scheduled, following, now):
        return None
    _carry_out(session, row, rule, owed, now)
    if owed.following is None and row.remaining_runs != 0:
        ending.end(session, row, ending.over(rule.cadence, owed.verdicts[-1].slot), now=now)
    return owed.cost


def _carry_out(session: Session, row: ScheduledExport, rule: Rule, owed: Owed, now: datetime) -> None:
    ended = [
        (one.slot, one.planned, one.outcome, one.reason) for one in owed.verdicts if one.outcome is not Outcome.FIRED
    ]
    for one in owed.verdicts:
        if one.outcome is not Outcome.FIRED:
            continue
        if row.remaining_runs == 0:
            ended.append((one.slot, one.planned, Outcome.SKIPPED, ending.NONE_LEFT))
            continue
        overlap = rule.policy.overlap
        if not run_slot(session, row, one.slot, now=now, planned=one.planned, overlap=overlap, note=one.reason):
            log.info("slot_has_a_run", schedule=row.id, slot=one.slot.isoformat())
    write_ended_runs(session, row.id, ended, now=now)


def _fires(owed: Owed) -> bool:
    return any(one.outcome is Outcome.FIRED for one in owed.verdicts)


def _advance(
    session: Session, row: ScheduledExport, scheduled: datetime, values: Mapping[str, Any], now: datetime
) -> bool:
    """Claim everything due until now by moving the row on. False where it is no longer what was read."""
    claim = update(ScheduledExport).where(
        ScheduledExport.id == row.id, ScheduledExport.next_run_at == scheduled, _ACTIVE
    )
    claimed = session.execute(
        claim.values(**values, updated_at=now)
        .returning(ScheduledExport.id)
        .execution_options(synchronize_session=False)
    )
    return claimed.one_or_none() is not None
