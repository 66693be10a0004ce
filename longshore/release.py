"""Let deliveries go on that waited for their connection."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from longshore.exports import reopen, retry_delivery
from longshore.models import Artifact, Delivery, ScheduleDelivery, ScheduledExport
from longshore.queue import UPLOAD, send_after_commit
from longshore.states import DeliveryState

RING_AT_ONCE = 500
"""Messages that one transaction sends."""


def release_blocked(session: Session, connection_id: str, *, now: datetime) -> int:
    """Put every delivery that waited for this connection back in line; the count of them.

    Schedules that deliver with it and were paused for a fault resume, too: beat does it at its next look.
    """
    paused = update(ScheduledExport).where(
        or_(
            ScheduledExport.connection_id == connection_id,
            exists().where(
                ScheduleDelivery.schedule_id == ScheduledExport.id, ScheduleDelivery.connection_id == connection_id
            ),
        ),
        ~ScheduledExport.is_active,
        ScheduledExport.paused_by.in_(["connection", "failures"]),
    )
    session.execute(paused.values(resume_at=now).execution_options(synchronize_session=False))
    blocked = select(Delivery.id, Delivery.export_id).where(
        Delivery.connection_id == connection_id, Delivery.state == str(DeliveryState.BLOCKED)
    )
    rows = session.execute(blocked).all()
    for delivery_id, export_id in rows:
        retry_delivery(session, delivery_id, now=now, send=True)
        reopen(session, export_id, now=now)
    return len(rows)


def release_waiting(session: Session, connection_id: str, *, now: datetime) -> int:
    """Ring for what waited while this connection was switched off; the count of it. The rescuer rings for the rest."""
    rendered = exists().where(Artifact.export_id == Delivery.export_id)
    open_states = Delivery.state.in_([str(DeliveryState.PENDING), str(DeliveryState.RETRYING)])
    here = and_(Delivery.connection_id == connection_id, open_states, rendered)
    count = session.scalar(select(func.count()).select_from(Delivery).where(here)) or 0
    due = select(Delivery.id).where(here, Delivery.not_before.is_(None)).order_by(Delivery.created_at)
    ids = session.scalars(due.limit(RING_AT_ONCE)).all()
    session.execute(update(Delivery).where(Delivery.id.in_(ids)).values(sent_at=now))
    for delivery_id in ids:
        send_after_commit(session, UPLOAD, delivery_id)
    return count
