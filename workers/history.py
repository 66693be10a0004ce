"""Remove history that has had its time: exports with all that is told of them, runs of schedules, their events.

It goes in small batches, the oldest first, so that nobody waits long for SQLite's one writer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, String, and_, cast, delete, exists, literal_column, not_, or_, select
from sqlalchemy.orm import Session, aliased

from longshore import connections
from longshore.db import clock, engine, reading, transaction
from longshore.models import (
    Artifact,
    Connection,
    Delivery,
    Event,
    Export,
    File,
    FileVersion,
    Receipt,
    ScheduledExport,
    ScheduleRun,
)
from longshore.settings import settings
from longshore.states import SETTLED, TERMINAL, DeliveryState, ExportState

BATCH = 50
"""Exports of one transaction."""

RUNS = 500
"""Runs or events of one transaction."""

BUDGET = 30.0
"""Seconds of one call for each kind; the rest is left to the next one."""

BREATH = 0.1
"""Seconds between two batches on SQLite, whose waiting writers look every 0.1 s."""

_OPEN = [str(state) for state in ExportState if state not in TERMINAL]
_SETTLED = [str(state) for state in SETTLED]


def forget_history() -> int:
    """Remove what the settings no longer keep, for a while; the count of exports, runs and events."""
    removed = 0
    if settings().history_days:
        removed += _exports(_long_ago(settings().history_days)) + _events(_long_ago(settings().history_days))
    if settings().run_days:
        removed += _runs(_long_ago(settings().run_days), settings().runs_kept)
    return removed


def needless(long_ago: datetime) -> ColumnElement[bool]:
    """Exports that ended long ago, and that nothing needs any more.

    Needed are: the artifact; what waits to be removed at a provider or in the store; a document that came with the
    export; files that a connection's rules count, and later ones that took their place; and the last one of a schedule
    that arrived, since the next one is compared with it.
    """
    return and_(
        Export.finished_at <= long_ago,
        Export.state.not_in(_OPEN),
        ~exists().where(Artifact.export_id == Export.id),
        ~exists().where(Delivery.export_id == Export.id, _unfinished()),
        ~exists().where(FileVersion.file_id == File.id, File.id == Export.file_id, ~File.listed),
        ~exists().where(
            Delivery.export_id == Export.id, Receipt.delivery_id == Delivery.id, Receipt.path.in_(_counted())
        ),
        not_(_last_of_its_schedule()),
    )


def _unfinished() -> ColumnElement[bool]:
    left = and_(Delivery.checkpoint.is_not(None), Delivery.state != str(DeliveryState.COMPLETED))
    return or_(Delivery.state.not_in(_SETTLED), Delivery.packed_key.is_not(None), left)


def _counted() -> Select[str]:
    """The paths of delivered files among which the rules of connections choose."""
    delivery, receipt = aliased(Delivery), aliased(Receipt)
    # one within the other, so that SQLite begins with the few connections that have rules
    ruled = select(Connection.id).where(cast(Connection.retention, String) != "[]")
    theirs = select(delivery.id).where(delivery.connection_id.in_(ruled))
    return select(receipt.path).where(
        receipt.delivery_id.in_(theirs), ~receipt.skipped, receipt.removed_at.is_(None), receipt.let_go_at.is_(None)
    )


def _last_of_its_schedule() -> ColumnElement[bool]:
    newer = aliased(Export, name="newer")
    # spelt as in the partial index, which SQLite does not find otherwise
    arrived: ColumnElement[bool] = literal_column("newer.state in ('completed', 'expired')")
    followed = exists().where(
        newer.schedule_id == Export.schedule_id,
        newer.format == Export.format,
        arrived,
        newer.finished_at > Export.finished_at,
    )
    here: ColumnElement[bool] = literal_column("exports.state in ('completed', 'expired')")
    return and_(here, exists().where(ScheduledExport.id == Export.schedule_id), ~followed)


def _exports(long_ago: datetime) -> int:
    removed, since = 0, datetime.min.replace(tzinfo=long_ago.tzinfo)
    for _ in _batches():
        with reading() as session:
            due = select(Export.id, Export.finished_at).where(needless(long_ago), Export.finished_at >= since)
            found = session.execute(due.order_by(Export.finished_at).limit(BATCH)).all()
        if found:
            with transaction() as session:
                removed += _forget(session, [row.id for row in found], long_ago)
            since = found[-1].finished_at or since
        if len(found) < BATCH:
            break
    return removed


def _forget(session: Session, ids: list[str], long_ago: datetime) -> int:
    """Delete those that are needless still; deliveries, attempts, receipts and events go with them."""
    mine = select(Export.id, Export.file_id).where(Export.id.in_(ids), needless(long_ago))
    rows = session.execute(mine.with_for_update(skip_locked=True, of=Export)).all()
    gone = [row.id for row in rows]
    used = set(session.scalars(select(Delivery.connection_id).where(Delivery.export_id.in_(gone))))
    session.execute(delete(Export).where(Export.id.in_(gone)).execution_options(synchronize_session=False))
    bare = delete(File).where(
        File.id.in_([row.file_id for row in rows]),
        ~File.listed,
        ~exists().where(Export.file_id == File.id),
        ~exists().where(ScheduledExport.file_id == File.id),
        ~exists().where(FileVersion.file_id == File.id),
    )
    session.execute(bare.execution_options(synchronize_session=False))
    for connection_id in used:
        connections.drop_one_use(session, connection_id)
    return len(gone)


def _runs(long_ago: datetime, kept: int) -> int:
    """Runs that ended long ago and are none of the newest of their schedule."""
    run = ScheduleRun
    slots = select(run.slot).where(run.schedule_id == ScheduledExport.id).correlate(ScheduledExport)
    oldest = slots.order_by(run.slot).limit(1).scalar_subquery()
    first_to_go = slots.order_by(run.slot.desc()).limit(1).offset(kept).scalar_subquery()
    with reading() as session:
        found = session.execute(select(ScheduledExport.id, first_to_go).where(oldest <= long_ago)).all()
    removed = 0
    due = [(schedule_id, slot) for schedule_id, slot in found if slot is not None]
    for _ in _batches():
        if not due:
            break
        schedule_id, slot = due[-1]
        runs = exists().where(Export.run_id == run.id, Export.state.in_(_OPEN))
        old = select(run.id).where(
            run.schedule_id == schedule_id,
            run.slot <= slot,
            run.created_at <= long_ago,
            run.queued_at.is_(None),
            run.look_at.is_(None),
            ~runs,
        )
        with transaction() as session:
            gone = delete(run).where(run.id.in_(old.limit(RUNS))).returning(run.id)
            count = len(session.scalars(gone.execution_options(synchronize_session=False)).all())
        removed += count
        if count < RUNS:
            due.pop()
    return removed


def _events(long_ago: datetime) -> int:
    """Events of schedules and of all; those of exports go with their exports."""
    removed = 0
    for _ in _batches():
        old = select(Event.id).where(Event.export_id.is_(None), Event.at <= long_ago).limit(RUNS)
        with transaction() as session:
            gone = delete(Event).where(Event.id.in_(old)).returning(Event.id)
            count = len(session.scalars(gone.execution_options(synchronize_session=False)).all())
        removed += count
        if count < RUNS:
            break
    return removed


def _batches() -> Iterator[None]:
    """One for each batch, while the budget lasts."""
    began = time.monotonic()
    while time.monotonic() - began < BUDGET:
        yield
        if engine().dialect.name == "sqlite":
            time.sleep(BREATH)


def _long_ago(days: float) -> datetime:
    with reading() as session:
        return clock(session) - timedelta(days=days)
