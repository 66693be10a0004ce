"""One slot becomes a run: started, queued or skipped, as the schedule's policy has it.

Whoever calls has locked the schedule's row, so no two slots of one schedule start at the same time.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from longshore import exports
from longshore.errors import Conflict, LongshoreError
from longshore.models import ScheduledExport, ScheduleRun
from schedules import ending
from schedules.counts import count_failure, count_run
from schedules.exporting import Skip, make_exports
from schedules.policy import Overlap, on_overlap
from schedules.running import is_any, own_exports, own_running, passed_over
from schedules.runs import Outcome, Trigger, settle_run, write_run

log = structlog.get_logger(__name__)

_OWN_LINE = ScheduleRun.trigger != str(Trigger.BACKFILL)
"""The condition on runs that stand in the line of the schedule's own slots."""


def run_slot(
    session: Session,
    row: ScheduledExport,
    slot: datetime,
    *,
    now: datetime,
    overlap: Overlap = Overlap.ALLOW,
    planned: datetime | None = None,
    trigger: Trigger = Trigger.SLOT,
    note: str = "",
) -> str | None:
    """Enter one slot, whenever it is or was due, and start it unless the policy on overlaps has it wait or skipped.

    Returns the run's id, or None where the slot has a run already; nothing is changed then. Raises OperationalError
    where the database itself fails.
    """
    about = {"planned_at": planned or slot, "trigger": str(trigger)}
    run_id = write_run(session, row.id, slot, Outcome.FIRED, now=now, reason=note, **about)
    if run_id is None:
        return None
    step, why = "start", ""
    if overlap is not Overlap.ALLOW:
        queued = _queued(session, row.id)
        if queued or is_any(session, own_running(row.id)):
            step, why = on_overlap(overlap, queued)
        else:
            why = passed_over(session, row.id)
    reason = " ".join(part for part in (note, why) if part)
    if step == "queue":
        settle_run(session, run_id, Outcome.QUEUED, reason=reason, queued_at=now)
        return run_id
    if step == "skip":
        settle_run(session, run_id, Outcome.SKIPPED, reason=reason)
        return run_id
    if step == "replace":
        _cancel_running(session, row.id, slot, now=now)
    begin(session, row, run_id, slot, now=now, trigger=trigger, note=reason)
    return run_id


def begin(
    session: Session,
    row: ScheduledExport,
    run_id: str,
    slot: datetime,
    *,
    now: datetime,
    trigger: Trigger = Trigger.SLOT,
    note: str,
) -> None:
    """Accept the exports of a run that is entered. Where there cannot be any, the run says why.

    Only a savepoint is lost then; it counts as a failure. Raises OperationalError where the database itself fails.
    """
    try:
        with session.begin_nested():
            made = make_exports(session, row, run_id, slot, now=now)
    except OperationalError:
        raise
    except Skip as skip:
        settle_run(session, run_id, Outcome.SKIPPED, reason=str(skip), queued_at=None)
        return
    except LongshoreError as error:
        reason = error.message
        log.warning("slot_missed", schedule=row.id, slot=slot.isoformat(), reason=reason, detail=error.detail)
    except Exception:
        # One broken row, or a fault of ours that it lays bare, must not keep every other schedule from firing.
        reason = "This slot could not be fired because of an unexpected error; the operator's log has the details."
        log.exception("slot_missed", schedule=row.id, slot=slot.isoformat())
    else:
        first = made[0].id
        settle_run(session, run_id, Outcome.FIRED, reason=note, export_id=first, started_at=now, queued_at=None)
        count_run(session, row, now)
        if trigger is Trigger.SLOT:
            ending.count_down(session, row, now=now)
        return
    settle_run(session, run_id, Outcome.MISSED, reason=reason, queued_at=None)
    count_failure(session, row.id, reason)


def _queued(session: Session, schedule_id: str) -> int:
    waiting = select(func.count()).select_from(ScheduleRun)
    query = waiting.where(ScheduleRun.schedule_id == schedule_id, ScheduleRun.queued_at.is_not(None), _OWN_LINE)
    return session.scalar(query) or 0


def _cancel_running(session: Session, schedule_id: str, slot: datetime, *, now: datetime) -> None:
    """Cancel what runs, and what waits for it, in favour of the slot. Backfills go on."""
    for export in session.scalars(own_exports(schedule_id)).all():
        try:
            exports.cancel(session, export, now=now)
        except Conflict:
            log.info("run_ended_meanwhile", schedule=schedule_id, export=export.id)
    reason = f"The slot of {slot:%Y-%m-%d %H:%M} UTC took its place before it could start."
    waiting = update(ScheduleRun).where(
        ScheduleRun.schedule_id == schedule_id, ScheduleRun.queued_at.is_not(None), _OWN_LINE
    )
    values = {"outcome": str(Outcome.SKIPPED), "reason": reason, "queued_at": None}
    session.execute(waiting.values(**values).execution_options(synchronize_session=False))
