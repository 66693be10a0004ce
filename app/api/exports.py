"""Exports: ask for one, list, look, stop, retry, delete."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from apiflask import APIBlueprint
from flask import request
from sqlalchemy import select
from werkzeug.exceptions import Gone

from app import accept, artifacts, idempotency, removal, rows, show, wait
from app.api.schemas import Message
from app.api.schemas_export import DeliverIn, ExportIn, ExportList, ExportOut, ExportQuery, ExportStatus
from app.auth import owner
from longshore import connections, exports
from longshore.db import clock, reading, transaction
from longshore.errors import Conflict
from longshore.models import Delivery, Export
from longshore.states import ExportState

blueprint = APIBlueprint("exports", __name__, url_prefix="/export", tag="Exports")

ANSWERS = {
    200: "With `Prefer: wait=N`: it has ended within N seconds",
    400: "Broken request",
    404: "No such file",
    409: "The artifact was asked for, and the export was cancelled",
    410: "The artifact was asked for, and is gone",
    415: "Not JSON",
    422: "A field cannot be meant, or the artifact was asked for and the document cannot become one",
    429: "Too many open exports",
    502: "The artifact was asked for, and the export failed",
    503: "The database or the store is busy",
}


@blueprint.post("")
@blueprint.input(ExportIn, arg_name="body")
@blueprint.output(ExportOut, 202, description="Accepted; `Location` is where to look")
@blueprint.doc(responses=ANSWERS)
def create_export(body: ExportIn) -> Any:
    """Export a document: render it into a format, and deliver it to any number of places.

    Send `Idempotency-Key` and repeat the request as often as you like: it makes one export. With `Prefer: wait=N` the
    answer waits up to N seconds (at most 60) for the export to end. With that, and `Accept` naming the format's media
    type (`image/png`), the answer is the artifact itself, with `X-Longshore-Export`; a problem where there is none.
    """
    me = owner()
    accepted = idempotency.accept_once(request, me, lambda session: accept.read(session, me, body))
    seconds = wait.preferred(request)
    ended = seconds is not None and wait.until_ended(accepted.export_id, seconds)
    headers = {"Location": f"/api/export/{accepted.export_id}"}
    if seconds is not None:
        headers["Preference-Applied"] = f"wait={seconds}"
    if accepted.replayed:
        headers["Idempotency-Replayed"] = "true"
    with reading() as session:
        export = rows.find(session, Export, me, accepted.export_id)
        if ended and artifacts.wanted(request, export.format):
            made = rows.artifact(session, export.id)
            return artifacts.direct(request, export, made, headers=headers, now=clock(session))
        return show.detail(session, request, export, now=clock(session)), 200 if ended else 202, headers


@blueprint.get("")
@blueprint.input(ExportQuery, location="query", arg_name="query")
@blueprint.output(ExportList)
def list_exports(query: ExportQuery) -> Any:
    """List exports, the newest first."""
    found = select(Export).where(Export.owner == owner())
    if query.state:
        found = found.where(Export.state.in_([one.strip() for one in query.state.split(",")]))
    for column, wanted in (
        (Export.kind, query.kind),
        (Export.format, query.format),
        (Export.file_id, query.file_id),
        (Export.batch_id, query.batch_id),
    ):
        if wanted:
            found = found.where(column == wanted)
    with reading() as session:
        ordered = found.order_by(Export.created_at.desc(), Export.id)
        page, total = rows.page(session, ordered, limit=query.limit, offset=query.offset)
    return ExportList(exports=[show.summary(one) for one in page], total=total, limit=query.limit, offset=query.offset)


@blueprint.get("/<uuid:export_id>")
@blueprint.output(ExportOut)
def get_export(export_id: uuid.UUID) -> Any:
    """Show one export with its deliveries, receipts, attempts, and a download link."""
    with reading() as session:
        export = rows.find(session, Export, owner(), export_id)
        return show.detail(session, request, export, now=clock(session))


@blueprint.get("/<uuid:export_id>/status")
@blueprint.output(ExportStatus)
def get_status(export_id: uuid.UUID) -> Any:
    """Show how far an export is, in short."""
    with reading() as session:
        export = rows.find(session, Export, owner(), export_id)
        return show.status(session, request, export, now=clock(session))


@blueprint.post("/<uuid:export_id>/cancel")
@blueprint.output(ExportOut)
@blueprint.doc(responses={409: "It has ended already"})
def cancel_export(export_id: uuid.UUID) -> Any:
    """Stop an export and what is left of its deliveries; what was half uploaded is removed."""
    with transaction() as session:
        export = rows.find(session, Export, owner(), export_id)
        exports.cancel(session, export, now=clock(session))
    return get_export_again(export_id)


@blueprint.post("/<uuid:export_id>/retry")
@blueprint.output(ExportOut, 202)
@blueprint.doc(responses={409: "Nothing has failed"})
def retry_export(export_id: uuid.UUID) -> Any:
    """Try again what failed, and only that: the rendering, or the deliveries that did not arrive."""
    me = owner()
    with transaction() as session:
        now = clock(session)
        connections.ask_again(session, me, Delivery.export_id == str(export_id), now=now)
        export = rows.find(session, Export, me, export_id, lock=True)
        exports.retry(session, export, now=now)
    return get_export_again(export_id)


@blueprint.post("/<uuid:export_id>/deliver")
@blueprint.input(DeliverIn, arg_name="body")
@blueprint.output(ExportOut, 202)
@blueprint.doc(responses={409: "There is no artifact yet", 410: "The artifact has expired"})
def deliver_export(export_id: uuid.UUID, body: DeliverIn) -> Any:
    """Deliver what an export made to more places; nothing is rendered again."""
    me = owner()
    with transaction() as session:
        export = rows.find(session, Export, me, export_id, lock=True)
        now = clock(session)
        made = rows.artifact(session, export.id)
        if export.state == ExportState.EXPIRED or (made is not None and made.expires_at <= now):
            raise Gone("The artifact has expired and was deleted. Export the document again.")
        if made is None:
            raise Conflict("There is no artifact to deliver yet. Wait until it is rendered, or retry the export.")
        for number, one in enumerate(body.deliveries):
            wanted = accept.target(session, me, one, f"deliveries.{number}").request(session, me, now=now)
            exports.deliver(session, export, wanted, now=now + timedelta(microseconds=number))
        exports.reopen(session, export.id, now=now)
    return get_export_again(export_id)


@blueprint.delete("/<uuid:export_id>")
@blueprint.output(Message)
def delete_export(export_id: uuid.UUID) -> Any:
    """Delete an export with its artifact and its history; a running one is stopped first.

    What was delivered stays where it is.
    """
    removal.delete_export(owner(), str(export_id))
    return Message(message="Export deleted successfully")


def get_export_again(export_id: uuid.UUID) -> ExportOut:
    """The export after a change, as committed."""
    with reading() as session:
        export = rows.find(session, Export, owner(), export_id)
        return show.detail(session, request, export, now=clock(session))
