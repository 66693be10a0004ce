"""Which deliveries may run now: those due, of a connection that works and has a free place and a closed circuit.

A delivery that may not is parked: it waits in the database, without a message and without spending an attempt, until a
place is free. Whoever ends an attempt takes or rings for the next one, the oldest first; the rescuer looks, too. All
is decided under a lock of the connection's row, so it holds over any number of machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import ceil
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from longshore import circuit
from longshore.connections import NEEDS_RECONNECT, refused, usable
from longshore.events import record
from longshore.exports import settle
from longshore.models import Artifact, Connection, Delivery
from longshore.queue import UPLOAD, send_after_commit
from longshore.release import UNTRIED
from longshore.settings import settings
from longshore.states import DeliveryState, move, move_all
from workers.lease import begin_attempt, begin_attempts, end_attempts, lease_until, worker_name

SLOT, CIRCUIT = "slot", "circuit"
"""Why a delivery is parked: all places of its connection are taken, or the circuit of the connection is open."""

TOGETHER = "together"
"""Said of a delivery that is no upload of its own yet: its worker is at another one of the same batch."""
SMALL = 256 * 1024
"""Bytes of the largest artifact that is delivered in a batch: what surrounds the sending of a larger one costs little
beside it."""

REFUSED = "The provider refuses the connection. Renew it, and the delivery goes on."

_WAITING = Delivery.state.in_([str(DeliveryState.PENDING), str(DeliveryState.RETRYING)])
_RENDERED = exists().where(Artifact.export_id == Delivery.export_id)


def claimable(now: datetime) -> ColumnElement[bool]:
    """Deliveries that a worker may take, if their connection has a place for them."""
    due = or_(Delivery.not_before.is_(None), Delivery.not_before <= now)
    return and_(_WAITING, due, Delivery.attempt < Delivery.max_attempts, _RENDERED, usable())


def rung_for(now: datetime) -> ColumnElement[bool]:
    """The same, without those that are parked: their messages are old ones."""
    return and_(claimable(now), Delivery.parked == "")


def claim_delivery(session: Session, delivery_id: str, *, now: datetime) -> int | None:
    """Take a delivery for uploading; the fence, or None.

    None where it is taken, done, not due, switched off, refused or spent, and where it is parked now.
    """
    query = select(Delivery.connection_id).where(Delivery.id == delivery_id, claimable(now))
    connection_id = session.scalar(query)
    if connection_id is None:
        return None
    place = lock(session, connection_id)
    why = _refusal(session, place, now)
    if why:
        _park(session, place, why, now=now)
        return None
    return _take(session, delivery_id, place, now=now)


def claim_next(session: Session, connection_id: str, *, now: datetime) -> tuple[str, int] | None:
    """Take the delivery of a connection that has waited longest; its id and fence. None where none may run."""
    place = lock(session, connection_id)
    if _refusal(session, place, now):
        return None
    query = select(Delivery.id).where(Delivery.connection_id == connection_id, claimable(now))
    found = session.scalar(query.order_by(Delivery.created_at, Delivery.id).limit(1))
    fence = found and _take(session, found, place, now=now)
    return (found, fence) if found and fence else None


def claim_more(session: Session, first: Delivery, most: int, *, now: datetime) -> list[str]:
    """Take others of the same connection for the worker that has just taken `first`; their ids. The fence of each is 1.

    Up to `most` small ones that were never tried, and no more than leaves as many to the connection's other places. A
    connection that had failures is given none. They count as one upload with the first.
    """
    place = session.execute(_place(first.connection_id)).one()
    if place.circuit != circuit.CLOSED or place.failures:
        return []
    small = exists().where(Artifact.export_id == Delivery.export_id, Artifact.size <= SMALL)
    plain = and_(Delivery.packing == {}, Delivery.attempt == 0, Delivery.not_before.is_(None))
    alike = select(Delivery.id).where(Delivery.connection_id == place.id, claimable(now), plain, small)
    found = session.scalars(alike.order_by(Delivery.created_at, Delivery.id).limit(most * places(place))).all()
    share = found[: ceil((len(found) + 1) / places(place)) - 1]
    values = {"parked": TOGETHER, **_taken(now)}
    moved = move_all(session, share, DeliveryState.UPLOADING, now=now, where=[claimable(now)], **values)
    begin_attempts(session, [(one.export_id, one.id) for one in moved], 1, now=now)
    return [one.id for one in moved]


def put_back(session: Session, taken: Sequence[Delivery], *, now: datetime) -> None:
    """Of a batch: these wait for an upload of their own, which is not the fewer for it. Quiet where they are lost."""
    values: dict[str, Any] = {"lease_until": None, "parked": SLOT, "max_attempts": Delivery.max_attempts + 1}
    moved = move_all(session, [one.id for one in taken], DeliveryState.RETRYING, now=now, fence=1, **values)
    alone = [(one.export_id, one.id) for one in moved]
    if alone:
        end_attempts(session, alone, now=now, outcome="put_back", message="It takes an upload of its own.")


def ring(session: Session, *which: ColumnElement[bool], now: datetime) -> None:
    """Ring for new deliveries whose artifact is there, as far as their connections have room; the others are parked.

    A message for each would only stand in the way of those that are rung for when there is room.
    """
    parking = update(Delivery).where(*which).values(parked=SLOT).returning(Delivery.connection_id)
    connections = session.scalars(parking.execution_options(synchronize_session=False)).all()
    for connection_id in dict.fromkeys(connections):
        unpark(session, connection_id, now=now)


def unpark(session: Session, connection_id: str, *, now: datetime) -> int:
    """Ring for as many parked deliveries of a connection as may run beside those that run or were rung for.

    Any number of callers may do so at once: one too many is parked again. The count of them.
    """
    here = Delivery.connection_id == connection_id
    free = room(session, connection_id, now=now)
    if free <= 0:
        return 0
    oldest = select(Delivery.id).where(here, claimable(now), Delivery.parked != "").order_by(Delivery.created_at)
    ids = session.scalars(oldest.limit(free).with_for_update(skip_locked=True, of=Delivery)).all()
    session.execute(update(Delivery).where(Delivery.id.in_(ids)).values(parked="", not_before=None, sent_at=now))
    for delivery_id in ids:
        send_after_commit(session, UPLOAD, delivery_id)
    return len(ids)


def room(session: Session, connection_id: str, *, now: datetime) -> int:
    """How many more of a connection may run beside those that run or were rung for; 0 or less where none may."""
    place = session.execute(_place(connection_id)).one()
    if not circuit.lets_through(place.circuit, place.circuit_until, now):
        return 0
    here = Delivery.connection_id == connection_id
    free = 1
    if place.circuit == circuit.CLOSED:
        free = places(place) - running(session, connection_id, now)
    return free - _count(session, and_(here, _WAITING, Delivery.parked == "", Delivery.not_before.is_(None), _RENDERED))


def with_parked(session: Session) -> Sequence[str]:
    """The connections that have parked deliveries."""
    query = select(Delivery.connection_id).where(_WAITING, Delivery.parked != "").distinct()
    return session.scalars(query).all()


def _place(connection_id: str) -> Select[Any]:
    names = ("id", "uploads", "circuit", "circuit_until", "failures", "health", "updated_at")
    columns = [getattr(Connection, name) for name in names]
    return select(*columns).where(Connection.id == connection_id)


def hopeless() -> ColumnElement[bool]:
    """Deliveries that wait for a worker, and whose connection its provider refuses."""
    return and_(_WAITING, _RENDERED, refused())


def block(session: Session, delivery_id: str, *, now: datetime) -> bool:
    """Let one that is `hopeless` wait for its connection's renewal, without an attempt; False where it is not."""
    one = session.execute(select(Delivery.connection_id, Delivery.export_id).where(Delivery.id == delivery_id)).first()
    if one is None or lock(session, one.connection_id).health != NEEDS_RECONNECT:
        return False
    told: dict[str, Any] = {"error_code": UNTRIED, "error_message": REFUSED, "parked": "", "not_before": None}
    if not move(session, delivery_id, DeliveryState.BLOCKED, now=now, where=[hopeless()], **told):
        return False
    session.flush()
    settle(session, one.export_id, now=now)
    return True


def lock(session: Session, connection_id: str) -> Row[Any]:
    """What of a connection decides, locked. Take this lock before those of deliveries and exports, and never after."""
    # Not as strong as FOR UPDATE: new deliveries may refer to the connection meanwhile.
    return session.execute(_place(connection_id).with_for_update(key_share=True)).one()


def _refusal(session: Session, place: Row[Any], now: datetime) -> str:
    if not circuit.lets_through(place.circuit, place.circuit_until, now):
        return CIRCUIT
    return SLOT if running(session, place.id, now) >= places(place) else ""


def places(place: Row[Any] | Connection) -> int:
    """How many deliveries of a connection may run at once."""
    return place.uploads or settings().uploads_per_connection


def running(session: Session, connection_id: str, now: datetime) -> int:
    """How many uploads of a connection run: deliveries, or batches of them."""
    at_work = and_(Delivery.connection_id == connection_id, Delivery.state == str(DeliveryState.UPLOADING))
    at_work = and_(at_work, Delivery.parked != TOGETHER)
    return _count(session, and_(at_work, Delivery.lease_until > now))


def _count(session: Session, condition: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Delivery).where(condition)) or 0


def _take(session: Session, delivery_id: str, place: Row[Any], *, now: datetime) -> int | None:
    values = {"parked": "", **_taken(now)}
    moved = move(session, delivery_id, DeliveryState.UPLOADING, now=now, where=[claimable(now)], **values)
    if moved is None:
        return None
    if place.circuit != circuit.CLOSED:
        circuit.begin_probe(session, place.id, now=now)
    begin_attempt(session, moved.export_id, delivery_id, moved.attempt, now=now)
    return moved.attempt


def _taken(now: datetime) -> dict[str, Any]:
    """What a claim writes."""
    return {
        "attempt": Delivery.attempt + 1,
        "worker": worker_name(),
        "lease_until": lease_until(now),
        "not_before": None,
        "rate": None,
        "started_at": now,
    }


def _park(session: Session, place: Row[Any], why: str, *, now: datetime) -> None:
    """Park all that wait for the connection at once: the messages of the others would find the same."""
    parking = update(Delivery).where(Delivery.connection_id == place.id, claimable(now), Delivery.parked != why)
    values = {"parked": why, "not_before": None, "updated_at": now}
    told = parking.values(**values).returning(Delivery.id, Delivery.export_id, Delivery.owner)
    rows = session.execute(told.execution_options(synchronize_session=False)).all()
    if why != CIRCUIT:
        return
    data = {"until": place.circuit_until.isoformat() if place.circuit_until else None}
    for row in rows:
        at = {"export_id": row.export_id, "delivery_id": row.id}
        record(session, "delivery.waiting", now=now, owner=row.owner, data=data, **at)
