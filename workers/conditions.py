"""Hold a document against the conditions of its schedule, before anything is made of it."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, literal_column, select
from sqlalchemy.orm import Session

from longshore.conditions import Conditions
from longshore.errors import LongshoreError
from longshore.models import Connection, Delivery, Export, FileVersion
from workers.meaning import Meaning, meaning

# Spelt as in the partial index, which SQLite does not find otherwise.
_ARRIVED: ColumnElement[bool] = literal_column("exports.state in ('completed', 'expired')")


class NotWanted(LongshoreError):
    """The schedule's conditions say that this export is not to be made; the message says why."""

    code = "skipped"


def look(asked: Conditions, kind: str, path: Path) -> Meaning | None:
    """What the conditions need to know of the document. Raises BadDocument where it cannot be read."""
    return meaning(kind, path) if asked.skip_empty or asked.skip_unchanged else None


def judge(
    session: Session, asked: Conditions, export: Export, version: FileVersion, found: Meaning | None, *, now: datetime
) -> str | None:
    """What the schedule's next run compares with, where it compares. Raises NotWanted with the reason in words."""
    oldest = timedelta(seconds=asked.skip_older_than) if asked.skip_older_than is not None else None
    if oldest is not None and now - version.created_at > oldest:
        raise NotWanted(f"The document was last changed on {_when(version.created_at)}, which is too long ago.")
    if found is None:
        return None
    if asked.skip_empty and found.empty:
        raise NotWanted("The document is empty.")
    if not asked.skip_unchanged:
        return None
    mark = _wanted(session, export, found.digest)
    compare(session, asked, export, mark, now=now)
    return mark


def compare(session: Session, asked: Conditions, export: Export, mark: str, *, now: datetime) -> None:
    """Raises NotWanted where the schedule's last delivery meant the same, and another one is not due anyhow."""
    last = _last_delivered(session, export)
    if last is None or last.meaning != mark or last.finished_at is None:
        return
    if asked.deliver_every is None or now - last.finished_at < timedelta(seconds=asked.deliver_every):
        raise NotWanted(f"The document has not changed since the delivery of {_when(last.finished_at)}.")


def with_pictures(mark: str, fetched: str) -> str:
    """The mark of a document with the pictures that were fetched for it, by their digest."""
    return hashlib.sha256(f"{mark}\n{fetched}".encode()).hexdigest()


def _wanted(session: Session, export: Export, digest: str) -> str:
    """The document's meaning with what is made of it, what it is called and where it goes: each change is a change.

    The settings of a place count, its secrets do not.
    """
    query = select(Delivery, Connection).join(Connection, Connection.id == Delivery.connection_id)
    places = [
        [to.id, to.options, one.folder, one.name, one.conflict, one.packing]
        for one, to in session.execute(query.where(Delivery.export_id == export.id))
    ]
    places.sort(key=lambda one: json.dumps(one, sort_keys=True))
    whole = [digest, export.kind, export.format, export.name, export.settings, places]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _last_delivered(session: Session, export: Export) -> Export | None:
    """The schedule's last export into this format that arrived; one look into an index, however many there were."""
    same = select(Export).where(
        Export.schedule_id == export.schedule_id,
        Export.owner == export.owner,
        Export.format == export.format,
        Export.id != export.id,
        _ARRIVED,
    )
    return session.scalar(same.order_by(Export.finished_at.desc()).limit(1))


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
