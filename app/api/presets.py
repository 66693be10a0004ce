"""Presets: settings under a name, for exports and schedules to refer to."""

from __future__ import annotations

import uuid
from typing import Any

from apiflask import APIBlueprint
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import accept, rows
from app.api.schemas import Message
from app.api.schemas_preset import PresetIn, PresetList, PresetOut, PresetQuery, PresetUpdate
from app.auth import owner
from longshore.db import clock, reading, transaction
from longshore.errors import Conflict
from longshore.models import ExportPreset, ScheduledExport

blueprint = APIBlueprint("presets", __name__, url_prefix="/export-presets", tag="Presets")


@blueprint.post("")
@blueprint.input(PresetIn, arg_name="body")
@blueprint.output(PresetOut, 201)
@blueprint.doc(responses=[400, 409, 422])
def create_preset(body: PresetIn) -> Any:
    """Store a format and its settings under a name."""
    with transaction() as session:
        now = clock(session)
        row = ExportPreset(
            owner=owner(),
            user_id=body.user_id or owner(),
            name=body.name,
            format=accept.known_format(body.format),
            settings=accept.checked_settings(body.format, body.settings),
            is_default=body.is_default,
            created_at=now,
            updated_at=now,
        )
        _store(session, row)
    return PresetOut.of(row), 201, {"Location": f"/api/export-presets/{row.id}"}


@blueprint.get("")
@blueprint.input(PresetQuery, location="query", arg_name="query")
@blueprint.output(PresetList)
def list_presets(query: PresetQuery) -> Any:
    """List the stored presets by name."""
    found = select(ExportPreset).where(ExportPreset.owner == owner())
    if query.user_id:
        found = found.where(ExportPreset.user_id == query.user_id)
    if query.format:
        found = found.where(ExportPreset.format == query.format)
    with reading() as session:
        page, total = rows.page(session, found.order_by(ExportPreset.name), limit=query.limit, offset=query.offset)
    return PresetList(presets=[PresetOut.of(row) for row in page], total=total, limit=query.limit, offset=query.offset)


@blueprint.get("/<uuid:preset_id>")
@blueprint.output(PresetOut)
def get_preset(preset_id: uuid.UUID) -> Any:
    """Show one preset."""
    with reading() as session:
        return PresetOut.of(rows.find(session, ExportPreset, owner(), preset_id))


@blueprint.put("/<uuid:preset_id>")
@blueprint.input(PresetUpdate, arg_name="body")
@blueprint.output(PresetOut)
@blueprint.doc(responses=[400, 409, 422])
def update_preset(preset_id: uuid.UUID, body: PresetUpdate) -> Any:
    """Change a preset. Schedules use it as it is when they fire; exports that were made keep theirs."""
    with transaction() as session:
        row = rows.find(session, ExportPreset, owner(), preset_id, lock=True)
        sent = body.model_dump(exclude_none=True)
        if accept.known_format(sent.get("format", row.format)) != row.format:
            _refuse_while_needed(session, row)
        row.name = sent.get("name", row.name)
        row.format = accept.known_format(sent.get("format", row.format))
        row.settings = accept.checked_settings(row.format, sent.get("settings", row.settings))
        row.is_default = sent.get("is_default", row.is_default)
        row.updated_at = clock(session)
        _store(session, row)
        return PresetOut.of(row)


@blueprint.delete("/<uuid:preset_id>")
@blueprint.output(Message)
@blueprint.doc(responses=[409])
def delete_preset(preset_id: uuid.UUID) -> Any:
    """Delete a preset that no schedule refers to."""
    with transaction() as session:
        row = rows.find(session, ExportPreset, owner(), preset_id, lock=True)
        _refuse_while_needed(session, row)
        session.delete(row)
    return Message(message="Export preset deleted successfully")


def _refuse_while_needed(session: Session, row: ExportPreset) -> None:
    """Raises Conflict, naming the schedules that refer to the preset."""
    mine = select(ScheduledExport).where(ScheduledExport.owner == row.owner)
    using = [
        one.id
        for one in session.scalars(mine)
        if row.id in {one.preset_id, *(further["preset_id"] for further in one.formats)}
    ]
    if using:
        raise Conflict(f"Schedules use this preset: {', '.join(using[:5])}. Change or delete them first.")


def _store(session: Session, row: ExportPreset) -> None:
    """Write a preset; of those for one format, one at most is the default. Raises Conflict for a name that is taken."""
    mine = ExportPreset.owner == row.owner
    with session.no_autoflush:
        taken = session.scalar(select(ExportPreset.id).where(mine, ExportPreset.name == row.name))
        if taken not in {None, row.id}:
            raise Conflict(f"There is a preset named {row.name!r} already. Change that one, or choose another name.")
    session.add(row)
    session.flush()
    if row.is_default:
        others = update(ExportPreset).where(mine, ExportPreset.format == row.format, ExportPreset.id != row.id)
        session.execute(others.values(is_default=False))
