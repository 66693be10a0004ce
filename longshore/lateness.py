"""Which schedules are late, failing or paused: the watch that works without beat, since it reads rows alone.

Which are late is answered through an index, so it may be asked often. Counts of all take longer, the more there are.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, or_, select
from sqlalchemy.orm import Session

from longshore.models import ScheduledExport

S = ScheduledExport
# Spelt as in the partial indexes: SQLite uses none for `is_active = 1`.
_ACTIVE: ColumnElement[bool] = literal_column("scheduled_exports.is_active")
_RESTING: ColumnElement[bool] = literal_column("not scheduled_exports.is_active", type_=_ACTIVE.type)
_FAILED: ColumnElement[bool] = literal_column("scheduled_exports.failures > 0", type_=_ACTIVE.type)


class Health(StrEnum):
    """How a schedule is, at a moment."""

    OK = "ok"
    LATE = "late"
    """Its slot was not taken up within its grace: no beat runs, or none can."""
    FAILING = "failing"
    """Its last run failed, or it has no next slot until it is corrected."""
    PAUSED = "paused"
    ENDED = "ended"
    """It is over, or has fired as often as it was to."""


def health(row: ScheduledExport, now: datetime) -> Health:
    """How this schedule is."""
    if not row.is_active:
        return Health.ENDED if row.ended_reason else Health.PAUSED
    if row.late_at is not None and row.late_at < now:
        return Health.LATE
    return Health.FAILING if row.failures or row.next_run_at is None else Health.OK


def has(wanted: Health, now: datetime) -> ColumnElement[bool]:
    """The condition on rows that says the same as `health`."""
    in_time = or_(S.late_at.is_(None), S.late_at >= now)
    match wanted:
        case Health.LATE:
            return and_(_ACTIVE, S.late_at < now)
        case Health.FAILING:
            return and_(_ACTIVE, in_time, or_(_FAILED, S.fire_at.is_(None)))
        case Health.PAUSED:
            return and_(_RESTING, S.ended_reason.is_(None))
        case Health.ENDED:
            return and_(_RESTING, S.ended_reason.is_not(None))
    return and_(_ACTIVE, in_time, S.failures == 0, S.fire_at.is_not(None))


def counts(session: Session, now: datetime) -> dict[Health, int]:
    """How many schedules are how. Each question has an index, which SQLite finds for none of two alternatives."""
    count = select(func.count()).select_from(S)
    in_time = and_(_ACTIVE, or_(S.late_at.is_(None), S.late_at >= now))
    failed = session.scalar(count.where(_FAILED, in_time)) or 0
    lost = session.scalar(count.where(in_time, S.fire_at.is_(None), S.failures == 0)) or 0
    resting, ended = session.execute(select(func.count(), func.count(S.ended_reason)).where(_RESTING)).one()
    found = {
        Health.LATE: count_late(session, now),
        Health.FAILING: failed + lost,
        Health.PAUSED: resting - ended,
        Health.ENDED: ended,
    }
    total = session.scalar(count) or 0
    return {Health.OK: total - sum(found.values())} | found


def count_late(session: Session, now: datetime) -> int:
    """How many are late; quick, where few are."""
    return session.scalar(select(func.count()).select_from(S).where(has(Health.LATE, now))) or 0


def longest_due(now: datetime) -> Select[datetime | None]:
    """The query for the instant since which the first schedule is due that was not taken up; none where all were."""
    return select(S.fire_at).where(_ACTIVE, S.fire_at <= now).order_by(S.fire_at).limit(1)


def longest_late(session: Session, now: datetime) -> tuple[float, list[str]]:
    """For how many seconds the schedule that waits longest was due, and the ids of the first few that are late."""
    due = session.scalar(longest_due(now))
    late = select(S.id).where(has(Health.LATE, now)).order_by(S.late_at).limit(5)
    return (now - due).total_seconds() if due else 0.0, list(session.scalars(late))
