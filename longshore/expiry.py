"""The end of an artifact: its row and its export's state here, its object by the caller, after the commit."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from longshore.models import Artifact, Export, File, FileVersion
from longshore.states import ExportState, move


def expire(session: Session, export_id: str, *, now: datetime) -> list[str]:
    """End an export whose artifact has had its time; the keys of the objects to delete.

    The row goes first: an artifact that is half gone must not be served. Where a delivery is on its way nothing is
    changed. An export that failed or was cancelled keeps its state, so that it may be tried again.
    """
    query = select(Export.state).where(Export.id == export_id).with_for_update()
    state = session.scalar(query)
    if state not in {ExportState.FAILED, ExportState.CANCELLED}:
        if not move(session, export_id, ExportState.EXPIRED, now=now, phase="expired"):
            return []
        let_go_of_source(session, Export.id == export_id, now=now)
    gone = delete(Artifact).where(Artifact.export_id == export_id).returning(Artifact.key)
    return list(session.scalars(gone.execution_options(synchronize_session=False)))


def expire_downloaded(session: Session, export_id: str, *, now: datetime) -> list[str]:
    """End the time of an artifact that was downloaded, and with it the document that came inline; keys as `expire`.

    Where a delivery is on its way, the cleaner finds the artifact's time over once it has ended.
    """
    for model, this in ((Artifact, Artifact.export_id == export_id), (Export, Export.id == export_id)):
        session.execute(update(model).where(this).values(expires_at=now))
    keys = expire(session, export_id, now=now)
    inline = select(File.id).join(Export, Export.file_id == File.id)
    left = inline.where(Export.id == export_id, Export.state == str(ExportState.EXPIRED), ~File.listed)
    contents = delete(FileVersion).where(FileVersion.file_id.in_(left)).returning(FileVersion.key)
    return keys + list(session.scalars(contents.execution_options(synchronize_session=False)))


def let_go_of_source(session: Session, of: ColumnElement[bool], *, now: datetime) -> None:
    """Mark documents that came inline with these exports as deleted; stored files are their owner's to delete."""
    inline = select(Export.file_id).where(of)
    gone = update(File).where(File.id.in_(inline), ~File.listed, File.deleted_at.is_(None))
    session.execute(gone.values(deleted_at=now).execution_options(synchronize_session=False))
