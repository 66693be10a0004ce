"""Forget credentials that came with a single request, once nothing can need them any more."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from longshore.connections import CLOSED, DEFAULT_FOLDER, FORGOTTEN, empty, seal_secrets
from longshore.db import clock, reading, transaction
from longshore.models import Artifact, Connection, Delivery, Export, Leftover, ScheduledExport
from longshore.settings import settings
from longshore.states import DeliveryState, ExportState

DONE = [str(DeliveryState.COMPLETED)]
TRIABLE = [str(state) for state in (DeliveryState.FAILED, DeliveryState.CANCELLED, DeliveryState.BLOCKED)]


def forget_credentials(most: int) -> int:
    """Wipe up to so many connections of one use; the count of them. Where no delivery names one, its row goes, too."""
    with reading() as session:
        ids = session.scalars(select(Connection.id).where(_useless(clock(session))).limit(most)).all()
    for connection_id in ids:
        with transaction() as session:
            _forget(session, connection_id, clock(session))
    return len(ids)


def _forget(session: Session, connection_id: str, now: datetime) -> None:
    # Locked first and looked at then: a delivery that was added meanwhile needs it.
    row = session.scalar(select(Connection).where(Connection.id == connection_id).with_for_update())
    if row is None or not session.scalar(select(exists().where(Connection.id == connection_id, _useless(now)))):
        return
    if session.scalar(select(exists().where(Delivery.connection_id == row.id))):
        if row.health == CLOSED:
            empty(row)
        seal_secrets(row, {})
        row.health, row.last_error, row.updated_at = FORGOTTEN, None, now
    else:
        session.delete(row)


def _useless(now: datetime) -> ColumnElement[bool]:
    """Connections of one use without a schedule, whose deliveries have arrived or can never be tried again."""
    young = Export.updated_at > now - timedelta(days=settings().artifact_days)
    there = and_(Export.state != str(ExportState.EXPIRED), or_(young, exists().where(Artifact.export_id == Export.id)))
    needed = exists().where(
        Delivery.connection_id == Connection.id,
        Export.id == Delivery.export_id,
        or_(
            Delivery.state.not_in(DONE + TRIABLE),
            and_(Delivery.state.in_(TRIABLE), there, Connection.health != CLOSED),
            Delivery.checkpoint.is_not(None),  # something is left at the provider, and will be removed with these
        ),
    )
    left = exists().where(Leftover.connection_id == Connection.id)
    scheduled = exists().where(ScheduledExport.connection_id == Connection.id)
    return and_(
        Connection.one_off,
        Connection.health != FORGOTTEN,
        Connection.name != DEFAULT_FOLDER,
        ~needed,
        ~left,
        ~scheduled,
    )
