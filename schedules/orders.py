"""What a schedule asks for at a firing: its document, its formats with their settings, its places."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy.orm import Session

from longshore import exports, files, naming
from longshore.errors import NotFound
from longshore.models import Connection, ExportPreset, File, ScheduledExport

CHOOSE = "Choose another one, or delete the schedule."


def document(session: Session, row: ScheduledExport, *, now: datetime) -> File:
    """The stored document, or one that a worker will fetch. Raises NotFound where it was deleted."""
    if row.source_url is not None:
        name = row.file_name or PurePosixPath(unquote(urlsplit(row.source_url).path)).stem or "export"
        return files.awaited(session, owner=row.owner, name=name[:255], kind=row.source_kind or "", now=now)
    file = session.get(File, row.file_id) if row.file_id else None
    if file is None or file.owner != row.owner or file.deleted_at is not None:
        raise NotFound(f"The document of this schedule was deleted. {CHOOSE}")
    return file


def formats(session: Session, row: ScheduledExport) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each format with its settings: those of its preset as that is now, with the schedule's own on top.

    Raises NotFound where a preset was deleted.
    """
    first = {"format": row.export_format, "settings": row.export_settings, "preset_id": row.preset_id}
    for one in (first, *row.formats):
        below: dict[str, Any] = {}
        if one.get("preset_id"):
            preset = session.get(ExportPreset, one["preset_id"])
            if preset is None or preset.owner != row.owner:
                raise NotFound(f"The preset of this schedule was deleted. {CHOOSE}")
            below = preset.settings
        yield one["format"], {**below, **one["settings"]}


def places(session: Session, row: ScheduledExport) -> Iterator[exports.DeliveryRequest]:
    """Each place. Raises NotFound where its connection was deleted.

    A first file name without fields is the artifact's own, so the delivery needs none.
    """
    template = row.file_name if naming.has_fields(row.file_name) else ""
    yield exports.DeliveryRequest(
        connection(session, row, row.connection_id),
        folder=row.folder,
        name=template,
        conflict=row.conflict,
        max_attempts=row.max_attempts,
        packing=dict(row.packing),
    )
    for one in row.further:
        yield exports.DeliveryRequest(
            connection(session, row, one.connection_id),
            folder=one.folder,
            name=one.file_name,
            conflict=one.conflict,
            max_attempts=one.max_attempts,
            packing=dict(one.packing),
        )


def connection(session: Session, row: ScheduledExport, connection_id: str) -> Connection:
    """A connection of the schedule. Raises NotFound where it was deleted."""
    found = session.get(Connection, connection_id)
    if found is None or found.owner != row.owner:
        raise NotFound(f"The connection of this schedule was deleted. {CHOOSE}")
    return found
