"""Connections: stored credentials, which can be changed and tested but never read."""

from __future__ import annotations

import uuid
from typing import Any

import structlog
from apiflask import APIBlueprint
from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from app import places, rows
from app.api.schemas import Message
from app.api.schemas_connection import (
    ConnectionIn,
    ConnectionList,
    ConnectionOut,
    ConnectionQuery,
    ConnectionTest,
    ConnectionUpdate,
)
from app.auth import owner
from longshore import connections, exports
from longshore.db import clock, reading, transaction
from longshore.errors import Conflict, Invalid, LongshoreError, NeedsReconnect, NotFound
from longshore.models import Connection, Delivery, ScheduledExport
from longshore.states import SETTLED
from workers.connect import open_destination
from workers.destinations import named
from workers.destinations.base import Destination

blueprint = APIBlueprint("connections", __name__, url_prefix="/connections", tag="Connections")

log = structlog.get_logger(__name__)


@blueprint.post("")
@blueprint.input(ConnectionIn, arg_name="body")
@blueprint.output(ConnectionOut, 201)
def create_connection(body: ConnectionIn) -> Any:
    """Store credentials for a destination. They are encrypted, and no answer shows the secrets."""
    destination, kind = places.destination_named(body.destination)
    places.check(kind, body.options, body.secrets)
    with transaction() as session:
        row = connections.create(
            session,
            owner=owner(),
            name=body.name,
            destination=destination,
            options=body.options,
            secrets=body.secrets,
            now=clock(session),
        )
    return ConnectionOut.of(row), 201, {"Location": f"/api/connections/{row.id}"}


@blueprint.get("")
@blueprint.input(ConnectionQuery, location="query", arg_name="query")
@blueprint.output(ConnectionList)
def list_connections(query: ConnectionQuery) -> Any:
    """List the stored connections, the newest first."""
    found = select(Connection).where(Connection.owner == owner(), ~Connection.one_off)
    if query.destination:
        found = found.where(Connection.destination == query.destination)
    with reading() as session:
        ordered = found.order_by(Connection.created_at.desc(), Connection.id)
        page, total = rows.page(session, ordered, limit=query.limit, offset=query.offset)
    listed = [ConnectionOut.of(row) for row in page]
    return ConnectionList(connections=listed, total=total, limit=query.limit, offset=query.offset)


@blueprint.get("/<uuid:connection_id>")
@blueprint.output(ConnectionOut)
def get_connection(connection_id: uuid.UUID) -> Any:
    """Show one connection, without its secrets."""
    with reading() as session:
        return ConnectionOut.of(rows.find(session, Connection, owner(), connection_id))


@blueprint.put("/<uuid:connection_id>")
@blueprint.input(ConnectionUpdate, arg_name="body")
@blueprint.output(ConnectionOut)
def update_connection(connection_id: uuid.UUID, body: ConnectionUpdate) -> Any:
    """Change the name, the options or only some secrets. Deliveries that waited for this go on.

    Schedules and exports that use the connection need no change.
    """
    if not body.model_dump(exclude_none=True):
        raise Invalid("Nothing to change: send `name`, `options` or `secrets`.", field="name")
    with transaction() as session:
        row = rows.find(session, Connection, owner(), connection_id, lock=True)
        now = clock(session)
        if body.name is not None:
            row.name = body.name
        if body.options is not None or body.secrets is not None:
            change(row, body.options, body.secrets)
            exports.release_blocked(session, row.id, now=now)
        row.updated_at = now
    return ConnectionOut.of(row)


def change(row: Connection, options: dict[str, Any] | None, secrets: dict[str, Any] | None) -> None:
    """New options, and secrets over the old ones; what is then known of its health is nothing. Raises Invalid."""
    merged = connections.open_secrets(row) | (secrets or {})
    kept = {name: value for name, value in merged.items() if value is not None}
    places.check(named(row.destination), row.options if options is None else options, kept)
    if options is not None:
        row.options = options
    connections.seal_secrets(row, kept)
    row.health, row.last_error, row.last_tested_at = "untested", None, None


@blueprint.post("/<uuid:connection_id>/disable")
@blueprint.output(ConnectionOut)
def disable_connection(connection_id: uuid.UUID) -> Any:
    """Let deliveries with this connection wait, without spending attempts. What is being sent is sent to its end.

    A schedule whose slot comes up meanwhile misses it, and its run says why.
    """
    with transaction() as session:
        row = rows.find(session, Connection, owner(), connection_id, lock=True)
        row.enabled, row.updated_at = False, clock(session)
    return ConnectionOut.of(row)


@blueprint.post("/<uuid:connection_id>/enable")
@blueprint.output(ConnectionOut)
def enable_connection(connection_id: uuid.UUID) -> Any:
    """Let deliveries with this connection go on."""
    with transaction() as session:
        row = rows.find(session, Connection, owner(), connection_id, lock=True)
        if not row.enabled:
            row.enabled, row.updated_at = True, clock(session)
            session.flush()
            exports.release_waiting(session, row.id, now=row.updated_at)
    return ConnectionOut.of(row)


@blueprint.delete("/<uuid:connection_id>")
@blueprint.output(Message)
@blueprint.doc(responses={409: "A schedule or an open delivery needs it"})
def delete_connection(connection_id: uuid.UUID) -> Any:
    """Delete a connection and its secrets. The history of what it delivered stays."""
    with transaction() as session:
        row = rows.find(session, Connection, owner(), connection_id, lock=True)
        _refuse_while_needed(session, row.id)
        if session.scalar(select(exists().where(Delivery.connection_id == row.id))):
            # The history of its deliveries refers to it, so an empty shell stays, which no list shows.
            row.name, row.one_off, row.options = f"{row.name[:190]} (deleted)", True, {}
            connections.seal_secrets(row, {})
            row.updated_at = clock(session)
        else:
            session.execute(delete(Connection).where(Connection.id == row.id))
    return Message(message="Connection deleted successfully")


def _refuse_while_needed(session: Session, connection_id: str) -> None:
    count = select(func.count())
    schedules = session.scalar(count.select_from(ScheduledExport).where(ScheduledExport.connection_id == connection_id))
    if schedules:
        raise Conflict(f"{schedules} schedule(s) deliver with this connection. Change or delete them first.")
    ended = [str(state) for state in SETTLED]
    waiting = session.scalar(
        count.select_from(Delivery).where(Delivery.connection_id == connection_id, Delivery.state.not_in(ended))
    )
    if waiting:
        raise Conflict(f"{waiting} delivery(s) are on their way with this connection. Cancel them, or wait.")


@blueprint.post("/<uuid:connection_id>/test")
@blueprint.output(ConnectionTest)
def test_connection(connection_id: uuid.UUID) -> Any:
    """Try a connection for real: write a small file, read it back, delete it.

    The answer is 200 whether or not it works; `ok` says which. Deliveries that waited for this connection go on.
    """
    me = owner()
    with reading() as session:
        row = rows.find(session, Connection, me, connection_id)
    result, health = _try(row)
    with transaction() as session:
        now = clock(session)
        try:
            row = rows.find(session, Connection, me, connection_id, lock=True)
        except NotFound:
            return result  # deleted in the meantime; what was seen is still true
        row.health, row.last_tested_at = health, now
        row.last_error = None if result.ok else result.message
        if result.ok:
            result.released = exports.release_blocked(session, row.id, now=now)
    return result


def _try(row: Connection) -> tuple[ConnectionTest, str]:
    """What the destination's own test says, and the health that follows."""
    destination: Destination | None = None
    try:
        destination = open_destination(row)
        report = destination.test()
    except Exception as error:
        known = error if destination is None else destination.classify(error)
        if not isinstance(known, LongshoreError):
            raise
        log.info("connection_test_failed", connection_id=row.id, code=known.code, detail=known.detail)
        health = "needs_reconnect" if isinstance(known, NeedsReconnect) else "failed"
        return ConnectionTest(ok=False, message=known.message), health
    message = report.note or f"Works: {', '.join(report.rights)}."
    return (
        ConnectionTest(
            ok=True, message=message, account=report.account, rights=list(report.rights), free_bytes=report.free_bytes
        ),
        "ok",
    )
