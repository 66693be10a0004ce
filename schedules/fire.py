"""Turn due schedules into exports: each slot has one run, and the run, its export and the advance are one commit.

Any number of processes may do this at once. PostgreSQL hands them different rows (SKIP LOCKED), SQLite lets one write
at a time; the conditional UPDATE and UNIQUE(schedule, slot) hold whatever happens between them. A process that dies
after the commit leaves an export that the rescuer finds; one that dies before it leaves nothing.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import ColumnElement, Select, literal_column, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from longshore import exports, naming
from longshore.errors import Conflict, Invalid, LongshoreError, NotFound
from longshore.models import Connection, Export, File, ScheduledExport
from schedules import ending
from schedules.cadence import Cadence
from schedules.catchup import due_slots
from schedules.runs import Outcome, settle_run, write_run

log = structlog.get_logger(__name__)

_ACTIVE: ColumnElement[bool] = literal_column("scheduled_exports.is_active")
"""Spelt as in the partial index: SQLite does not use the index for `is_active = 1`."""


def next_due_query() -> Select[datetime | None]:
    """The query for the earliest instant at which an active schedule is due."""
    query = select(ScheduledExport.next_run_at).where(_ACTIVE, ScheduledExport.next_run_at.is_not(None))
    return query.order_by(ScheduledExport.next_run_at).limit(1)


def next_due(session: Session) -> datetime | None:
    """The earliest instant at which any schedule is due; it may have passed. None where there is no active schedule."""
    return session.scalar(next_due_query())


def due_rows(now: datetime, limit: int) -> Select[ScheduledExport]:
    """The query for due schedules, the longest overdue first, that no other transaction is working on."""
    query = select(ScheduledExport).where(_ACTIVE, ScheduledExport.next_run_at <= now)
    return query.order_by(ScheduledExport.next_run_at).limit(limit).with_for_update(skip_locked=True)


def fire_due(session: Session, now: datetime, limit: int) -> int:
    """Fire up to `limit` schedules that are due at `now`, in the caller's transaction; the count of those taken up.

    A schedule that cannot fire gets a run that says why, and the others fire. Raises SQLAlchemy's OperationalError
    where the database itself fails; the caller rolls back, and nothing has happened.
    """
    rows = session.scalars(due_rows(now, limit)).all()
    return sum(_fire(session, row, now) for row in rows)


def _fire(session: Session, row: ScheduledExport, now: datetime) -> bool:
    """Deal with everything that one row owes. False where another process has taken it up since it was read."""
    scheduled = row.next_run_at
    if scheduled is None:
        return False
    try:
        cadence = _cadence(row)
        due = due_slots(cadence, scheduled, now)
    except Invalid as error:
        reason = f"{error.message}. The schedule waits until this is corrected."
        if not _advance(session, row, scheduled, None, now):
            return False
        write_run(session, row.id, scheduled, Outcome.MISSED, now=now, reason=reason)
        _count_error(session, row, reason)
        return True
    if not _advance(session, row, scheduled, due.following, now):
        return False
    for slot, reason in due.coalesced:
        write_run(session, row.id, slot, Outcome.COALESCED, now=now, reason=reason)
    if run_slot(session, row, due.latest, now=now, note=due.note) is None:
        log.info("slot_has_a_run", schedule=row.id, slot=due.latest.isoformat())
    if due.following is None:
        ending.end(session, row, ending.over(cadence, due.latest))
    return True


def run_slot(session: Session, row: ScheduledExport, slot: datetime, *, now: datetime, note: str = "") -> str | None:
    """Enter one slot and accept its export, whenever it is or was due; also for a run by hand, or of a past slot.

    Where there cannot be an export, the run says why, and only a savepoint is lost. Returns the run's id, or None where
    the slot has a run already; nothing is changed then. Raises OperationalError where the database itself fails.
    """
    run_id = write_run(session, row.id, slot, Outcome.FIRED, now=now, reason=note)
    if run_id is None:
        return None
    try:
        with session.begin_nested():
            export = _export(session, row, slot, now)
    except OperationalError:
        raise
    except LongshoreError as error:
        reason = error.message
        log.warning("slot_missed", schedule=row.id, slot=slot.isoformat(), reason=reason, detail=error.detail)
    except Exception:
        # One broken row, or a fault of ours that it lays bare, must not keep every other schedule from firing.
        reason = "This slot could not be fired because of an unexpected error; the operator's log has the details."
        log.exception("slot_missed", schedule=row.id, slot=slot.isoformat())
    else:
        settle_run(session, run_id, Outcome.FIRED, export_id=export.id)
        _count_run(session, row, now)
        ending.count_down(session, row)
        return run_id
    settle_run(session, run_id, Outcome.MISSED, reason=reason)
    _count_error(session, row, reason)
    return run_id


def _export(session: Session, row: ScheduledExport, slot: datetime, now: datetime) -> Export:
    """Accept the export that the schedule describes. Raises NotFound, and Conflict for a disabled connection.

    A file name with fields is the delivery's, which is filled in; a plain one is the artifact's, too.
    """
    file = session.get(File, row.file_id)
    if file is None or file.owner != row.owner or file.deleted_at is not None:
        raise NotFound("The document of this schedule was deleted. Choose another one, or delete the schedule.")
    connection = session.get(Connection, row.connection_id)
    if connection is None or connection.owner != row.owner:
        raise NotFound("The connection of this schedule was deleted. Choose another one, or delete the schedule.")
    if not connection.enabled:
        raise Conflict("The connection of this schedule is switched off. Enable it, and the next slot fires again.")
    template = row.file_name if naming.has_fields(row.file_name) else ""
    delivery = exports.DeliveryRequest(
        connection, folder=row.folder, name=template, conflict=row.conflict, packing=dict(row.packing)
    )
    request = exports.ExportRequest(
        file,
        row.export_format,
        dict(row.export_settings),
        name="" if template else row.file_name,
        deliveries=[delivery],
        occasion=exports.Occasion(row.id, row.schedule_type, slot, row.timezone),
    )
    return exports.submit(session, request, now=now)


def _cadence(row: ScheduledExport) -> Cadence:
    return Cadence.read(**row.when)


def _advance(
    session: Session, row: ScheduledExport, scheduled: datetime, following: datetime | None, now: datetime
) -> bool:
    """Claim everything due until now by moving `next_run_at` on. False where it is no longer what was read."""
    claim = update(ScheduledExport).where(
        ScheduledExport.id == row.id, ScheduledExport.next_run_at == scheduled, _ACTIVE
    )
    claimed = session.execute(
        claim.values(next_run_at=following, updated_at=now)
        .returning(ScheduledExport.id)
        .execution_options(synchronize_session=False)
    )
    return claimed.one_or_none() is not None


def _count_run(session: Session, row: ScheduledExport, now: datetime) -> None:
    values = {"last_run_at": now, "run_count": ScheduledExport.run_count + 1, "last_error": None}
    _write(session, row, values)


def _count_error(session: Session, row: ScheduledExport, reason: str) -> None:
    _write(session, row, {"error_count": ScheduledExport.error_count + 1, "last_error": reason})


def _write(session: Session, row: ScheduledExport, values: dict[str, object]) -> None:
    statement = update(ScheduledExport).where(ScheduledExport.id == row.id).values(**values)
    session.execute(statement.execution_options(synchronize_session=False))
