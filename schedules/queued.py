"""Start the slots that wait for the run before them: those of the schedule itself first, then what is backfilled."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from longshore.errors import Invalid
from longshore.models import ScheduledExport, ScheduleRun
from schedules.counts import count_failure
from schedules.ending import NONE_LEFT
from schedules.exporting import blocked
from schedules.failing import pause_if_failing
from schedules.guard import guarded, locked, not_parked
from schedules.pauses import BLOCKED, stop
from schedules.rule import rule_of
from schedules.running import is_any, own_running, running
from schedules.runs import Outcome, Trigger, settle_run
from schedules.start import begin

PAUSED_FOR = timedelta(days=7)
"""So long a slot waits while its schedule is paused. After that it is missed: what it was to export is long past."""

_BACKFILL = ScheduleRun.trigger == str(Trigger.BACKFILL)


def startable(now: datetime) -> Select[Any]:
    """The query for schedules of which a waiting slot may start, or has waited for too long."""
    waiting = (
        select(
            ScheduleRun.schedule_id,
            func.min(case((~_BACKFILL, ScheduleRun.queued_at))).label("own"),
            func.min(case((_BACKFILL, ScheduleRun.queued_at))).label("filled"),
        )
        .where(ScheduleRun.queued_at.is_not(None))
        .group_by(ScheduleRun.schedule_id)
        .subquery()
    )
    line, paused = waiting.c.schedule_id, ScheduledExport.paused_by != ""
    return (
        select(line)
        .join(ScheduledExport, ScheduledExport.id == line)
        .where(
            not_parked(now),
            or_(
                and_(waiting.c.own.is_not(None), ~paused, ~own_running(line).exists()),
                and_(paused, waiting.c.own <= now - PAUSED_FOR),
                and_(waiting.c.filled.is_not(None), ~running(line).exists()),
            ),
        )
    )


def start_queued(session: Session, now: datetime, limit: int) -> int:
    """Start the oldest waiting slot of each schedule that `startable` finds, in the caller's transaction; their count.

    While a schedule is paused its own slots go on waiting; what somebody asked for does not.
    """
    ids = session.scalars(startable(now).limit(limit)).all()
    done = 0
    for schedule_id in locked(session, ids, now):
        with guarded(session, schedule_id, now, partial(_miss_next, session, schedule_id)):
            _start(session, session.get_one(ScheduledExport, schedule_id), now)
        done += 1
    return done


def _start(session: Session, row: ScheduledExport, now: datetime) -> None:
    run = _next(session, row, now)
    if run is None:
        return
    why = _waits_for_its_connection(session, row, run)
    if why:
        stop(session, row, BLOCKED, why, now=now)
        return
    late = _past_its_deadline(row, run, now)
    if late:
        settle_run(session, run.id, Outcome.MISSED, reason=late, queued_at=None)
    elif row.remaining_runs == 0 and run.trigger == Trigger.SLOT:
        settle_run(session, run.id, Outcome.SKIPPED, reason=NONE_LEFT, queued_at=None)
    else:
        waited = (now - (run.queued_at or now)).total_seconds()
        note = f"Waited {waited:.0f} s for the run before it."
        begin(session, row, run.id, run.slot, now=now, trigger=Trigger(run.trigger), note=note)
        pause_if_failing(session, row, now)


def _next(session: Session, row: ScheduledExport, now: datetime) -> ScheduleRun | None:
    """The waiting slot whose turn it is; None where none may start."""
    queued = select(ScheduleRun).where(ScheduleRun.schedule_id == row.id, ScheduleRun.queued_at.is_not(None))
    oldest = queued.order_by(ScheduleRun.slot).limit(1).with_for_update(skip_locked=True)
    own = oldest.where(~_BACKFILL)
    if row.paused_by:
        own = own.where(ScheduleRun.queued_at <= now - PAUSED_FOR)
    if row.paused_by or not is_any(session, own_running(row.id)):
        found = session.scalar(own)
        if found is not None:
            return found
    return None if is_any(session, running(row.id)) else session.scalar(oldest.where(_BACKFILL))


def _miss_next(session: Session, schedule_id: str, reason: str) -> None:
    """Nobody knows which of them failed, and one must give way: the first in line is entered as missed."""
    first = (
        select(ScheduleRun.id)
        .where(ScheduleRun.schedule_id == schedule_id, ScheduleRun.queued_at.is_not(None))
        .order_by(_BACKFILL, ScheduleRun.slot)
        .limit(1)
    )
    run_id = session.scalar(first)
    if run_id is not None:
        settle_run(session, run_id, Outcome.MISSED, reason=reason, queued_at=None)
        count_failure(session, schedule_id, reason)


def _waits_for_its_connection(session: Session, row: ScheduledExport, run: ScheduleRun) -> str:
    """Why a slot goes on waiting, with its schedule, as one that comes up would; empty where it may start."""
    if run.trigger != Trigger.SLOT or not row.is_active:
        return ""
    try:
        waits = rule_of(row).policy.pause_when_blocked
    except Invalid:
        return ""
    return blocked(session, row) if waits else ""


def _past_its_deadline(row: ScheduledExport, run: ScheduleRun, now: datetime) -> str:
    """Why a slot that waited must not start any more, in words; empty where it may."""
    if run.trigger != Trigger.SLOT:
        return ""
    if row.paused_by:
        return f"The schedule was paused while this slot waited, for more than {PAUSED_FOR.days} days."
    try:
        deadline = rule_of(row).policy.deadline_seconds
    except Invalid as error:
        return f"{error.message}. The schedule waits until this is corrected."
    if deadline is None or now <= (run.planned_at or run.slot) + timedelta(seconds=deadline):
        return ""
    return f"The run before it did not end within its deadline of {deadline} s."
