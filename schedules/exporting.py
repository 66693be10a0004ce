"""What a run makes: the exports that its schedule describes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from longshore import exports, naming
from longshore.errors import Conflict, NotFound
from longshore.models import Connection, Export, File, ScheduledExport


class Skip(Exception):
    """The schedule's own rules say that there is nothing to export this time; the message says why, for people."""


def make_exports(session: Session, row: ScheduledExport, run_id: str, slot: datetime, *, now: datetime) -> list[Export]:
    """Accept the exports of one run in the caller's transaction: one or more.

    A file name with fields is the delivery's, which is filled in; a plain one is the artifact's, too. Raises Skip;
    NotFound where the document or the connection is gone, Conflict for a connection that is switched off.
    """
    file = session.get(File, row.file_id)
    if file is None or file.owner != row.owner or file.deleted_at is not None:
        raise NotFound("The document of this schedule was deleted. Choose another one, or delete the schedule.")
    connection = session.get(Connection, row.connection_id)
    if connection is None or connection.owner != row.owner:
        raise NotFound("The connection of this schedule was deleted. Choose another one, or delete the schedule.")
    if not connection.enabled:
        raise Conflict("The connection of this schedule is switched off. Enable it, and the next slot fires again.")
    template = row.file_name if naming.has_fields(row.file_name) else ""
    delivery = exports.DeliveryRequest(
        connection, folder=row.folder, name=template, conflict=row.conflict, packing=dict(row.packing)
    )
    request = exports.ExportRequest(
        file,
        row.export_format,
        dict(row.export_settings),
        name="" if template else row.file_name,
        deliveries=[delivery],
        occasion=exports.Occasion(row.id, row.schedule_type, slot, row.timezone),
        run_id=run_id,
    )
    return [exports.submit(session, request, now=now)]


def blocked(session: Session, row: ScheduledExport) -> str:
    """Why nothing that the schedule makes could be delivered now, for people; empty where it could."""
    connection = session.get(Connection, row.connection_id)
    if connection is not None and not connection.enabled:
        return f"The connection {connection.name!r} is switched off. Enable it, and the schedule goes on."
    if connection is not None and connection.health == "needs_reconnect":
        return f"The connection {connection.name!r} must be renewed. Renew it, and the schedule goes on."
    return ""
