"""The ledger of slots: one row for each, with what became of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from longshore.models import ScheduleRun, new_id


class Outcome(StrEnum):
    """What became of a slot; every slot that passes ends in one of these."""

    FIRED = "fired"
    """There is an export."""
    MISSED = "missed"
    """It could not be fired; the reason says why."""
    COALESCED = "coalesced"
    """It passed while no scheduler ran, and a later one was fired for it."""


def write_run(
    session: Session, schedule_id: str, slot: datetime, outcome: Outcome, *, now: datetime, reason: str = ""
) -> str | None:
    """Enter one slot. Returns the run's id, or None where the slot has a run already; nothing is changed then."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(ScheduleRun).values(
        id=new_id(), schedule_id=schedule_id, slot=slot, outcome=str(outcome), reason=reason, created_at=now
    )
    statement = statement.on_conflict_do_nothing(index_elements=["schedule_id", "slot"])
    return session.scalar(statement.returning(ScheduleRun.id))


def settle_run(
    session: Session, run_id: str, outcome: Outcome, *, reason: str | None = None, export_id: str | None = None
) -> None:
    """Correct a run that this transaction has written."""
    values: dict[str, str | None] = {"outcome": str(outcome), "export_id": export_id}
    if reason is not None:
        values["reason"] = reason
    statement = update(ScheduleRun).where(ScheduleRun.id == run_id).values(**values)
    session.execute(statement.execution_options(synchronize_session=False))
