"""An export as its owner sees it, put together from its rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import links, rows
from app.api.schemas import fault
from app.api.schemas_delivery import DeliveryOut
from app.api.schemas_export import ArtifactOut, AttemptOut, DownloadOut, ExportOut, ExportStatus, ExportSummary
from longshore.models import Artifact, Attempt, Connection, Delivery, Export, Receipt
from longshore.states import TERMINAL


def summary(export: Export) -> ExportSummary:
    """An export as a line of a list."""
    return ExportSummary(**_plain(export))


def detail(session: Session, request: Request, export: Export, *, now: datetime) -> ExportOut:
    """An export with everything that hangs on it."""
    made = rows.artifact(session, export.id)
    tries = select(Attempt).where(Attempt.export_id == export.id).order_by(Attempt.id)
    asked = select(Delivery).where(Delivery.export_id == export.id).order_by(Delivery.created_at, Delivery.id)
    here = f"/api/export/{export.id}"
    return ExportOut(
        **_plain(export),
        settings=export.settings,
        deadline=export.deadline,
        delete_after_download=export.delete_after_download,
        report=export.report,
        artifact=ArtifactOut.model_validate(made, from_attributes=True) if made else None,
        download=download(request, export, made, now=now),
        deliveries=deliveries(session, asked),
        attempts=[AttemptOut.model_validate(one, from_attributes=True) for one in session.scalars(tries)],
        links={"self": here} | {name: f"{here}/{name}" for name in ("status", "events", "timeline", "download")},
    )


def deliveries(session: Session, query: Any) -> list[DeliveryOut]:
    """Deliveries with their receipts, in the order of the query."""
    joined = query.outerjoin(Receipt, Receipt.delivery_id == Delivery.id).join(
        Connection, Connection.id == Delivery.connection_id
    )
    found = session.execute(joined.add_columns(Receipt, Connection))
    return [DeliveryOut.of(delivery, receipt, connection) for delivery, receipt, connection in found]


def download(request: Request, export: Export, made: Artifact | None, *, now: datetime) -> DownloadOut | None:
    """How to get the artifact, or None where there is none to be had."""
    if made is None or not downloadable(export, made, now=now):
        return None
    url, expires = links.sign(request, export.id, now=now, until=made.expires_at)
    media_type = made.media_type.partition(";")[0]
    return DownloadOut(
        filename=made.filename,
        media_type=made.media_type,
        size=made.size,
        sha256=made.sha256,
        url=url,
        expires_at=expires,
        marker=f"DOWNLOAD_FILE:{made.filename}:{media_type}:{made.size}",
    )


def downloadable(export: Export, made: Artifact | None, *, now: datetime) -> bool:
    """Whether the artifact may be had: rendered, not expired. Deliveries may still be on their way."""
    return made is not None and export.state != "expired" and now < made.expires_at


def status(session: Session, request: Request, export: Export, *, now: datetime) -> ExportStatus:
    """The short answer for clients that poll."""
    made = rows.artifact(session, export.id)
    link = download(request, export, made, now=now)
    return ExportStatus(
        exportId=export.id,
        status=export.state,
        progress=export.progress,
        currentPhase=export.phase,
        downloadUrl=link.url if link else None,
        expiresAt=export.expires_at,
        error=export.error_message,
        packageSize=made.size if made else None,
        completedAt=export.finished_at,
    )


def ended(export: Export) -> bool:
    """Whether nothing of it runs any more."""
    return export.state in TERMINAL


def _plain(export: Export) -> dict[str, Any]:
    same = ExportSummary.model_fields.keys() & export.__mapper__.columns.keys()
    values = {name: getattr(export, name) for name in same}
    return values | {"error": fault(export.error_code, export.error_message)}
