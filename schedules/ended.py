"""Look at runs whose exports have ended: how the run ended, and what that means for its schedule."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, case, select
from sqlalchemy.orm import Session

from longshore.errors import Invalid
from longshore.models import Export, ScheduledExport, ScheduleRun
from longshore.states import ExportState
from schedules.exporting import blocked
from schedules.pauses import BLOCKED, FAILURES, stop
from schedules.policy import Policy
from schedules.rule import rule_of
from schedules.start import OPEN, write

_FAILED = (str(ExportState.FAILED), str(ExportState.PARTIAL))
_ARRIVED = (str(ExportState.COMPLETED), str(ExportState.EXPIRED))


def unseen() -> Select[str, str]:
    """The query for runs that somebody should look at."""
    return select(ScheduleRun.id, ScheduleRun.schedule_id).where(ScheduleRun.look_at.is_not(None))


def look_at_ended(session: Session, now: datetime, limit: int) -> int:
    """Note how runs ended, in the caller's transaction; the count of those looked at.

    A failure counts, success ends the count; where the policy says so, the schedule is paused.
    """
    found = session.execute(unseen().limit(limit)).all()
    # Schedules are locked before their runs, as everywhere.
    query = select(ScheduledExport).where(ScheduledExport.id.in_({row.schedule_id for row in found}))
    schedules = {row.id: row for row in session.scalars(query.with_for_update(skip_locked=True))}
    here = select(ScheduleRun).where(
        ScheduleRun.id.in_([row.id for row in found]), ScheduleRun.schedule_id.in_(list(schedules))
    )
    runs = session.scalars(here.order_by(ScheduleRun.look_at).with_for_update(skip_locked=True)).all()
    for run in runs:
        _look(session, schedules[run.schedule_id], run, now)
    session.flush()
    return len(runs)


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
        row.failures += 1
        write(session, row, failures=row.failures, error_count=ScheduledExport.error_count + 1, last_error=reason)
        _pause(session, row, reason, now)
    elif run.result in _ARRIVED and row.failures:
        row.failures = 0
        write(session, row, failures=0, last_error=None)


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


def _pause(session: Session, row: ScheduledExport, reason: str, now: datetime) -> None:
    if not row.is_active:
        return
    try:
        policy = rule_of(row).policy
    except Invalid:
        return  # such a row waits to be corrected anyway
    why = blocked(session, row) if policy.pause_when_blocked else ""
    if why:
        stop(session, row, BLOCKED, why, now=now)
    elif _too_many(policy, row.failures):
        many = f"{row.failures} runs in a row failed." if row.failures > 1 else "The run failed."
        stop(session, row, FAILURES, f"{many} The last one: {reason}", now=now)


def _too_many(policy: Policy, failures: int) -> bool:
    return 0 < policy.pause_after <= failures
