"""What happens to an export, live and afterwards."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any

import orjson
import structlog
from apiflask import APIBlueprint
from flask import Response, request
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app import rows, timeline
from app.api.schemas_export import Timeline, TimelineEntry
from app.auth import owner
from app.seats import seat
from longshore import events
from longshore.db import reading
from longshore.models import Delivery, Event, Export
from longshore.states import TERMINAL

blueprint = APIBlueprint("events", __name__, url_prefix="/export", tag="Exports")

LOOK_EVERY = 0.3
"""Seconds between two looks at the table of events."""
HEARTBEAT = 15.0
"""Seconds of silence after which a comment keeps proxies from closing the stream."""
LONGEST = 300.0
"""Seconds that one stream lasts; browsers come back by themselves, with `Last-Event-ID`."""
COME_BACK = 1000
"""Milliseconds until they do."""
BATCH = 500
STREAM: dict[int | str, dict[str, Any]] = {
    200: {"description": "Server-sent events", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
}

log = structlog.get_logger(__name__)


class Since(BaseModel):
    """Where to go on; the header `Last-Event-ID` says the same."""

    last_event_id: int = Field(0, ge=0, le=2**62)


@blueprint.get("/<uuid:export_id>/events")
@blueprint.input(Since, location="query", arg_name="since")
@blueprint.doc(responses=STREAM)
def stream_events(export_id: uuid.UUID, since: Since) -> Response:
    """Follow an export live, as server-sent events.

    Begins with what has happened already, or after `Last-Event-ID`. Between the events of the history comes
    `export.progress` with `state`, `phase` and `progress`. Ends after the terminal event, or after 5 minutes.
    """
    me = owner()
    with reading() as session:
        export = rows.find(session, Export, me, export_id)
    header = request.headers.get("Last-Event-ID", "")
    # 18 digits: what a 64-bit id has at most
    last = int(header[:18]) if header.isascii() and header.isdigit() else since.last_event_id
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return Response(_stream(me, export.id, last), headers=headers, content_type="text/event-stream; charset=utf-8")


def _stream(me: str, export_id: str, last: int) -> Iterator[str]:
    """Where too many follow already, only what is there now: the client comes back by itself."""
    yield f"retry: {COME_BACK}\n\n"
    with seat() as free:
        yield from _follow(me, export_id, last, LONGEST if free else 0)


def _follow(me: str, export_id: str, last: int, seconds: float) -> Iterator[str]:
    deadline = time.monotonic() + seconds
    spoke, shown = time.monotonic(), ""
    while True:
        try:
            with reading() as session:
                # The row first: whatever it says, the events that led there are seen by the next query.
                query = select(Export.state, Export.phase, Export.progress).where(Export.id == export_id)
                row = session.execute(query.where(Export.owner == me)).one_or_none()
                found = events.since(session, me, export_id, last, BATCH)
        except SQLAlchemyError as error:
            log.warning("event_stream_ended", export_id=export_id, error=type(error).__name__)
            return
        for event in found:
            last = event.id
            yield _message(event.kind, _data(event), event.id)
        if row is None:
            return
        progress = {"state": row.state, "phase": row.phase, "progress": row.progress}
        message = _message("export.progress", progress)
        now = time.monotonic()
        if message != shown:
            yield message
        elif not found and now - spoke >= HEARTBEAT:
            yield ": still here\n\n"
        if found or message != shown or now - spoke >= HEARTBEAT:
            spoke, shown = now, message
        if len(found) == BATCH:
            continue
        if row.state in TERMINAL or now >= deadline:
            return
        time.sleep(LOOK_EVERY)


def _data(event: Event) -> dict[str, Any]:
    return {"delivery_id": event.delivery_id, "at": event.at, **event.data}


def _message(kind: str, data: dict[str, Any], event_id: int | None = None) -> str:
    head = f"id: {event_id}\n" if event_id is not None else ""
    return f"{head}event: {kind}\ndata: {orjson.dumps(data).decode()}\n\n"


@blueprint.get("/<uuid:export_id>/timeline")
@blueprint.output(Timeline)
def get_timeline(export_id: uuid.UUID) -> Any:
    """Tell the history of an export in plain words, the oldest first."""
    me = owner()
    with reading() as session:
        export = rows.find(session, Export, me, export_id)
        found = events.since(session, me, export.id, 0, 1000)
        query = select(Delivery).where(Delivery.export_id == export.id)
        deliveries = {delivery.id: delivery for delivery in session.scalars(query)}
    entries = [
        TimelineEntry(
            at=event.at,
            kind=event.kind,
            text=timeline.text(event, export, deliveries.get(event.delivery_id or "")),
            delivery_id=event.delivery_id,
            data=event.data,
        )
        for event in found
    ]
    return Timeline(export_id=export.id, entries=entries)
