"""The history of an export: what happened, in order. Live progress and the timeline read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from longshore.models import Event


def record(
    session: Session,
    kind: str,
    *,
    now: datetime,
    owner: str,
    export_id: str,
    delivery_id: str | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Append one event in the caller's transaction. `kind` is `subject.what`, such as `delivery.completed`."""
    values = {"kind": kind, "at": now, "owner": owner, "export_id": export_id, "delivery_id": delivery_id}
    session.execute(insert(Event).values(**values, data=data or {}))


def since(session: Session, owner: str, export_id: str, last_id: int, limit: int = 500) -> Sequence[Event]:
    """Events of one export after `last_id`, oldest first."""
    query = select(Event).where(Event.owner == owner, Event.export_id == export_id, Event.id > last_id)
    return session.scalars(query.order_by(Event.id).limit(limit)).all()
