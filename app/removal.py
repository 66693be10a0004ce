"""Delete an export with all that belongs to it alone."""

from __future__ import annotations

import structlog
from sqlalchemy import delete, exists, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import rows
from longshore import connections, exports, leftovers, packages
from longshore.artifacts import store
from longshore.db import clock, transaction
from longshore.errors import LongshoreError
from longshore.expiry import expire_downloaded
from longshore.models import Artifact, Delivery, Export, File, FileVersion, ScheduledExport
from longshore.states import TERMINAL

log = structlog.get_logger(__name__)


def delete_export(owner: str, export_id: str) -> None:
    """Rows first, then objects: nothing that is half gone is ever shown. Raises NotFound.

    A worker that is at it finds its row gone at its next step, stops, and cleans up after itself.
    """
    with transaction() as session:
        export = rows.find(session, Export, owner, export_id, lock=True)
        if export.state not in TERMINAL:
            exports.cancel(session, export, now=clock(session))
        keys = list(session.scalars(select(Artifact.key).where(Artifact.export_id == export.id)))
        packed = select(Delivery.packed_key).where(Delivery.export_id == export.id, Delivery.packed_key.is_not(None))
        keys += [key for key in session.scalars(packed) if key]
        used = set(session.scalars(select(Delivery.connection_id).where(Delivery.export_id == export.id)))
        leftovers.keep(session, export.id, now=clock(session))
        session.execute(delete(Export).where(Export.id == export.id))
        packages.ring(session, export.batch_id, now=clock(session))
        keys += _inline_file(session, export.file_id)
        for connection_id in used:
            connections.drop_one_use(session, connection_id)
    for key in keys:
        store().delete(key)


def delete_downloaded(export_id: str) -> None:
    """After a whole download of what was to be downloaded once. Quiet: the answer has been sent.

    Where the database or the store is away, the cleaner is left to do it when the artifact's time is up.
    """
    try:
        with transaction() as session:
            keys = expire_downloaded(session, export_id, now=clock(session))
        for key in keys:
            store().delete(key)
    except (LongshoreError, SQLAlchemyError) as error:
        log.warning("not_deleted_after_download", export_id=export_id, error=str(error))


def _inline_file(session: Session, file_id: str) -> list[str]:
    """Delete the document that came with the export; the keys of its contents."""
    needed = session.scalar(select(exists().where(Export.file_id == file_id)))
    listed = session.scalar(select(File.listed).where(File.id == file_id))
    scheduled = session.scalar(select(exists().where(ScheduledExport.file_id == file_id)))
    if needed or listed or scheduled:
        return []
    keys = list(session.scalars(select(FileVersion.key).where(FileVersion.file_id == file_id)))
    session.execute(delete(File).where(File.id == file_id))
    return keys
