"""Connections: stored credentials, which can be changed and tested but never read."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import connection, places, retention, rows
from app.api.schemas import Message
from app.api.schemas_connection import (
    ConnectionIn,
    ConnectionList,
    ConnectionOut,
    ConnectionQuery,
    ConnectionRotate,
    ConnectionTest,
    ConnectionUpdate,
)
from app.auth import owner
from longshore import connections, release
from longshore.db import clock, reading, transaction
from longshore.errors import Invalid, NotFound
from longshore.models import Connection, Delivery

blueprint = APIBlueprint("connections", __name__, url_prefix="/connections", tag="Connections")
CHANGEABLE = "`name`, `options`, `secrets`, `expires_at` or `retention`"
KEPT = "The old secrets are kept."
CLEANED = (
    "Connection deleted. Its secrets go once what unfinished uploads left at the provider is removed, or given up."
)


@blueprint.post("")
@blueprint.input(ConnectionIn, arg_name="body")
@blueprint.output(ConnectionOut, 201)
def create_connection(body: ConnectionIn) -> Any:
    """Store credentials for a destination. They are encrypted, and no answer shows the secrets."""
    destination, kind = places.destination_named(body.destination)
    places.check(kind, body.options, body.secrets)
    connection.check_endpoint(body.options)
    with transaction() as session:
        now = clock(session)
        row = connections.create(
            session,
            owner=owner(),
            name=body.name,
            destination=destination,
            options=body.options,
            secrets=body.secrets,
            now=now,
        )
        row.retention = retention.stored(body.retention)
        body.write(row)
        row.expires_at = body.expires_at or connection.ending(destination, body.secrets, now=now)
        made = show(session, [row])[0]
    return made, 201, {"Location": f"/api/connections/{row.id}"}


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
        listed = show(session, page)
    return ConnectionList(connections=listed, total=total, limit=query.limit, offset=query.offset)


@blueprint.get("/<uuid:connection_id>")
@blueprint.output(ConnectionOut)
def get_connection(connection_id: uuid.UUID) -> Any:
    """Show one connection, without its secrets: how it is, and when its credentials end by what is known."""
    with reading() as session:
        return show(session, [rows.find(session, Connection, owner(), connection_id)])[0]


@blueprint.put("/<uuid:connection_id>")
@blueprint.input(ConnectionUpdate, arg_name="body")
@blueprint.output(ConnectionOut)
def update_connection(connection_id: uuid.UUID, body: ConnectionUpdate) -> Any:
    """Change the name, the options or only some secrets. Deliveries that waited for this go on.

    Schedules and exports that use the connection need no change.
    """
    if not body.model_fields_set:
        raise Invalid("Nothing to change: send `name`, `options`, `secrets` or another field.", field="name")
    with transaction() as session:
        row = connection.find(session, owner(), connection_id)
        now = clock(session)
        if body.name is not None:
            row.name = body.name
        if body.retention is not None:
            row.retention = retention.stored(body.retention)
        body.write(row)
        if body.options is not None or body.secrets is not None:
            candidate = connection.changed(row, body.options, body.secrets, body.expires_at, now=now)
            connection.take_over(session, row, candidate, now=now)
        elif "expires_at" in body.model_fields_set:
            row.expires_at = body.expires_at
        row.updated_at = now
        return show(session, [row])[0]


@blueprint.post("/<uuid:connection_id>/rotate")
@blueprint.input(ConnectionRotate, arg_name="body")
@blueprint.output(ConnectionOut)
@blueprint.doc(responses={422: "The new secrets do not work; the old ones are kept", 503: "They cannot be tried now"})
def rotate_secrets(connection_id: uuid.UUID, body: ConnectionRotate) -> Any:
    """Put new secrets in the place of the old ones, if they work. Schedules and exports need no change.

    They are tried first, as `/test` does, unless `test` is false. Where they fail, nothing is changed.
    """
    me = owner()
    with reading() as session:
        row, now = rows.find(session, Connection, me, connection_id), clock(session)
    tried = None
    if body.test:
        candidate = connection.changed(row, None, body.secrets, body.expires_at, now=now)
        tried = connection.attempt(candidate, stored=False)
        if tried.error is not None:
            tried.error.message = f"The new secrets do not work. {tried.error.message} {KEPT}"
            raise tried.error
    with transaction() as session:
        row, now = connection.find(session, me, connection_id), clock(session)
        given = body.secrets | (tried.renewed if tried else {})
        candidate = connection.changed(row, None, given, body.expires_at, now=now)
        connection.take_over(session, row, candidate, now=now)
        if tried is not None:
            connection.note(session, row, tried, now=now)
        return show(session, [row])[0]


@blueprint.post("/<uuid:connection_id>/disable")
@blueprint.output(ConnectionOut)
def disable_connection(connection_id: uuid.UUID) -> Any:
    """Let deliveries with this connection wait, without spending attempts. What is being sent is sent to its end.

    A schedule whose slot comes up meanwhile is paused until it is enabled, or misses it, as its policy says.
    """
    with transaction() as session:
        row = connection.find(session, owner(), connection_id)
        row.enabled, row.updated_at = False, clock(session)
        return show(session, [row])[0]


@blueprint.post("/<uuid:connection_id>/enable")
@blueprint.output(ConnectionOut)
def enable_connection(connection_id: uuid.UUID) -> Any:
    """Let deliveries with this connection go on."""
    with transaction() as session:
        row = connection.find(session, owner(), connection_id)
        if not row.enabled:
            row.enabled, row.updated_at = True, clock(session)
            session.flush()
            release.release_waiting(session, row.id, now=row.updated_at)
        return show(session, [row])[0]


@blueprint.delete("/<uuid:connection_id>")
@blueprint.output(Message)
@blueprint.doc(responses={409: "A schedule or an open delivery needs it"})
def delete_connection(connection_id: uuid.UUID) -> Any:
    """Delete a connection and its secrets. The history of what it delivered stays.

    Where uploads that did not arrive left something at the provider, the secrets go once that is removed.
    """
    with transaction() as session:
        row = connection.find(session, owner(), connection_id)
        connection.refuse_while_needed(session, row.id)
        unclean = connection.close(session, row, now=clock(session))
    return Message(message=CLEANED if unclean else "Connection deleted successfully")


@blueprint.post("/<uuid:connection_id>/test")
@blueprint.output(ConnectionTest)
def test_connection(connection_id: uuid.UUID) -> Any:
    """Try a connection for real: write a small file, read it back, delete it.

    The answer is 200 whether or not it works; `ok` says which. Deliveries that waited for this connection go on.
    """
    me = owner()
    with reading() as session:
        row = rows.find(session, Connection, me, connection_id)
    tried = connection.attempt(row)
    seen = tried.report
    result = ConnectionTest(
        ok=seen is not None,
        message=tried.message,
        account=seen.account if seen else "",
        rights=list(seen.rights) if seen else [],
        free_bytes=seen.free_bytes if seen else None,
    )
    with transaction() as session:
        try:
            row = connection.find(session, me, connection_id)
        except NotFound:
            return result  # deleted in the meantime; what was seen is still true
        result.released = connection.note(session, row, tried, now=clock(session))
    return result


def show(session: Session, page: list[Connection]) -> list[ConnectionOut]:
    """Connections as their owner sees them."""
    arrived = (
        select(Delivery.connection_id, func.max(Delivery.finished_at))
        .where(Delivery.connection_id.in_([row.id for row in page]), Delivery.state == "completed")
        .group_by(Delivery.connection_id)
    )
    delivered: dict[str, datetime | None] = {row[0]: row[1] for row in session.execute(arrived)}
    now = clock(session)
    return [ConnectionOut.of(row, connection.lifetime(row), delivered.get(row.id), now=now) for row in page]
