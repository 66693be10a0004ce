"""Remove what has had its time: artifacts, packed bytes, deleted documents, keys, scratch folders, history."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import and_, delete, exists, select

from longshore.artifacts import store
from longshore.db import clock, reading, transaction
from longshore.expiry import expire, let_go_of_source
from longshore.models import Artifact, Batch, Export, File, FileVersion, IdempotencyKey, OAuthState
from longshore.settings import settings
from longshore.states import TERMINAL, ExportState
from workers import scratch
from workers.credentials import forget_credentials
from workers.history import forget_history
from workers.pack import forget_all_packed
from workers.reservations import forget_reservations

KEEP_KEYS = timedelta(hours=24)
"""How long an `Idempotency-Key` is remembered; published in the API's description."""

BATCH = 500

log = structlog.get_logger(__name__)


def clean() -> int:
    """Remove a part of each; the number of objects removed, of credentials forgotten and of rows of history."""
    with transaction() as session:
        now = clock(session)
        session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at <= now - KEEP_KEYS))
        session.execute(delete(Batch).where(~exists().where(Export.batch_id == Batch.id)))
        session.execute(delete(OAuthState).where(OAuthState.expires_at <= now))
        forget_reservations(session, now=now)
    scratch.sweep()
    _forgotten()
    return _expire() + _deleted_files() + forget_all_packed(BATCH) + forget_credentials(BATCH) + forget_history()


def _expire() -> int:
    with reading() as session:
        now = clock(session)
        ended = Export.state.in_([str(state) for state in TERMINAL])
        due = select(Artifact.export_id).join(Export, Export.id == Artifact.export_id)
        ids = session.scalars(due.where(ended, Artifact.expires_at <= now).limit(BATCH)).all()
    removed = 0
    for export_id in ids:
        with transaction() as session:
            keys = expire(session, export_id, now=clock(session))
        for key in keys:
            store().delete(key)
            removed += 1
    return removed


def _forgotten() -> None:
    """Documents that came with an export which failed or was cancelled as long ago as an artifact is kept."""
    failed = Export.state.in_([str(ExportState.FAILED), str(ExportState.CANCELLED)])
    with transaction() as session:
        now = clock(session)
        long_ago = now - timedelta(days=settings().artifact_days)
        let_go_of_source(session, and_(failed, Export.updated_at <= long_ago), now=now)


def _deleted_files() -> int:
    """Contents of files that their owner deleted, once no open export needs them."""
    ended = [str(state) for state in TERMINAL]
    with reading() as session:
        in_use = exists().where(Export.file_id == File.id, Export.state.not_in(ended))
        versions = select(FileVersion.id, FileVersion.key).join(File, File.id == FileVersion.file_id)
        rows = session.execute(versions.where(File.deleted_at.is_not(None), ~in_use).limit(BATCH)).all()
    for version_id, key in rows:
        store().delete(key)
        with transaction() as session:
            session.execute(delete(FileVersion).where(FileVersion.id == version_id))
    return len(rows)
