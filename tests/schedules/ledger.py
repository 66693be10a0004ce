"""What tests of schedules do again and again: look at rows, let beat's work be done at an instant, end exports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from longshore.db import reading, transaction
from longshore.models import Connection, Export, ScheduledExport, ScheduleRun
from longshore.states import ExportState, move
from schedules.ended import look_at_ended
from schedules.fire import fire_due
from schedules.pauses import resume_due
from schedules.queued import start_queued

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday."""
DAY = timedelta(days=1)


def row(schedule_id: str) -> ScheduledExport:
    with reading() as session:
        return session.get_one(ScheduledExport, schedule_id)


def runs(schedule_id: str) -> Sequence[ScheduleRun]:
    with reading() as session:
        query = select(ScheduleRun).where(ScheduleRun.schedule_id == schedule_id).order_by(ScheduleRun.slot)
        return session.scalars(query).all()


def outcomes(schedule_id: str) -> list[str]:
    return [run.outcome for run in runs(schedule_id)]


def exports(schedule_id: str) -> Sequence[Export]:
    with reading() as session:
        query = select(Export).where(Export.schedule_id == schedule_id).order_by(Export.created_at)
        return session.scalars(query).all()


def tick(now: datetime) -> None:
    """All that beat does at this instant."""
    for work in (fire_due, look_at_ended, resume_due, start_queued):
        while True:
            with transaction() as session:
                if not work(session, now, 100):
                    break


def end(schedule_id: str, state: ExportState, now: datetime, message: str | None = None) -> None:
    """Whatever runs ends so."""
    for export in exports(schedule_id):
        if export.state in {"initiated", "processing"}:
            with transaction() as session:
                if export.state == "initiated":
                    move(session, export.id, ExportState.PROCESSING, now=now)
                assert move(session, export.id, state, now=now, finished_at=now, error_message=message)


def change_connection(schedule_id: str, **values: object) -> None:
    with transaction() as session:
        session.execute(update(Connection).where(Connection.id == row(schedule_id).connection_id).values(**values))
