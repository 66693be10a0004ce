"""Rows of the caller, and nobody else's: what belongs to others is not found."""

from __future__ import annotations

import uuid
from typing import Any, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from longshore.db import Base
from longshore.errors import NotFound
from longshore.models import (
    ApiKey,
    Artifact,
    Batch,
    Connection,
    Delivery,
    Export,
    ExportPreset,
    File,
    FileVersion,
    ScheduledExport,
)

Row = TypeVar("Row", bound=Base)
Owned = TypeVar("Owned", ApiKey, Batch, Connection, Delivery, Export, ExportPreset, File, ScheduledExport)

WORDS: dict[type[Base], str] = {
    ApiKey: "API key",
    Batch: "batch",
    Connection: "connection",
    Delivery: "delivery",
    Export: "export",
    ExportPreset: "preset",
    File: "file",
    ScheduledExport: "scheduled export",
}


def find(
    session: Session, model: type[Owned], owner: str, row_id: Any, *, missing: str = "", lock: bool = False
) -> Owned:
    """One row of this owner, locked for the rest of the transaction where asked. Raises NotFound."""
    query = select(model).where(model.id == _id(row_id), model.owner == owner)
    if model is File:
        query = query.where(File.deleted_at.is_(None))
    if lock:
        query = query.with_for_update()
    found = session.scalar(query)
    if found is None:
        raise NotFound(missing or f"There is no such {WORDS[model]}.")
    return found


def version(session: Session, file: File) -> FileVersion:
    """The newest version of a file. Raises NotFound where its content is gone."""
    query = select(FileVersion).where(FileVersion.file_id == file.id, FileVersion.version == file.version)
    found = session.scalar(query)
    if found is None:
        raise NotFound("The content of this file is gone.")
    return found


def artifact(session: Session, export_id: str) -> Artifact | None:
    """The artifact of an export, if it has one now."""
    return session.scalar(select(Artifact).where(Artifact.export_id == export_id))


def page(session: Session, query: Select[Row], *, limit: int, offset: int) -> tuple[list[Row], int]:
    """One page of an ordered query, and how many rows there are in all."""
    total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    return list(session.scalars(query.limit(limit).offset(offset))), total


def _id(value: Any) -> str:
    """An id as the database has it; what cannot be one is like nothing in it."""
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        return ""
