"""Hold a document against the conditions of its schedule, before anything is made of it."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from longshore.conditions import Conditions
from longshore.errors import LongshoreError
from longshore.models import Delivery, Export, FileVersion, ScheduleRun
from longshore.states import ExportState
from workers.meaning import Meaning, meaning


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
    last = _last_delivered(session, export)
    if last is None or last.meaning != mark or last.finished_at is None:
        return mark
    if asked.deliver_every is None or now - last.finished_at < timedelta(seconds=asked.deliver_every):
        raise NotWanted(f"The document has not changed since the delivery of {_when(last.finished_at)}.")
    return mark


def _wanted(session: Session, export: Export, digest: str) -> str:
    """The document's meaning with what is made of it and where it goes: a change of any of them is a change."""
    query = select(Delivery.connection_id).where(Delivery.export_id == export.id)
    places = sorted(session.scalars(query))
    parts = [digest, export.kind, export.format, repr(sorted(export.settings.items())), *places]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _last_delivered(session: Session, export: Export) -> Export | None:
    """The schedule's last export into this format that arrived."""
    schedule = select(ScheduleRun.schedule_id).where(ScheduleRun.id == export.run_id).scalar_subquery()
    arrived = [str(ExportState.COMPLETED), str(ExportState.EXPIRED)]
    query = select(Export).join(ScheduleRun, ScheduleRun.id == Export.run_id)
    same = query.where(
        ScheduleRun.schedule_id == schedule,
        Export.owner == export.owner,
        Export.format == export.format,
        Export.id != export.id,
        Export.state.in_(arrived),
    )
    return session.scalar(same.order_by(Export.finished_at.desc()).limit(1))


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
