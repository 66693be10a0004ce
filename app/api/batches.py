"""Many exports in one request, and all of their files in one ZIP."""

from __future__ import annotations

import uuid
from typing import Any

from apiflask import APIBlueprint
from flask import request

from app import batches, rows, wait
from app.api.schemas_batch import BatchIn, BatchOut
from app.auth import owner
from longshore.db import clock, reading
from longshore.models import Batch

blueprint = APIBlueprint("batches", __name__, url_prefix="/export", tag="Exports")

ANSWERS = {
    200: "With `Prefer: wait=N`: all of it has ended within N seconds",
    422: "No item can be meant; with `all_or_nothing`: not every one",
    429: "Too many open exports",
}


@blueprint.post("/batch")
@blueprint.input(BatchIn, arg_name="body")
@blueprint.output(BatchOut, 202, description="Accepted; `Location` is where to look")
@blueprint.doc(responses=ANSWERS)
def create_batch(body: BatchIn) -> Any:
    """Export up to 500 documents, each into a format and to places of its own, and all of them into one ZIP.

    Each item is answered by itself: `export_id`, or `errors` with the fields at fault. The ZIP is an export like any
    other: it begins when the others have ended, holds what they made, and says in `report.warnings` what is missing.
    `Idempotency-Key` and `Prefer: wait=N` are honoured as for one export.
    """
    me = owner()
    accepted = batches.accept_batch(request, me, body)
    with reading() as session:
        batch = batches.of_export(session, me, accepted.export_id)
    seconds = wait.preferred(request)
    headers = {"Location": f"/api/export/batch/{batch.id}"}
    if accepted.replayed:
        headers["Idempotency-Replayed"] = "true"
    if seconds is not None:
        headers["Preference-Applied"] = f"wait={seconds}"
        batches.until_ended(batch, seconds)
    with reading() as session:
        shown = batches.detail(session, request, batch, now=clock(session))
    return shown, 200 if seconds is not None and shown.state != "processing" else 202, headers


@blueprint.get("/batch/<uuid:batch_id>")
@blueprint.output(BatchOut)
def get_batch(batch_id: uuid.UUID) -> Any:
    """Show a batch: each of its items, and the ZIP."""
    with reading() as session:
        batch = rows.find(session, Batch, owner(), batch_id)
        return batches.detail(session, request, batch, now=clock(session))
