"""Exports that the conditions of their schedule do not want after all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from longshore.models import Delivery, Export, ScheduleRun
from longshore.states import DeliveryState, ExportState, Moved, move

SKIPPED = "skipped"
"""Error code of such an export, and outcome of its run."""


def skip(session: Session, export_id: str, *, now: datetime, fence: int, reason: str) -> Moved | None:
    """End an export that is not wanted, and say so in its run.

    None where the caller lost the row; nothing is changed then.
    """
    ended: dict[str, Any] = {"error_code": SKIPPED, "error_message": reason, "finished_at": now}
    moved = move(
        session, export_id, ExportState.CANCELLED, now=now, fence=fence, lease_until=None, phase="skipped", **ended
    )
    if moved is None:
        return None
    for delivery_id in session.scalars(select(Delivery.id).where(Delivery.export_id == export_id)):
        move(session, delivery_id, DeliveryState.CANCELLED, now=now, **ended)
    _skip_run(session, export_id, reason)
    return moved


def _skip_run(session: Session, export_id: str, reason: str) -> None:
    """A run is skipped once all of its exports are; the row's lock lets the last of them see the others."""
    query = select(ScheduleRun).join(Export, Export.run_id == ScheduleRun.id).where(Export.id == export_id)
    run = session.scalar(query.with_for_update(of=ScheduleRun))
    if run is None:
        return
    wanted = exists().where(Export.run_id == run.id, func.coalesce(Export.error_code, "") != SKIPPED)
    if not session.scalar(select(wanted)):
        run.outcome, run.reason = SKIPPED, reason
