"""What a run makes: the exports that its schedule describes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from longshore import exports, naming
from longshore.errors import Conflict
from longshore.models import Connection, Export, ScheduledExport
from schedules import orders


class Skip(Exception):
    """The schedule's own rules say that there is nothing to export this time; the message says why, for people."""


def make_exports(session: Session, row: ScheduledExport, run_id: str, slot: datetime, *, now: datetime) -> list[Export]:
    """Accept the exports of one run in the caller's transaction: one for each format, each to every place.

    Raises Skip; NotFound where the document, a preset or a connection is gone, Conflict where every connection is
    switched off. What goes to one of several that is switched off waits for it.
    """
    file = orders.document(session, row, now=now)
    places = list(orders.places(session, row))
    if not any(one.connection.enabled for one in places):
        raise Conflict("The connection of this schedule is switched off. Enable it, and the next slot fires again.")
    return [
        exports.submit(
            session,
            exports.ExportRequest(
                file,
                form,
                settings,
                name="" if naming.has_fields(row.file_name) else row.file_name,
                deliveries=places,
                occasion=exports.Occasion(row.id, row.schedule_type, slot, row.timezone),
                source_url=row.source_url,
                run_id=run_id,
                conditions=dict(row.conditions),
            ),
            now=now,
        )
        for form, settings in orders.formats(session, row)
    ]


def blocked(session: Session, row: ScheduledExport) -> str:
    """Why nothing that the schedule makes could be delivered now, for people; empty where some of it could."""
    reasons = [_blocked(session.get(Connection, row.connection_id))]
    reasons += [_blocked(session.get(Connection, one.connection_id)) for one in row.further]
    return reasons[0] if all(reasons) else ""


def _blocked(connection: Connection | None) -> str:
    if connection is not None and not connection.enabled:
        return f"The connection {connection.name!r} is switched off. Enable it, and the schedule goes on."
    if connection is not None and connection.health == "needs_reconnect":
        return f"The connection {connection.name!r} must be renewed. Renew it, and the schedule goes on."
    return ""
