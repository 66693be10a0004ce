"""Export and deliver in one call, as diagram clients do it."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePath
from typing import Any

from apiflask import APIBlueprint
from flask import g, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import accept, idempotency, places, rows, show, wait
from app.accept import OLD_SETTINGS, Target, Wish
from app.api.problems import problem
from app.api.schemas_export import CloudExportIn, CloudExportOut, ExportOut
from app.auth import owner
from longshore.db import clock, reading
from longshore.models import Delivery, Export, File, Receipt

blueprint = APIBlueprint("cloud", __name__, url_prefix="/export", tag="Exports")

MISSING = "Diagram not found"
ANSWERS = {
    200: "With `Prefer: wait=N`: delivered",
    400: "A value that is not one of those it may be, or a missing setting of the destination",
    404: MISSING,
    502: "It ended without having arrived",
}


@blueprint.post("/cloud")
@blueprint.input(CloudExportIn, arg_name="body")
@blueprint.output(ExportOut, 202, description="Accepted; `Location` is where to look")
@blueprint.doc(responses=ANSWERS)
def export_to_cloud(body: CloudExportIn) -> Any:
    """Render a stored document and deliver it to one place.

    With `Prefer: wait=N` the answer is 200 with `success`, `url`, `file_name`, `file_size` and what the provider says,
    once the file has arrived.
    """
    g.invalid_status = 400
    me = owner()
    accepted = idempotency.accept_once(request, me, lambda session: _read(session, me, body))
    seconds = wait.preferred(request)
    headers = {"Location": f"/api/export/{accepted.export_id}"}
    if accepted.replayed:
        headers["Idempotency-Replayed"] = "true"
    if seconds is not None:
        headers["Preference-Applied"] = f"wait={seconds}"
    ended = seconds is not None and wait.until_ended(accepted.export_id, seconds)
    with reading() as session:
        export = rows.find(session, Export, me, accepted.export_id)
        if not ended:
            return show.detail(session, request, export, now=clock(session)), 202, headers
        arrived = _arrived(session, export)
    if arrived is None:
        detail = export.error_message or f"The export is {export.state}."
        code = export.error_code or export.state
        return problem(502, detail, code=code, headers=headers, success=False, export_id=export.id)
    return arrived, 200, headers


def _read(session: Session, me: str, body: CloudExportIn) -> Wish:
    """Check the request in the order older clients expect its errors in. Raises Invalid, NotFound, Unavailable."""
    places.destination_named(body.destination, "destination")
    accept.known_format(body.export_format, "export_format")
    file = accept.stored(session, me, body.file_id, MISSING)
    place = places.inline(body.destination, body.destination_config, field="destination")
    return Wish(
        file,
        accept.planned(file.kind, body.export_format, "export_format"),
        accept.checked_settings(
            body.export_format, body.export_settings, "export_settings", OLD_SETTINGS, kind=file.kind
        ),
        name=body.file_name or default_name(file, clock(session)),
        targets=[Target(place)],
    )


def default_name(file: File, now: datetime) -> str:
    """The title and the time, as older clients name files."""
    return f"{file.name.replace(' ', '_')}_{now:%Y%m%d_%H%M%S}"


def _arrived(session: Session, export: Export) -> CloudExportOut | None:
    """The answer for an export whose delivery arrived; None where it did not."""
    query = select(Delivery, Receipt).join(Receipt, Receipt.delivery_id == Delivery.id)
    found = session.execute(query.where(Delivery.export_id == export.id)).first()
    made = rows.artifact(session, export.id)
    if found is None or made is None:
        return None
    delivery, receipt = found
    said = {"path": receipt.path} | receipt.extra
    same = {
        "success": True,
        "destination": delivery.destination,
        "file_name": PurePath(receipt.path).name or made.filename,
        "file_size": made.size,
        "format": export.format,
        "url": receipt.url,
        "export_id": export.id,
    }
    return CloudExportOut(**(said | same))
