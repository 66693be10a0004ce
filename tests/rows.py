"""Rows for tests, as a user's request would leave them."""

from __future__ import annotations

from typing import Any

from longshore import connections, files
from longshore.db import clock, reading, transaction
from longshore.exports import DeliveryRequest, ExportRequest, submit
from longshore.models import Artifact, Delivery, Export

DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20"/></svg>'


def submitted(
    content: bytes = DRAWING,
    kind: str = "svg",
    form: str = "svg",
    deliveries: int = 0,
    owner: str = "ann",
    called: str = "Plan",
    **more: Any,
) -> str:
    """The id of an export that was accepted, with that many deliveries to the owner's folder."""
    with transaction() as session:
        now = clock(session)
        file = files.create(session, owner=owner, name=called, kind=kind, content=[content], now=now, listed=False)
        folder = connections.default_folder(session, owner, now=now)
        requests = [DeliveryRequest(folder, folder=f"place-{number}") for number in range(deliveries)]
        return submit(session, ExportRequest(file, form, deliveries=requests, **more), now=now).id


def export_row(export_id: str) -> Export:
    """The export as it is now."""
    with reading() as session:
        return session.get_one(Export, export_id)


def delivery_rows(export_id: str) -> list[Delivery]:
    """The export's deliveries as they are now."""
    with reading() as session:
        query = session.query(Delivery).where(Delivery.export_id == export_id)
        return query.order_by(Delivery.folder).all()


def artifact_row(export_id: str) -> Artifact | None:
    """The export's artifact, if it has one."""
    with reading() as session:
        return session.query(Artifact).where(Artifact.export_id == export_id).one_or_none()
