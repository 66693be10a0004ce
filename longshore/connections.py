"""Connections: options in the clear, secrets sealed in the vault, bound to their owner and row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from longshore.errors import Permanent
from longshore.models import Connection, Delivery, Leftover, ScheduleDelivery, ScheduledExport, new_id
from longshore.vault import vault

DEFAULT_FOLDER = "Default folder"
"""Name of the connection that an owner gets for deliveries to `folder` without one of their own."""

MOST_ALIKE = 20
"""Connections of one use that are looked through for one with the same settings, the newest first."""

UNTESTED, OK, FAILED, NEEDS_RECONNECT = "untested", "ok", "failed", "needs_reconnect"
"""Health of a connection. A delivery that was refused says NEEDS_RECONNECT, and nothing is sent until the user acts;
one that arrived says OK. A test that failed says FAILED: it asks for rights that a delivery may not need."""

CLOSED = "closed"
"""Health of a connection that was deleted, and whose secrets are kept until what its uploads left is removed."""

FORGOTTEN = "forgotten"
"""Health of a connection of one use whose secrets were wiped when nothing needed them any more."""


def create(
    session: Session,
    *,
    owner: str,
    name: str,
    destination: str,
    options: dict[str, Any],
    secrets: dict[str, Any],
    now: datetime,
    one_off: bool = False,
) -> Connection:
    """A new connection. Options and secrets were validated by the destination's models."""
    connection = Connection(
        id=new_id(),
        owner=owner,
        name=name,
        destination=destination,
        options=options,
        secret=b"",
        one_off=one_off,
        created_at=now,
        updated_at=now,
    )
    seal_secrets(connection, secrets)
    session.add(connection)
    session.flush()
    return connection


def seal_secrets(connection: Connection, secrets: dict[str, Any]) -> None:
    """Replace the secrets of a connection. What a login gave for the old ones is dropped."""
    renew_secrets(connection, secrets)
    drop_token(connection)


def renew_secrets(connection: Connection, secrets: dict[str, Any]) -> None:
    """Store what the provider made of the secrets; the access token stays."""
    connection.secret = vault().seal(secrets, connection.owner, connection.id, "connection")


def open_secrets(connection: Connection) -> dict[str, Any]:
    """The secrets in the clear, for the length of one call. Raises Permanent where the vault key is gone."""
    return vault().open(connection.secret, connection.owner, connection.id, "connection")


def drop_token(connection: Connection) -> None:
    """Begin a new edition: the access token is for what the user has changed, and one that comes late is not kept."""
    connection.token, connection.renewing_until = None, None
    connection.edition = (connection.edition or 0) + 1


def keep_token(connection: Connection, token: str, until: datetime) -> None:
    """Store an access token, sealed, that is to be used until then."""
    value = {"token": token, "until": until.isoformat()}
    connection.token = vault().seal(value, connection.owner, connection.id, "access token")


def kept_token(connection: Connection) -> tuple[str, datetime]:
    """The access token in the clear and until when it is to be used; empty and long ago where there is none."""
    try:
        found = vault().open(connection.token or b"{}", connection.owner, connection.id, "access token")
    except Permanent:  # there is none, or its vault key is gone: a login gives another
        return "", datetime.min.replace(tzinfo=UTC)
    return found["token"], datetime.fromisoformat(found["until"])


def empty(connection: Connection) -> None:
    """Take out of a connection all that it could be used with."""
    connection.options, connection.oauth = {}, False
    seal_secrets(connection, {})
    drop_token(connection)


def note_failure(session: Session, connection_id: str, what: str, message: str) -> None:
    """Tell the owner what failed beside deliveries; an empty message takes back what was told of `what` before.

    The health stays: it is about deliveries, which may need fewer rights.
    """
    values: dict[str, Any] = {"last_error": f"{what}{message}" if message else None}
    mine = update(Connection).where(Connection.id == connection_id)
    if not message:
        mine = mine.where(Connection.last_error.startswith(what, autoescape=True))
    session.execute(mine.values(**values).execution_options(synchronize_session=False))


def usable() -> ColumnElement[bool]:
    """Deliveries whose connection is neither switched off nor refused by its provider."""
    return exists().where(
        Connection.id == Delivery.connection_id, Connection.enabled, Connection.health != NEEDS_RECONNECT
    )


def refused() -> ColumnElement[bool]:
    """Deliveries whose connection must be renewed before anything can be sent with it."""
    return exists().where(Connection.id == Delivery.connection_id, Connection.health == NEEDS_RECONNECT)


def ask_again(session: Session, owner: str, of: ColumnElement[bool], *, now: datetime) -> None:
    """Take a retry by hand for the word that the connections of these deliveries work again: nothing is known of them.

    Call it before a delivery or an export is locked.
    """
    used = select(Delivery.connection_id).where(Delivery.owner == owner, of)
    mine = Connection.id.in_(used), Connection.owner == owner, Connection.health == NEEDS_RECONNECT
    doubted = update(Connection).where(*mine).values(health=UNTESTED, updated_at=now)
    session.execute(doubted.execution_options(synchronize_session=False))


def default_folder(session: Session, owner: str, *, now: datetime) -> Connection:
    """The owner's connection to the operator's folder, made at the first use."""
    query = select(Connection).where(
        Connection.owner == owner,
        Connection.destination == "folder",
        Connection.name == DEFAULT_FOLDER,
        Connection.one_off,
    )
    found = session.scalar(query.order_by(Connection.created_at).limit(1))
    if found is not None:
        return found
    return create(
        session,
        owner=owner,
        name=DEFAULT_FOLDER,
        destination="folder",
        options={},
        secrets={},
        now=now,
        one_off=True,
    )


def alike(
    session: Session, *, owner: str, name: str, destination: str, options: dict[str, Any], secrets: dict[str, Any]
) -> Connection | None:
    """A connection of one use that came with the same settings in another request: the two share limits and circuit.

    None where there is none, or where it was refused. It is held for this transaction: the cleaner leaves it alone.
    """
    works = Connection.enabled, Connection.health.in_([UNTESTED, OK, FAILED])
    # those of a schedule change with it
    scheduled = or_(
        *(exists().where(model.connection_id == Connection.id) for model in (ScheduledExport, ScheduleDelivery))
    )
    mine = Connection.owner == owner, Connection.name == name, Connection.destination == destination
    query = select(Connection).where(*mine, Connection.one_off, *works, ~scheduled)
    for one in session.scalars(query.order_by(Connection.created_at.desc()).limit(MOST_ALIKE)).all():
        if one.options == options and open_secrets(one) == secrets:
            held = select(Connection).where(Connection.id == one.id, *works).with_for_update(read=True, key_share=True)
            return session.scalar(held.execution_options(populate_existing=True))
    return None


def drop_one_use(session: Session, connection_id: str) -> None:
    """Delete a connection that came with an export or a schedule, once nothing needs it any more."""
    # Locked first and looked at then: a delivery that was added meanwhile needs it.
    session.execute(select(Connection.id).where(Connection.id == connection_id, Connection.one_off).with_for_update())
    needed = [
        exists().where(model.connection_id == connection_id)
        for model in (Delivery, Leftover, ScheduledExport, ScheduleDelivery)
    ]
    mine = Connection.id == connection_id
    unneeded = delete(Connection).where(mine, Connection.one_off, Connection.name != DEFAULT_FOLDER)
    session.execute(unneeded.where(*(~one for one in needed)).execution_options(synchronize_session=False))
