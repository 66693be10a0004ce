"""Turn due schedules into exports: each slot has one run, and the run, its exports and the advance are one commit.

Any number of processes may do this at once. PostgreSQL hands them different rows (SKIP LOCKED), SQLite lets one write
at a time; the conditional UPDATE and UNIQUE(schedule, slot) hold whatever happens between them. A process that dies
after the commit leaves an export that the rescuer finds; one that dies before it leaves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Select, literal_column, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from longshore import pulses
from longshore.errors import Invalid
from longshore.models import ScheduledExport
from schedules import crowd, ending
from schedules.catchup import BUDGET, Owed, Rule, owed_slots
from schedules.counts import count_error, count_failure, write
from schedules.exporting import blocked
from schedules.failing import pause_if_failing
from schedules.guard import guarded
from schedules.pauses import BLOCKED, stop
from schedules.rule import NOTHING, rule_of, waiting_for
from schedules.runs import Outcome, write_ended_runs, write_run
from schedules.start import run_slot

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


def due_rows(now: datetime, limit: int) -> Select[str, datetime | None]:
    """The query for due schedules, their ids and slots, that no other transaction is working on.

    The longest overdue come first; one that is parked after an error has moved back in the line.
    """
    query = select(ScheduledExport.id, ScheduledExport.next_run_at).where(_ACTIVE, ScheduledExport.fire_at <= now)
    return query.order_by(ScheduledExport.fire_at).limit(limit).with_for_update(skip_locked=True)


def fire_due(session: Session, now: datetime, limit: int) -> int:
    """Fire up to `limit` schedules that are due at `now`, in the caller's transaction; the count of those taken up.

    It may be fewer where one owes many slots, and one that owes more than a transaction's worth stays due. A schedule
    that cannot fire gets a run that says why, and the others fire; so it is with one that fails unexpectedly, which is
    parked. Raises SQLAlchemy's OperationalError where the database itself fails; the caller rolls back, and nothing has
    happened.
    """
    taken, budget = 0, BUDGET
    due = session.execute(due_rows(now, limit)).all()
    at_once = _read([schedule_id for schedule_id, _slot in due], session)
    since = pulses.unbroken_since(session, now)
    for schedule_id, slot in due:
        note = partial(_note, session, schedule_id, slot, now)
        cost: int | None = 1
        with guarded(session, schedule_id, now, note):
            row = at_once.get(schedule_id) or session.get_one(ScheduledExport, schedule_id)
            cost = take_up(session, row, now, budget=budget, beating_since=since)
        taken += cost is not None
        budget -= cost or 0
        if budget <= 0:
            break
    return taken


def _read(ids: Sequence[str], session: Session) -> dict[str, ScheduledExport]:
    """The rows, by id; none where one of them cannot be read, so that each is read by itself."""
    try:
        return {row.id: row for row in session.scalars(select(ScheduledExport).where(ScheduledExport.id.in_(ids)))}
    except SQLAlchemyError:
        raise
    except Exception:  # noqa: BLE001 - whatever it is, it is met again, and guarded, with the row itself
        log.warning("schedules_read_one_by_one", count=len(ids))
        return {}


def _note(session: Session, schedule_id: str, slot: datetime | None, now: datetime, reason: str) -> None:
    """Enter the slot that a schedule which failed was due for, once."""
    if slot is None:
        return
    if write_run(session, schedule_id, slot, Outcome.MISSED, now=now, reason=reason):
        count_failure(session, schedule_id, reason)


def take_up(
    session: Session,
    row: ScheduledExport,
    now: datetime,
    *,
    budget: int = BUDGET,
    beating_since: datetime | None = None,
) -> int | None:
    """Deal with what one row owes, as far as the budget goes; the cost. None where another process has taken it up.

    Since `beating_since` some beat was at work without a break; what passed after that did not pass in downtime.
    """
    scheduled = row.next_run_at
    if scheduled is None:
        write(session, row.id, **NOTHING)  # it waits for no slot, and must not be due
        return 1
    try:
        rule = replace(rule_of(row), parked=row.setbacks > 0, beating_since=beating_since)
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
        following |= {"resumed_at": None, "catchup_once": None, "parked_until": None, "setbacks": 0}
    if not _advance(session, row, scheduled, following, now):
        return None
    _carry_out(session, row, rule, owed, now)
    if owed.following is None and row.remaining_runs != 0:
        ending.end(session, row, ending.over(rule.cadence, owed.verdicts[-1].slot), now=now)
    if _fires(owed):
        pause_if_failing(session, row, now)
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
