"""Packages: the export of a batch that puts the artifacts of the others into one ZIP, once all of them have ended."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session, aliased

from longshore.models import Artifact, Batch, Export
from longshore.queue import RENDER, send_after_commit
from longshore.states import ExportState

PACKAGE = "package"
"""The kind of the document that lists the exports of a batch; nobody can send one."""
LONGEST = 3600.0
"""Seconds that packing may take: hundreds of artifacts are read from the store and written to it again."""


@cache
def gathered() -> ColumnElement[bool]:
    """Exports that need not wait for others: no package, or one whose members have artifacts or have ended.

    Made once: an alias and its columns take 4 ms, and every look for lost rows asks.
    """
    member = aliased(Export)
    to_be_rendered = member.state.in_([str(ExportState.INITIATED), str(ExportState.PROCESSING)])
    awaited = exists().where(
        member.batch_id == Export.batch_id,
        member.kind != PACKAGE,
        to_be_rendered,
        ~exists().where(Artifact.export_id == member.id),
    )
    return or_(Export.kind != PACKAGE, ~awaited)


def member_ended(session: Session, export_id: str, *, now: datetime) -> None:
    """Ring for the package of this export's batch, if this was the last that it waited for."""
    ring(session, session.scalar(select(Export.batch_id).where(Export.id == export_id)), now=now)


def ring(session: Session, batch_id: str | None, *, now: datetime) -> None:
    """Ring for the package of a batch, if there is one and it waits for nothing. What is missed, the rescuer finds."""
    if batch_id is None:
        return
    # Of two last members the lock lets the second one see the first.
    query = select(Batch.package_id).where(Batch.id == batch_id, Batch.package_id.is_not(None)).with_for_update()
    package_id = session.scalar(query)
    if package_id is None:
        return
    initiated = Export.state == str(ExportState.INITIATED)
    package = session.scalar(select(Export).where(Export.id == package_id, initiated, gathered()))
    if package is not None:
        package.sent_at = now
        send_after_commit(session, RENDER, package.id, package.deadline)
