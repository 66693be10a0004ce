"""Let deliveries go on that waited for their connection."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from longshore.connections import NEEDS_RECONNECT, UNTESTED
from longshore.exports import reopen, retry_delivery
from longshore.models import Artifact, Connection, Delivery, Export, ScheduleDelivery, ScheduledExport
from longshore.queue import UPLOAD, send_after_commit
from longshore.states import DeliveryState, move

RING_AT_ONCE = 500
"""Messages that one transaction sends."""

UNTRIED = "connection_refused"
"""Error code of a delivery that is blocked without an attempt, since the connection was known to be refused."""

TOO_LATE = "The file had had its time before the connection was renewed, and was deleted. Export the document again."


def release_blocked(session: Session, connection_id: str, *, now: datetime) -> int:
    """Put every delivery that waited for this connection back in line; the count of them. Whether it works, they show.

    One whose artifact has had its time meanwhile fails, and says so. Schedules that deliver with it and were paused for
    a fault resume, too: beat does it at its next look.
    """
    _resume_schedules(session, connection_id, now)
    session.flush()
    refused = update(Connection).where(Connection.id == connection_id, Connection.health == NEEDS_RECONNECT)
    session.execute(refused.values(health=UNTESTED))
    return _release(session, Delivery.connection_id == connection_id, now=now)


def _resume_schedules(session: Session, connection_id: str, now: datetime) -> None:
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


def release_untried(session: Session, connection_id: str, *, now: datetime) -> int:
    """The same for those that were blocked without an attempt: the connection works, whatever refused another one."""
    return _release(session, and_(Delivery.connection_id == connection_id, Delivery.error_code == UNTRIED), now=now)


def _release(session: Session, which: ColumnElement[bool], *, now: datetime) -> int:
    blocked = select(Delivery.id, Delivery.export_id).where(which, Delivery.state == str(DeliveryState.BLOCKED))
    released = 0
    for delivery_id, export_id in session.execute(blocked).all():
        # locked, so that the artifact is not taken away after it was seen
        session.execute(select(Export.id).where(Export.id == export_id).with_for_update())
        if session.scalar(select(exists().where(Artifact.export_id == export_id))):
            released += retry_delivery(session, delivery_id, now=now, send=True)
            reopen(session, export_id, now=now)
        else:
            late: dict[str, Any] = {"error_code": "expired", "error_message": TOO_LATE, "finished_at": now}
            move(session, delivery_id, DeliveryState.FAILED, now=now, **late)
    return released


def release_waiting(session: Session, connection_id: str, *, now: datetime) -> int:
    """Ring for what waited while this connection was switched off; the count of it. The rescuer rings for the rest.

    Schedules that deliver with it and were paused for a fault resume, too.
    """
    _resume_schedules(session, connection_id, now)
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
