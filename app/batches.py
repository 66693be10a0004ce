"""Batches: every item is checked by itself, and what is accepted is accepted in one transaction."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import orjson
from flask import Request
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import accept, idempotency, rows, show, wait
from app.api.problems import InvalidFields, fields_of
from app.api.schemas_batch import BatchIn, BatchItem, BatchOut, ZipIn
from app.api.schemas_export import ExportIn
from app.idempotency import Accepted
from longshore import exports, files
from longshore.artifacts import store
from longshore.errors import Invalid, NotFound, Permanent
from longshore.models import Batch, Export, new_id
from longshore.packages import PACKAGE
from longshore.states import TERMINAL, ExportState

REFUSED = (Invalid, NotFound, Permanent)
"""What is one item's own fault. Anything else is the whole request's."""

Errors = list[dict[str, str]]


def accept_batch(request: Request, owner: str, body: BatchIn) -> Accepted:
    """Accept a batch, once per `Idempotency-Key`. Raises Invalid where nothing, or not everything, may be accepted."""
    read = [_read(item, index) for index, item in enumerate(body.items)]  # before a transaction: it may ask for names
    return idempotency.once(
        request, owner, lambda session, now, written: _make(session, owner, body, read, now=now, written=written)
    )


def _read(item: dict[str, Any], index: int) -> ExportIn | Errors:
    """One item as it is meant, or what is wrong with it by itself."""
    try:
        return ExportIn.model_validate(item)
    except ValidationError as error:
        return fields_of(error, f"items.{index}").errors


def _make(
    session: Session, owner: str, body: BatchIn, read: list[ExportIn | Errors], *, now: datetime, written: list[str]
) -> str:
    """Exports, the package that waits for them, and the batch; the id of the export that stands for it."""
    batch = Batch(id=new_id(), owner=owner, items=[], package_id=None, created_at=now)
    items: list[dict[str, Any]] = []
    for index, item in enumerate(read):
        items.append(_accept(session, batch, item, index, now=now, written=written))
    refused = [error for one in items for error in one["errors"]]
    members = [one["export_id"] for one in items if one["export_id"]]
    if not members or (refused and body.all_or_nothing):
        raise InvalidFields(refused)
    batch.items = items
    session.add(batch)
    if body.zip is not None:
        package = _package(session, batch, body.zip, members, whole=body.all_or_nothing, now=now, written=written)
        batch.package_id = package.id
    session.flush()
    return batch.package_id or members[0]


def _accept(
    session: Session, batch: Batch, body: ExportIn | Errors, index: int, *, now: datetime, written: list[str]
) -> dict[str, Any]:
    """One item as the batch keeps it; a refused one leaves nothing behind."""
    if not isinstance(body, ExportIn):
        return {"export_id": None, "errors": body}
    before = len(written)
    try:
        with session.begin_nested():
            wish = accept.read(session, batch.owner, body)
            export = accept.submit(session, batch.owner, wish, now=now, written=written, batch_id=batch.id)
    except REFUSED as error:
        for key in written[before:]:
            store().delete(key)
        del written[before:]
        return {"export_id": None, "errors": _errors(error, f"items.{index}")}
    return {"export_id": export.id, "errors": []}


def _errors(error: Invalid | NotFound | Permanent, prefix: str) -> Errors:
    field = error.field if isinstance(error, Invalid) else ""
    found: Errors = getattr(error, "errors", None) or [{"field": field, "message": error.message}]
    return [{"field": f"{prefix}.{one['field']}".rstrip("."), "message": one["message"]} for one in found]


def _package(
    session: Session, batch: Batch, asked: ZipIn, members: list[str], *, whole: bool, now: datetime, written: list[str]
) -> Export:
    """The export that waits for the others and packs them. Raises Invalid for where it shall be delivered."""
    targets = [
        accept.target(session, batch.owner, one, f"zip.deliveries.{number}")
        for number, one in enumerate(asked.deliveries)
    ]
    content = orjson.dumps({"members": members, "manifest": asked.manifest, "whole": whole})
    file = files.create(
        session, owner=batch.owner, name=asked.name, kind=PACKAGE, content=[content], now=now, listed=False
    )
    written.append(rows.version(session, file).key)
    request = exports.ExportRequest(
        file,
        "zip",
        {"compression": asked.compression},
        name=asked.name,
        deliveries=[one.request(session, batch.owner, now=now) for one in targets],
        batch_id=batch.id,
    )
    return exports.submit(session, request, now=now)


def of_export(session: Session, owner: str, export_id: str) -> Batch:
    """The batch that an export came with. Raises NotFound."""
    return rows.find(session, Batch, owner, rows.find(session, Export, owner, export_id).batch_id)


def until_ended(batch: Batch, seconds: float) -> None:
    """Wait until the package has ended, or without one each export in turn; no longer than so many seconds."""
    ids = [batch.package_id] if batch.package_id else [one["export_id"] for one in batch.items if one["export_id"]]
    wait.until_all_ended(ids, seconds)


def detail(session: Session, request: Request, batch: Batch, *, now: datetime) -> BatchOut:
    """A batch with what became of its items."""
    ids = [one["export_id"] for one in batch.items if one["export_id"]]
    query = select(Export).where(Export.batch_id == batch.id, Export.kind != PACKAGE)
    found = {export.id: export for export in session.scalars(query)}
    package = session.get(Export, batch.package_id) if batch.package_id else None
    here = [*found.values(), *([package] if package else [])]
    done = sum(100.0 if one.state in TERMINAL else one.progress for one in here)
    return BatchOut(
        id=batch.id,
        state=_state(here),
        progress=round(done / max(1, len(here)), 1),
        accepted=len(ids),
        refused=len(batch.items) - len(ids),
        states=dict(Counter(one.state for one in found.values())),
        items=[
            BatchItem(
                index=index,
                export_id=one["export_id"],
                export=show.summary(found[one["export_id"]]) if one["export_id"] in found else None,
                errors=one["errors"],
            )
            for index, one in enumerate(batch.items)
        ],
        package=show.detail(session, request, package, now=now) if package else None,
        created_at=batch.created_at,
    )


def _state(here: list[Export]) -> str:
    states = {one.state for one in here}
    if states - TERMINAL:
        return "processing"
    done = states & {ExportState.COMPLETED, ExportState.EXPIRED}
    if states == done:
        return "completed"
    return "partial" if done or ExportState.PARTIAL in states else "failed"
