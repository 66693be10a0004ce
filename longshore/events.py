"""What happened, in order, to an export or a schedule, or, with no owner, to the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from longshore.models import Event, ScheduledExport

EVERYBODY = ""
"""Owner of events that concern all."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One event that has no time yet. `kind` is `subject.what`, such as `delivery.completed`."""

    kind: str
    owner: str
    export_id: str | None = None
    delivery_id: str | None = None
    schedule_id: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


def record_all(session: Session, events: Sequence[Happened], *, now: datetime) -> None:
    """Append events, in this order, in the caller's transaction."""
    if events:
        names = ("kind", "owner", "export_id", "delivery_id", "schedule_id", "data")
        session.execute(insert(Event), [{"at": now} | {n: getattr(one, n) for n in names} for one in events])


def record(
    session: Session,
    kind: str,
    *,
    now: datetime,
    owner: str,
    export_id: str | None = None,
    delivery_id: str | None = None,
    schedule_id: str | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Append one event in the caller's transaction. `kind` is `subject.what`, such as `delivery.completed`."""
    about = {"export_id": export_id, "delivery_id": delivery_id, "schedule_id": schedule_id}
    record_all(session, [Happened(kind, owner, data=data or {}, **about)], now=now)


def note(session: Session, row: ScheduledExport, what: str, *, now: datetime, **data: Any) -> None:
    """Append one event of a schedule, such as `paused`, in the caller's transaction."""
    record(session, f"schedule.{what}", now=now, owner=row.owner, schedule_id=row.id, data=data)


def since(session: Session, owner: str, export_id: str, last_id: int, limit: int = 500) -> Sequence[Event]:
    """Events of one export after `last_id`, oldest first."""
    query = select(Event).where(Event.owner == owner, Event.export_id == export_id, Event.id > last_id)
    return session.scalars(query.order_by(Event.id).limit(limit)).all()


def of_schedule(session: Session, owner: str, schedule_id: str, last_id: int, limit: int) -> Sequence[Event]:
    """Events of one schedule after `last_id`, oldest first."""
    query = select(Event).where(Event.owner == owner, Event.schedule_id == schedule_id, Event.id > last_id)
    return session.scalars(query.order_by(Event.id).limit(limit)).all()


def of_schedules(session: Session, owner: str, last_id: int, limit: int) -> Sequence[Event]:
    """Events of all schedules of an owner and those that concern everybody after `last_id`, oldest first."""
    found: list[Event] = []
    for whose in (owner, EVERYBODY):
        query = select(Event).where(Event.owner == whose, Event.export_id.is_(None), Event.id > last_id)
        found += session.scalars(query.order_by(Event.id).limit(limit))
    return sorted(found, key=lambda one: one.id)[:limit]


def last_of_all(session: Session, kinds: Sequence[str]) -> str | None:
    """Which of these kinds was the last event that concerned everybody, if there was one."""
    query = select(Event.kind).where(Event.owner == EVERYBODY, Event.export_id.is_(None), Event.kind.in_(kinds))
    return session.scalar(query.order_by(Event.id.desc()).limit(1))
