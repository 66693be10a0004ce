"""What a schedule exports, from a request to its row: document, formats, places, conditions, each checked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app import accept, documents, presets
from app.api.schemas_export import DeliveryIn
from app.api.schemas_order import FormatIn, OrderIn
from longshore import connections, naming
from longshore.conditions import Conditions
from longshore.errors import Invalid
from longshore.models import File, ScheduleDelivery, ScheduledExport
from workers.renderers.base import KINDS

SEEN_BY_ALL = ("export_format", "export_settings")
"""Fields of the first format, in the words of older clients."""


def write_document(session: Session, row: ScheduledExport, asked: OrderIn) -> None:
    """A stored document of the owner's, or an address. Raises Invalid, NotFound."""
    if (asked.file_id is None) == (asked.source_url is None):
        raise Invalid("Send either `file_id` or `source_url`.", field="file_id")
    if asked.file_id is not None:
        row.file_id = accept.stored(session, row.owner, asked.file_id, "File not found").id
        row.source_url = row.source_kind = None
        return
    kind = asked.source_kind or row.source_kind
    if kind not in KINDS:
        raise Invalid(f"Say what is behind the address: source_kind is one of {', '.join(KINDS)}.", field="source_kind")
    row.source_url, row.source_kind = documents.checked_url(asked.source_url or "", "source_url"), kind
    row.file_id = None


def write_formats(session: Session, row: ScheduledExport, asked: Sequence[FormatIn]) -> None:
    """All formats anew; the first is the one that older clients see. Raises Invalid, Unavailable."""
    found = [_format(session, row, one, f"formats.{i}.", ("format", "settings")) for i, one in enumerate(asked)]
    if any(one in found[:i] for i, one in enumerate(found)):
        raise Invalid("Two of the formats are the same.", field="formats")
    _keep_first(row, found[0])
    row.formats = found[1:]


def write_first_format(session: Session, row: ScheduledExport, asked: FormatIn) -> None:
    """The format that older clients know. Raises Invalid, Unavailable."""
    _keep_first(row, _format(session, row, asked, "", SEEN_BY_ALL))


def change_first_format(session: Session, row: ScheduledExport, sent: dict[str, Any]) -> None:
    """What was sent of it; the rest stays. A preset goes with its format, or where an empty one is sent."""
    asked = FormatIn(
        format=sent.get("export_format", row.export_format),
        settings=sent.get("export_settings", row.export_settings),
        preset=(sent["preset"] or None) if "preset" in sent else row.preset_id,
    )
    if "preset" in sent and asked.preset and "export_format" not in sent:
        asked.format = None
    elif "export_format" in sent and "preset" not in sent and sent["export_format"] != row.export_format:
        asked.preset = None
    write_first_format(session, row, asked)


def check_formats(session: Session, row: ScheduledExport) -> None:
    """Hold every format against another document. Raises Invalid, Unavailable."""
    for one in (
        {"format": row.export_format, "settings": row.export_settings, "preset_id": row.preset_id},
        *row.formats,
    ):
        known = FormatIn(format=one["format"], settings=one["settings"], preset=one["preset_id"])
        _format(session, row, known, "", SEEN_BY_ALL)


def write_places(session: Session, row: ScheduledExport, asked: Sequence[DeliveryIn], *, now: datetime) -> None:
    """All places anew; the first is the one that older clients see. Raises Invalid."""
    old = {row.connection_id, *(one.connection_id for one in row.further)}
    found = [
        accept.target(session, row.owner, one, f"deliveries.{i}").request(session, row.owner, now=now, shared=False)
        for i, one in enumerate(asked)
    ]
    for i, one in enumerate(found):
        naming.check_folder(one.folder, f"deliveries.{i}.folder")
        naming.check(one.name, f"deliveries.{i}.name")
    first, *others = found
    row.connection_id, row.destination_type = first.connection.id, first.connection.destination
    row.destination_config = first.connection.options
    row.folder, row.file_name, row.conflict, row.packing = first.folder, first.name, first.conflict, first.packing
    row.max_attempts = first.max_attempts
    row.further = []
    session.flush()
    row.further = [
        ScheduleDelivery(
            position=position,
            connection_id=one.connection.id,
            destination=one.connection.destination,
            folder=one.folder,
            file_name=one.name,
            conflict=one.conflict,
            packing=one.packing,
            max_attempts=one.max_attempts,
        )
        for position, one in enumerate(others, 1)
    ]
    session.flush()
    for connection_id in old - {None}:
        connections.drop_one_use(session, connection_id)


def write_conditions(row: ScheduledExport, asked: Conditions) -> None:
    """When a slot is skipped. Raises Invalid."""
    row.conditions = asked.model_dump(exclude_defaults=True)
    check_conditions(row)


def check_conditions(row: ScheduledExport) -> None:
    """Raises Invalid for a condition that could never be evaluated."""
    if row.conditions.get("skip_older_than") is not None and row.source_url is not None:
        message = "What is fetched anew at each firing has no age; leave skip_older_than out, or store the document."
        raise Invalid(message, field="conditions.skip_older_than")


def connections_of(row: ScheduledExport) -> set[str]:
    """The ids of every connection that the schedule delivers with."""
    return {row.connection_id, *(one.connection_id for one in row.further)}


def _keep_first(row: ScheduledExport, first: dict[str, Any]) -> None:
    row.export_format, row.export_settings, row.preset_id = first["format"], first["settings"], first["preset_id"]


def _format(
    session: Session, row: ScheduledExport, asked: FormatIn, prefix: str, names: tuple[str, str]
) -> dict[str, Any]:
    """One format as a row keeps it. `names` are the client's words for format and settings."""
    kind = row.source_kind or session.get_one(File, row.file_id).kind
    known = accept.known_format(asked.format, prefix + names[0]) if asked.format is not None else None
    form, whole = presets.applied(session, row.owner, asked.preset, known, asked.settings, field=f"{prefix}preset")
    if not form:
        raise Invalid(f"Say what to make: {names[0]}, or a preset.", field=prefix + names[0])
    form = accept.planned(kind, form, prefix + names[0])
    accept.checked_settings(form, whole, prefix + names[1], accept.OLD_SETTINGS, kind=kind)
    own = accept.checked_settings(form, asked.settings, prefix + names[1], accept.OLD_SETTINGS, kind=kind)
    preset = presets.named(session, row.owner, asked.preset, f"{prefix}preset").id if asked.preset else None
    return {"format": form, "settings": own, "preset_id": preset}
