"""One broken row holds nobody up: what fails is undone, said in the row, and tried again after longer and longer waits.

Whatever its error is, the other rows of the batch, and beat's other work, go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from longshore.models import ScheduledExport
from schedules.counts import write
from schedules.policy import GRACE

FIRST_WAIT = 10
LONGEST_WAIT = 3600
"""Seconds until a row that failed is looked at again: twice as long after each failure."""

UNEXPECTED = "This could not be done because of an unexpected error; the operator's log has the details."

_OF_ONE_ROW = frozenset({"55P03", "40P01", "57014"})
"""What PostgreSQL says where a row was locked for too long, in a deadlock, or took too long: others may be well."""

log = structlog.get_logger(__name__)


def not_parked(now: datetime) -> ColumnElement[bool]:
    """The condition on schedules that wait for nothing after an error."""
    return or_(ScheduledExport.parked_until.is_(None), ScheduledExport.parked_until <= now)


def locked(session: Session, ids: Sequence[str], now: datetime) -> Sequence[str]:
    """Lock these schedules, but those that another transaction has and those that are parked; the ids that were."""
    query = select(ScheduledExport.id).where(ScheduledExport.id.in_(ids), not_parked(now))
    return session.scalars(query.with_for_update(skip_locked=True)).all()


@contextmanager
def guarded(
    session: Session, schedule_id: str, now: datetime, note: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Undo to a savepoint what fails within, and park the schedule; `note` is told the reason, to enter it.

    Where the row alone was busy it is parked without a note: it owes what it owed. Raises OperationalError where the
    database itself fails.
    """
    try:
        with session.begin_nested():
            yield
    except (OperationalError, InterfaceError) as error:
        if not _is_of_one_row(error):
            raise
        log.warning("schedule_busy", schedule=schedule_id, error=str(error.orig))
        park(session, schedule_id, now)
    except Exception:
        log.exception("schedule_failed", schedule=schedule_id)
        park(session, schedule_id, now)
        write(session, schedule_id, last_error=UNEXPECTED)
        if note is not None:
            note(UNEXPECTED)


def park(session: Session, schedule_id: str, now: datetime) -> None:
    """Let a schedule wait before it is looked at again. Written without reading the row, which may not be readable."""
    found = ScheduledExport.id == schedule_id
    setbacks = session.scalar(select(ScheduledExport.setbacks).where(found)) or 0
    until = now + timedelta(seconds=min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(setbacks, 20)))
    write(session, schedule_id, parked_until=until, setbacks=setbacks + 1)
    due = update(ScheduledExport).where(found, ScheduledExport.fire_at < until)
    later = {"fire_at": until, "late_at": until + timedelta(seconds=GRACE)}
    session.execute(due.values(**later).execution_options(synchronize_session=False))


def _is_of_one_row(error: DBAPIError) -> bool:
    return not error.connection_invalidated and getattr(error.orig, "sqlstate", None) in _OF_ONE_ROW
