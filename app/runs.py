"""Runs as their owner sees them, whether or not beat has looked at how they ended, and runs by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app.api.schemas_run import RunOut
from longshore.errors import Conflict
from longshore.models import Delivery, Export, ScheduledExport, ScheduleRun
from longshore.states import TERMINAL
from schedules.counts import count_run
from schedules.ended import result_of
from schedules.exporting import Skip, make_exports
from schedules.runs import Outcome, Trigger, settle_run, write_run

_MOMENT = timedelta(microseconds=1)


def shown(session: Session, runs: Sequence[ScheduleRun]) -> list[RunOut]:
    """Runs with their exports and deliveries, in three queries however many they are."""
    made = session.scalars(
        select(Export).where(Export.run_id.in_([run.id for run in runs])).order_by(Export.created_at, Export.id)
    ).all()
    sent = session.scalars(
        select(Delivery)
        .where(Delivery.export_id.in_([export.id for export in made]))
        .order_by(Delivery.created_at, Delivery.id)
    ).all()
    of = {run.id: [export for export in made if export.run_id == run.id] for run in runs}
    return [RunOut.of(run, of[run.id], sent, ended(run, of[run.id])) for run in runs]


def ended(run: ScheduleRun, made: Sequence[Export]) -> tuple[str, datetime | None]:
    """How a run ended and when, by its exports where nobody has noted that yet; an empty result: it has not."""
    if not made or (run.result and run.look_at is None):
        return run.result, run.ended_at
    if any(export.state not in TERMINAL for export in made):
        return "", None
    last = max((export.finished_at for export in made if export.finished_at), default=run.ended_at)
    return result_of({export.state for export in made}), last


def with_result(session: Session, schedule_id: str, wanted: Sequence[str]) -> ColumnElement[bool]:
    """The condition on runs of a schedule that ended in one of these ways, by `ended`."""
    unseen = and_(ScheduleRun.schedule_id == schedule_id, ScheduleRun.look_at.is_not(None))
    runs = session.scalars(select(ScheduleRun).where(unseen)).all()
    query = select(Export).where(Export.run_id.in_(select(ScheduleRun.id).where(unseen)))
    made: dict[str | None, list[Export]] = {}
    for export in session.scalars(query):
        made.setdefault(export.run_id, []).append(export)
    found = [run.id for run in runs if ended(run, made.get(run.id, []))[0] in wanted]
    return or_(and_(ScheduleRun.look_at.is_(None), ScheduleRun.result.in_(wanted)), ScheduleRun.id.in_(found))


def run_now(session: Session, row: ScheduledExport, *, now: datetime) -> str:
    """Run a schedule at once, paused or not; its next slot stays. Returns the id of the first export.

    Raises what keeps it from running: NotFound, Conflict, Unavailable; nothing is stored then.
    """
    slot = now if now.microsecond else now + _MOMENT  # no slot of a rule lies between two seconds
    about = {"trigger": str(Trigger.MANUAL), "started_at": now, "reason": "Asked for by hand."}
    run_id = write_run(session, row.id, slot, Outcome.FIRED, now=now, **about)
    if run_id is None:
        raise Conflict("Another run was asked for at this very moment. Ask again.")
    try:
        made = make_exports(session, row, run_id, slot, now=now)
    except Skip as skip:
        raise Conflict(f"There is nothing to export: {skip}") from skip
    settle_run(session, run_id, Outcome.FIRED, export_id=made[0].id)
    count_run(session, row, now)
    return made[0].id
