"""Deliveries: look at them, try again, stop."""

from __future__ import annotations

import uuid
from typing import Any

from apiflask import APIBlueprint
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app import previews, rows, show
from app.api.schemas_delivery import (
    Cleared,
    ClearQuery,
    DeliveryList,
    DeliveryOut,
    DeliveryQuery,
    NamesIn,
    NamesOut,
    Retried,
)
from app.auth import owner
from longshore import connections, exports, naming
from longshore.db import clock, reading, transaction
from longshore.errors import Conflict, Invalid
from longshore.models import Artifact, Delivery
from longshore.packing import Packing
from longshore.states import SETTLED, DeliveryState, move

blueprint = APIBlueprint("deliveries", __name__, url_prefix="/deliveries", tag="Deliveries")

FINISHED = {str(state) for state in SETTLED - {DeliveryState.BLOCKED}}
MOST_AT_ONCE = 1000
"""Deliveries that one call puts back in line: one transaction holds them all."""


@blueprint.get("")
@blueprint.input(DeliveryQuery, location="query", arg_name="query")
@blueprint.output(DeliveryList)
def list_deliveries(query: DeliveryQuery) -> Any:
    """List deliveries, the newest first."""
    found = select(Delivery).where(Delivery.owner == owner())
    if not query.cleared:
        found = found.where(Delivery.cleared_at.is_(None))
    if query.state:
        found = found.where(Delivery.state.in_([one.strip() for one in query.state.split(",")]))
    for column, wanted in (
        (Delivery.destination, query.destination),
        (Delivery.connection_id, query.connection_id),
        (Delivery.export_id, query.export_id),
    ):
        if wanted:
            found = found.where(column == wanted)
    with reading() as session:
        total = session.scalar(select(func.count()).select_from(found.subquery())) or 0
        ordered = found.order_by(Delivery.created_at.desc(), Delivery.id).limit(query.limit).offset(query.offset)
        page = show.deliveries(session, ordered)
    return DeliveryList(deliveries=page, total=total, limit=query.limit, offset=query.offset)


@blueprint.get("/<uuid:delivery_id>")
@blueprint.output(DeliveryOut)
def get_delivery(delivery_id: uuid.UUID) -> Any:
    """Show one delivery with its receipt."""
    with reading() as session:
        return _show(session, delivery_id)


@blueprint.post("/preview-name")
@blueprint.input(NamesIn, arg_name="body")
@blueprint.output(NamesOut)
def preview_name(body: NamesIn) -> Any:
    """Say what a delivery would be called: `{name} {date}` in the name, `reports/{year}/{month}` in the folder."""
    with reading() as session:
        at = body.at or clock(session)
        folder, name = previews.address(
            session,
            owner(),
            folder=body.folder,
            name=body.name or "",
            file_id=body.file_id,
            form=body.format,
            packing=Packing.checked(body.compress, body.encrypt_to, ""),
            moment=previews.Moment(at, body.timezone, body.schedule),
        )
    return NamesOut(folder=folder, name=name, path=f"{folder}/{name}".lstrip("/"), fields=naming.known())


@blueprint.post("/<uuid:delivery_id>/retry")
@blueprint.output(DeliveryOut, 202)
@blueprint.doc(responses={409: "It has not failed, or there is nothing to deliver any more"})
def retry_delivery(delivery_id: uuid.UUID) -> Any:
    """Deliver again what failed, was stopped, or waits for its connection."""
    me = owner()
    with transaction() as session:
        now = clock(session)
        connections.ask_again(session, me, Delivery.id == str(delivery_id), now=now)
        delivery = rows.find(session, Delivery, me, delivery_id, lock=True)
        if rows.artifact(session, delivery.export_id) is None:
            raise Conflict("There is no artifact to deliver: retry the export, or make it anew if it has expired.")
        if not exports.retry_delivery(session, delivery.id, now=now, send=True):
            raise Conflict(f"The delivery is {delivery.state}; there is nothing to retry.")
        exports.reopen(session, delivery.export_id, now=now)
    with reading() as session:
        return _show(session, delivery_id)


@blueprint.post("/retry-failed")
@blueprint.output(Retried, 202)
def retry_failed() -> Any:
    """Deliver again everything that failed and whose artifact is still there, up to 1000 at once."""
    failed = (
        select(Delivery.id, Delivery.export_id)
        .join(Artifact, Artifact.export_id == Delivery.export_id)
        .where(Delivery.owner == owner(), Delivery.state == str(DeliveryState.FAILED), Delivery.cleared_at.is_(None))
        .order_by(Delivery.created_at)
        .limit(MOST_AT_ONCE)
    )
    retried = 0
    with transaction() as session:
        now = clock(session)
        for delivery_id, export_id in session.execute(failed).all():
            if exports.retry_delivery(session, delivery_id, now=now, send=True):
                exports.reopen(session, export_id, now=now)
                retried += 1
    return Retried(retried=retried), 202


@blueprint.post("/clear-finished")
@blueprint.input(ClearQuery, location="query", arg_name="query")
@blueprint.output(Cleared)
def clear_finished(query: ClearQuery) -> Any:
    """Take finished deliveries out of the queue's lists and counts. They stay with their exports, and so do receipts.

    What is tried again afterwards is back in the queue.
    """
    wanted = {one.strip() for one in query.state.split(",")}
    unknown = sorted(wanted - FINISHED)
    if unknown:
        raise Invalid(f"state must be some of: {', '.join(sorted(FINISHED))}; not {unknown[0]!r}", field="state")
    here = Delivery.owner == owner(), Delivery.state.in_(wanted), Delivery.cleared_at.is_(None)
    with transaction() as session:
        statement = update(Delivery).where(*here).values(cleared_at=clock(session)).returning(Delivery.id)
        done = session.execute(statement.execution_options(synchronize_session=False)).all()
    return Cleared(cleared=len(done))


@blueprint.post("/<uuid:delivery_id>/cancel")
@blueprint.output(DeliveryOut)
@blueprint.doc(responses={409: "It has ended already"})
def cancel_delivery(delivery_id: uuid.UUID) -> Any:
    """Stop one delivery; the others of its export go on."""
    with transaction() as session:
        delivery = rows.find(session, Delivery, owner(), delivery_id, lock=True)
        now = clock(session)
        if not move(session, delivery.id, DeliveryState.CANCELLED, now=now, finished_at=now):
            raise Conflict(f"The delivery is {delivery.state} already; there is nothing to stop.")
        if rows.artifact(session, delivery.export_id) is not None:
            exports.settle(session, delivery.export_id, now=now)
    with reading() as session:
        return _show(session, delivery_id)


def _show(session: Session, delivery_id: uuid.UUID) -> DeliveryOut:
    delivery = rows.find(session, Delivery, owner(), delivery_id)
    return show.deliveries(session, select(Delivery).where(Delivery.id == delivery.id))[0]
