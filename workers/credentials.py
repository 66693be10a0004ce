"""Forget credentials that came with a single request, once nothing can need them any more."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from longshore.connections import DEFAULT_FOLDER, FORGOTTEN, seal_secrets
from longshore.db import clock, reading, transaction
from longshore.models import Artifact, Connection, Delivery, Export, ScheduledExport
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
    query = select(Connection).where(Connection.id == connection_id, _useless(now)).with_for_update()
    row = session.scalar(query)
    if row is None:
        return
    if session.scalar(select(exists().where(Delivery.connection_id == row.id))):
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
            and_(Delivery.state.in_(TRIABLE), there),
            Delivery.checkpoint.is_not(None),  # something is left at the provider, and will be removed with these
        ),
    )
    scheduled = exists().where(ScheduledExport.connection_id == Connection.id)
    return and_(
        Connection.one_off,
        Connection.health != FORGOTTEN,
        Connection.name != DEFAULT_FOLDER,
        ~needed,
        ~scheduled,
    )
