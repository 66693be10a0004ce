"""Remove what a cancelled upload left at the provider, where its own worker cannot: it died, or waited to retry."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, and_, or_, select, update

from longshore.db import clock, transaction
from longshore.models import Connection, Delivery
from longshore.settings import settings
from longshore.states import DeliveryState
from longshore.vault import vault
from workers.connect import open_destination

log = structlog.get_logger(__name__)

AGAIN = timedelta(hours=1)
"""When a provider that did not let us remove it is asked again."""


def left_behind(now: datetime) -> ColumnElement[bool]:
    """Cancelled deliveries with a checkpoint that no worker holds, and that are due to be looked at."""
    return and_(_unheld(now), or_(Delivery.not_before.is_(None), Delivery.not_before <= now))


def _unheld(now: datetime) -> ColumnElement[bool]:
    return and_(
        Delivery.state == str(DeliveryState.CANCELLED),
        Delivery.checkpoint.is_not(None),
        or_(Delivery.lease_until.is_(None), Delivery.lease_until <= now),
    )


def discard_leftover(delivery_id: str) -> None:
    """Remove one. Quiet where there is nothing to remove; a refusal of the provider is logged and tried again later."""
    with transaction() as session:
        now = clock(session)
        taken = session.execute(
            update(Delivery)
            .where(Delivery.id == delivery_id, _unheld(now))
            .values(lease_until=now + timedelta(seconds=settings().lease), not_before=now + AGAIN)
            .returning(Delivery.id)
        ).first()
        if taken is None:
            return
        delivery = session.scalars(select(Delivery).where(Delivery.id == delivery_id)).one()
        connection = session.get_one(Connection, delivery.connection_id)
    saved = vault().open(delivery.checkpoint or b"", delivery.owner, delivery.id, "checkpoint")
    destination = open_destination(connection)
    try:
        destination.discard(saved["data"])
    except Exception as error:  # noqa: BLE001 - nobody waits for this; the operator is told, and it is tried again
        known = destination.classify(error)
        log.warning("leftover_not_removed", delivery_id=delivery_id, message=known.message, detail=known.detail)
        return
    forget_checkpoint(delivery_id)


def forget_checkpoint(delivery_id: str) -> None:
    """There is nothing left to resume or to remove."""
    with transaction() as session:
        ended = Delivery.state.in_([str(DeliveryState.CANCELLED), str(DeliveryState.FAILED)])
        values = {"checkpoint": None, "lease_until": None}
        session.execute(update(Delivery).where(Delivery.id == delivery_id, ended).values(**values))
