"""Look at runs whose exports have ended: how the run ended, and what that means for its schedule."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, case, select
from sqlalchemy.orm import Session

from longshore.models import Export, ScheduledExport, ScheduleRun
from longshore.states import ExportState
from schedules import ending
from schedules.counts import count_failure, uncount_run, write
from schedules.failing import pause_for_fault
from schedules.guard import guarded, locked, not_parked
from schedules.running import OPEN
from schedules.runs import Outcome, Trigger

_FAILED = (str(ExportState.FAILED), str(ExportState.PARTIAL))
_ARRIVED = (str(ExportState.COMPLETED), str(ExportState.EXPIRED))


def unseen(now: datetime) -> Select[str, str]:
    """The query for runs that somebody should look at."""
    found = select(ScheduleRun.id, ScheduleRun.schedule_id).where(ScheduleRun.look_at.is_not(None))
    return found.join(ScheduledExport, ScheduledExport.id == ScheduleRun.schedule_id).where(not_parked(now))


def look_at_ended(session: Session, now: datetime, limit: int) -> int:
    """Note how runs ended, in the caller's transaction; the count of those looked at.

    A failure counts, success ends the count; where the policy says so, the schedule is paused. What a condition did not
    want is not counted as a run.
    """
    found = session.execute(unseen(now).limit(limit)).all()
    looked = 0
    # Schedules are locked before their runs, as everywhere.
    for schedule_id in locked(session, list({run.schedule_id for run in found}), now):
        mine = [run.id for run in found if run.schedule_id == schedule_id]
        with guarded(session, schedule_id, now):
            runs = select(ScheduleRun).where(ScheduleRun.id.in_(mine)).order_by(ScheduleRun.look_at)
            for run in session.scalars(runs.with_for_update(skip_locked=True)).all():
                _look(session, session.get_one(ScheduledExport, schedule_id), run, now)
            session.flush()
        looked += len(mine)
    return looked


def _look(session: Session, row: ScheduledExport, run: ScheduleRun, now: datetime) -> None:
    run.look_at = None
    first = case((Export.error_message.is_not(None), 0), else_=1)
    made = session.scalars(select(Export).where(Export.run_id == run.id).order_by(first, Export.created_at)).all()
    states = {export.state for export in made}
    if states & set(OPEN):
        run.ended_at, run.result = None, ""
        return
    before, run.result = run.result, result_of(states)
    run.ended_at = max((export.finished_at for export in made if export.finished_at), default=now)
    if run.result in _FAILED and before not in _FAILED:
        reason = made[0].error_message or "The export failed."
        session.flush()
        count_failure(session, row.id, reason)
        session.refresh(row)
        pause_for_fault(session, row, reason, now)
    elif run.result in _ARRIVED and row.failures:
        row.failures = 0
        write(session, row.id, failures=0, last_error=None)
    elif run.outcome == Outcome.SKIPPED and not before:
        uncount_run(session, row)
        if run.trigger == Trigger.SLOT:
            ending.give_back(session, row, now)


def result_of(states: set[str]) -> str:
    """How a run of several exports ended: partial where some arrived and some did not."""
    if len(states) == 1:
        (only,) = states
        return only
    arrived, failed = bool(states & set(_ARRIVED)), bool(states & set(_FAILED))
    if arrived and failed:
        return str(ExportState.PARTIAL)
    if failed:
        return str(ExportState.FAILED)
    return str(ExportState.COMPLETED if arrived else ExportState.CANCELLED)
