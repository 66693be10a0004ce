"""Remove what an upload left at the provider, where its own worker cannot: it died, or waited to retry.

Deliveries that were cancelled, or gave up and have no artifact or no connection any more, keep a checkpoint until this
is done; of deleted ones a `Leftover` is kept. What cannot be removed is given up in the end: its
credentials must go.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from longshore.connections import CLOSED, drop_one_use
from longshore.db import clock, reading, transaction
from longshore.errors import LongshoreError
from longshore.models import Artifact, Connection, Delivery, Leftover
from longshore.queue import UPLOAD, send_after_commit
from longshore.settings import settings
from longshore.states import DeliveryState
from longshore.vault import vault
from workers.connect import open_destination
from workers.destinations.base import Destination

log = structlog.get_logger(__name__)

AGAIN = timedelta(hours=1)
"""When a provider that did not let us remove it is asked again."""
AGAIN_IF_UNHEARD = timedelta(minutes=5)
"""When a leftover is rung for again whose message was lost."""
BATCH = 200
PATIENCE = timedelta(days=7)
"""After this a leftover is given up: providers drop unfinished uploads by themselves by then. One of a delivery that is
still there may have waited for the end of its artifact before."""


def left_behind(now: datetime) -> ColumnElement[bool]:
    """Deliveries with a checkpoint that nobody will resume, which no worker holds, and that are due to be looked at."""
    return and_(_unheld(now), or_(Delivery.not_before.is_(None), Delivery.not_before <= now))


def _unheld(now: datetime) -> ColumnElement[bool]:
    given_up = Delivery.state.in_([str(DeliveryState.FAILED), str(DeliveryState.BLOCKED)])
    no_artifact = ~exists().where(Artifact.export_id == Delivery.export_id)
    closed = exists().where(Connection.id == Delivery.connection_id, Connection.health == CLOSED)
    return and_(
        or_(Delivery.state == str(DeliveryState.CANCELLED), and_(given_up, or_(no_artifact, closed))),
        Delivery.checkpoint.is_not(None),
        or_(Delivery.lease_until.is_(None), Delivery.lease_until <= now),
    )


def ring_for_leftovers() -> int:
    """Have an upload worker look after what deleted deliveries left; the count of them."""
    with reading() as session:
        due = select(Leftover.delivery_id).where(Leftover.not_before <= clock(session)).limit(BATCH)
        ids = session.scalars(due).all()
    for delivery_id in ids:
        with transaction() as session:
            if _take_leftover(session, delivery_id, AGAIN_IF_UNHEARD):
                send_after_commit(session, UPLOAD, delivery_id)
    return len(ids)


def discard_leftover(delivery_id: str) -> None:
    """Remove one. Quiet where there is nothing to remove; a refusal of the provider is logged and tried again later."""
    if not _is_left(delivery_id):
        return
    found = _cancelled(delivery_id) or _deleted(delivery_id)
    if found is None:
        return
    owner, sealed, connection = found
    destination: Destination | None = None
    try:
        saved = vault().open(sealed, owner, delivery_id, "checkpoint")
        destination = open_destination(connection)
        destination.discard(saved["data"])
    except Exception as error:
        known = error if destination is None else destination.classify(error)
        if not isinstance(known, LongshoreError):
            _forget_old(delivery_id)
            raise
        log.warning("leftover_not_removed", delivery_id=delivery_id, message=known.message, detail=known.detail)
        _forget_old(delivery_id)
        return
    forget_checkpoint(delivery_id)


def forget_checkpoint(delivery_id: str) -> None:
    """There is nothing left to resume or to remove."""
    with transaction() as session:
        ended = Delivery.state.in_([str(one) for one in DeliveryState if one in _ENDED])
        values = {"checkpoint": None, "lease_until": None}
        session.execute(update(Delivery).where(Delivery.id == delivery_id, ended).values(**values))
        gone = delete(Leftover).where(Leftover.delivery_id == delivery_id).returning(Leftover.connection_id)
        connection_id = session.scalar(gone)
        if connection_id:
            drop_one_use(session, connection_id)


_ENDED = frozenset({DeliveryState.CANCELLED, DeliveryState.FAILED, DeliveryState.BLOCKED})


def _is_left(delivery_id: str) -> bool:
    """Asked without a write lock: most messages that claim nothing come for what has been delivered."""
    with reading() as session:
        mine = exists().where(Delivery.id == delivery_id, _unheld(clock(session)))
        return bool(session.scalar(select(or_(mine, exists().where(Leftover.delivery_id == delivery_id)))))


def _cancelled(delivery_id: str) -> tuple[str, bytes, Connection] | None:
    """Owner, checkpoint and connection of a delivery's own leftover, for the length of a lease."""
    with transaction() as session:
        now = clock(session)
        taken = session.execute(
            update(Delivery)
            .where(Delivery.id == delivery_id, _unheld(now))
            .values(lease_until=now + timedelta(seconds=settings().lease), not_before=now + AGAIN)
            .returning(Delivery.owner, Delivery.checkpoint, Delivery.connection_id)
        ).one_or_none()
        return taken and (taken[0], taken[1] or b"", session.get_one(Connection, taken[2]))


def _deleted(delivery_id: str) -> tuple[str, bytes, Connection] | None:
    """The same of a deleted delivery."""
    with transaction() as session:
        row = session.get(Leftover, delivery_id)
        if row is None or not _take_leftover(session, delivery_id, AGAIN, due=False):
            return None
        return row.owner, row.checkpoint, session.get_one(Connection, row.connection_id)


def _forget_old(delivery_id: str) -> None:
    with transaction() as session:
        now = clock(session)
        deleted = select(Leftover.created_at).where(Leftover.delivery_id == delivery_id)
        ended = select(func.coalesce(Delivery.finished_at, Delivery.updated_at)).where(
            Delivery.id == delivery_id, _unheld(now + timedelta(seconds=settings().lease))
        )
        resumable = timedelta(days=settings().artifact_days)
        since, over = session.scalar(deleted), session.scalar(ended)
    if (since and now - since > PATIENCE) or (over and now - over > PATIENCE + resumable):
        log.warning("leftover_given_up", delivery_id=delivery_id)
        forget_checkpoint(delivery_id)


def _take_leftover(session: Session, delivery_id: str, later: timedelta, *, due: bool = True) -> bool:
    now = clock(session)
    taking = update(Leftover).where(Leftover.delivery_id == delivery_id)
    if due:
        taking = taking.where(Leftover.not_before <= now)
    told = taking.values(not_before=now + later).returning(Leftover.delivery_id)
    return session.execute(told.execution_options(synchronize_session=False)).first() is not None
