"""The ledger of slots: one row for each, with what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Table, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from longshore.models import ScheduleRun, new_id


class Outcome(StrEnum):
    """What became of a slot. Every slot that passes ends in one of these but the last, which turns into another."""

    FIRED = "fired"
    """There is an export."""
    SKIPPED = "skipped"
    """A rule of the schedule said so: a blackout, an overlap, a condition."""
    MISSED = "missed"
    """It could not be fired, or only too late; the reason says why."""
    COALESCED = "coalesced"
    """A later slot was fired for it."""
    QUEUED = "queued"
    """It waits for the run before it to end."""


class Trigger(StrEnum):
    """Why there is a run."""

    SLOT = "slot"
    """The schedule was due."""
    MANUAL = "manual"
    """Somebody asked for one now; its slot is that moment."""
    BACKFILL = "backfill"
    """Somebody asked for a slot of the past."""


def write_run(
    session: Session, schedule_id: str, slot: datetime, outcome: Outcome, *, now: datetime, **values: Any
) -> str | None:
    """Enter one slot. Returns the run's id, or None where the slot has a run already; nothing is changed then."""
    statement = _insert(session).values(_row(schedule_id, slot, outcome, now) | values)
    made: str | None = session.scalar(statement.returning(ScheduleRun.id))
    return made


def write_ended_runs(
    session: Session,
    schedule_id: str,
    slots: Iterable[tuple[datetime, datetime | None, Outcome, str]],
    *,
    now: datetime,
) -> None:
    """Enter slots that are not fired: slot, planned instant, outcome, reason. Those that have a run keep it."""
    rows = [
        _row(schedule_id, slot, outcome, now) | {"planned_at": planned, "reason": reason}
        for slot, planned, outcome, reason in slots
    ]
    if rows:
        session.execute(_insert(session), rows)


def _row(schedule_id: str, slot: datetime, outcome: Outcome, now: datetime) -> dict[str, Any]:
    values = {"id": new_id(), "schedule_id": schedule_id, "slot": slot, "outcome": str(outcome), "created_at": now}
    return values | {"planned_at": slot, "trigger": str(Trigger.SLOT), "reason": "", "result": ""}


def _insert(session: Session) -> Any:
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    table = ScheduleRun.__table__
    assert isinstance(table, Table)  # noqa: S101 - for the type checker
    return insert(table).on_conflict_do_nothing(index_elements=["schedule_id", "slot"])


def settle_run(session: Session, run_id: str, outcome: Outcome, **values: Any) -> None:
    """Correct a run that this transaction has written or locked."""
    statement = update(ScheduleRun).where(ScheduleRun.id == run_id).values(outcome=str(outcome), **values)
    session.execute(statement.execution_options(synchronize_session=False))
