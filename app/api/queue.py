"""The caller's queue at a glance."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from sqlalchemy import func, select

from app.api.schemas_delivery import QueueOut, percent
from app.auth import owner
from longshore.db import clock, reading
from longshore.models import Artifact, Delivery, Export
from longshore.states import DeliveryState, ExportState

blueprint = APIBlueprint("queue", __name__, url_prefix="/queue", tag="Deliveries")

ON_ITS_WAY = [str(state) for state in (DeliveryState.PENDING, DeliveryState.UPLOADING, DeliveryState.RETRYING)]


@blueprint.get("")
@blueprint.output(QueueOut)
def get_queue() -> Any:
    """Count exports and deliveries by state, and the bytes of what is on its way."""
    me = owner()
    count = func.count()
    by_state = select(Export.state, count).where(Export.owner == me).group_by(Export.state)
    deliveries = select(Delivery.state, count).where(Delivery.owner == me).group_by(Delivery.state)
    sizes = (
        select(func.sum(Delivery.bytes_sent), func.sum(func.coalesce(Delivery.size, Artifact.size, 0)))
        .outerjoin(Artifact, Artifact.export_id == Delivery.export_id)
        .where(Delivery.owner == me, Delivery.state.in_(ON_ITS_WAY))
    )
    waiting = select(func.min(Export.created_at)).where(
        Export.owner == me, Export.state.in_([str(ExportState.INITIATED), str(ExportState.PROCESSING)])
    )
    with reading() as session:
        found = {row[0]: row[1] for row in session.execute(by_state)}
        moving = {row[0]: row[1] for row in session.execute(deliveries)}
        sent, total = session.execute(sizes).one()
        oldest, now = session.scalar(waiting), clock(session)
    return QueueOut(
        exports={str(state): found.get(state, 0) for state in ExportState},
        deliveries={str(state): moving.get(state, 0) for state in DeliveryState},
        bytes_sent=int(sent or 0),
        bytes_total=int(total or 0),
        percent=percent(int(sent or 0), int(total or 0)),
        oldest_waiting_seconds=(now - oldest).total_seconds() if oldest else None,
    )
