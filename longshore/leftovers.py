"""What deliveries that are deleted may have left at their providers: remembered here, removed by upload workers."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from longshore.models import Delivery, Leftover
from longshore.settings import settings
from longshore.states import DeliveryState


def keep(session: Session, export_id: str, *, now: datetime) -> None:
    """Note the unfinished uploads of an export that is about to be deleted, in the caller's transaction.

    A worker that is at one finds its row gone and removes it by itself; it is given the time.
    """
    left = select(Delivery).where(
        Delivery.export_id == export_id,
        Delivery.checkpoint.is_not(None),
        Delivery.state != str(DeliveryState.COMPLETED),
    )
    for one in session.scalars(left):
        at_work = one.lease_until is not None and one.lease_until > now
        session.add(
            Leftover(
                delivery_id=one.id,
                owner=one.owner,
                connection_id=one.connection_id,
                checkpoint=one.checkpoint or b"",
                not_before=now + timedelta(seconds=settings().lease if at_work else 0),
                created_at=now,
            )
        )
    session.flush()
