"""Start the slots that wait for the run before them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from longshore.errors import Invalid
from longshore.models import Export, ScheduledExport, ScheduleRun
from schedules.ending import NONE_LEFT
from schedules.rule import rule_of
from schedules.runs import Outcome, Trigger, settle_run
from schedules.start import OPEN, begin


def startable() -> Select[Any]:
    """The query for schedules of which a slot waits and nothing runs any more."""
    waiting = (
        select(ScheduleRun.schedule_id, func.min(ScheduleRun.slot))
        .where(ScheduleRun.queued_at.is_not(None))
        .group_by(ScheduleRun.schedule_id)
        .subquery()
    )
    runs = select(Export.id).where(Export.schedule_id == waiting.c.schedule_id, Export.state.in_(OPEN)).exists()
    held = select(ScheduledExport.id).where(
        ScheduledExport.id == waiting.c.schedule_id, ScheduledExport.paused_by != ""
    )
    asked = select(ScheduleRun.id).where(
        ScheduleRun.schedule_id == waiting.c.schedule_id,
        ScheduleRun.queued_at.is_not(None),
        ScheduleRun.trigger != str(Trigger.SLOT),
    )
    return select(waiting.c.schedule_id).where(~runs, ~held.exists() | asked.exists())


def start_queued(session: Session, now: datetime, limit: int) -> int:
    """Start the oldest waiting slot of each schedule that `startable` finds, in the caller's transaction; their count.

    While a schedule is paused its own slots go on waiting; what somebody asked for does not.
    """
    ids = session.scalars(startable().limit(limit)).all()
    query = select(ScheduledExport).where(ScheduledExport.id.in_(ids)).with_for_update(skip_locked=True)
    return sum(_start(session, row, now) for row in session.scalars(query).all())


def _start(session: Session, row: ScheduledExport, now: datetime) -> bool:
    busy = select(Export.id).where(Export.schedule_id == row.id, Export.state.in_(OPEN)).limit(1)
    if session.scalar(busy) is not None:
        return False
    queued = select(ScheduleRun).where(ScheduleRun.schedule_id == row.id, ScheduleRun.queued_at.is_not(None))
    if row.paused_by:
        queued = queued.where(ScheduleRun.trigger != str(Trigger.SLOT))
    run = session.scalar(queued.order_by(ScheduleRun.slot).limit(1).with_for_update(skip_locked=True))
    if run is None:
        return False
    late = _past_its_deadline(row, run, now)
    if late:
        settle_run(session, run.id, Outcome.MISSED, reason=late, queued_at=None)
    elif row.remaining_runs == 0 and run.trigger == Trigger.SLOT:
        settle_run(session, run.id, Outcome.SKIPPED, reason=NONE_LEFT, queued_at=None)
    else:
        waited = (now - (run.queued_at or now)).total_seconds()
        note = f"Waited {waited:.0f} s for the run before it."
        begin(session, row, run.id, run.slot, now=now, trigger=Trigger(run.trigger), note=note)
    return True


def _past_its_deadline(row: ScheduledExport, run: ScheduleRun, now: datetime) -> str:
    """Why a slot that waited must not start any more, in words; empty where it may."""
    if run.trigger != Trigger.SLOT:
        return ""
    try:
        deadline = rule_of(row).policy.deadline_seconds
    except Invalid as error:
        return f"{error.message}. The schedule waits until this is corrected."
    if deadline is None or now <= (run.planned_at or run.slot) + timedelta(seconds=deadline):
        return ""
    return f"The run before it did not end within its deadline of {deadline} s."
