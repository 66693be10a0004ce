"""The caller's queue at a glance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from apiflask import APIBlueprint
from sqlalchemy import func, select

from app.api.schemas_delivery import QueueOut, QueuePart, percent
from app.auth import owner
from longshore.db import clock, reading
from longshore.models import Artifact, Delivery, Export
from longshore.states import DeliveryState, ExportState

blueprint = APIBlueprint("queue", __name__, url_prefix="/queue", tag="Deliveries")

ON_ITS_WAY = frozenset({DeliveryState.PENDING, DeliveryState.UPLOADING, DeliveryState.RETRYING})


@blueprint.get("")
@blueprint.output(QueueOut)
def get_queue() -> Any:
    """Count exports and deliveries by state and destination, and the bytes of what is on its way."""
    me = owner()
    count = func.count()
    by_state = select(Export.state, count).where(Export.owner == me).group_by(Export.state)
    size = func.sum(func.coalesce(Delivery.size, Artifact.size, 0))
    deliveries = (
        select(Delivery.destination, Delivery.state, count, func.sum(Delivery.bytes_sent), size)
        .outerjoin(Artifact, Artifact.export_id == Delivery.export_id)
        .where(Delivery.owner == me, Delivery.cleared_at.is_(None))
        .group_by(Delivery.destination, Delivery.state)
    )
    waiting = select(func.min(Export.created_at)).where(
        Export.owner == me, Export.state.in_([str(ExportState.INITIATED), str(ExportState.PROCESSING)])
    )
    with reading() as session:
        found = {row[0]: row[1] for row in session.execute(by_state)}
        counted = [tuple(row) for row in session.execute(deliveries)]
        oldest, now = session.scalar(waiting), clock(session)
    places = defaultdict(list)
    for destination, *rest in counted:
        places[destination].append(tuple(rest))
    return QueueOut(
        **_part(row[1:] for row in counted).model_dump(),
        exports={str(state): found.get(state, 0) for state in ExportState},
        destinations={name: _part(rows) for name, rows in sorted(places.items())},
        oldest_waiting_seconds=(now - oldest).total_seconds() if oldest else None,
    )


def _part(counted: Iterable[tuple[Any, ...]]) -> QueuePart:
    """From rows of state, count, bytes sent and bytes in all."""
    states, sent, total = dict.fromkeys(map(str, DeliveryState), 0), 0, 0
    for state, count, done, size in counted:
        states[state] += count
        if state in ON_ITS_WAY:
            sent, total = sent + int(done or 0), total + int(size or 0)
    return QueuePart(deliveries=states, bytes_sent=sent, bytes_total=total, percent=percent(sent, total))
