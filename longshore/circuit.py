"""A circuit breaker for each connection, shared by all workers through its row.

After enough failures in a row that may pass by themselves, the circuit opens: deliveries of the connection wait without
spending attempts, and nobody calls the provider. When the pause is over, one delivery may try (`half_open`): if the
provider answers, the circuit closes, else the pause begins again, twice as long. Each step is one conditional UPDATE.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Update, and_, case, or_, update
from sqlalchemy.orm import Session

from longshore.models import Connection, Delivery
from longshore.settings import settings

CLOSED, OPEN, HALF_OPEN = "closed", "open", "half_open"
LONGEST_TIMES = 10
"""The longest pause, in first pauses."""
PROBE = timedelta(seconds=60)
"""How long others wait for one that tries: its worker may die, and a large file takes its time."""


def lets_through(circuit: str, until: datetime | None, now: datetime) -> bool:
    """Whether a delivery may be tried now: always while closed, else one at a time after the pause."""
    return circuit == CLOSED or until is None or until <= now


def begin_probe(session: Session, connection_id: str, *, now: datetime) -> bool:
    """Note that one delivery tries whether the provider works again. False where the circuit is closed."""
    probing = (
        update(Connection)
        .where(Connection.id == connection_id, Connection.circuit != CLOSED)
        .values(circuit=HALF_OPEN, circuit_until=now + PROBE)
    )
    return _changed(session, probing)


def succeeded(session: Session, connection_id: str, *, now: datetime) -> bool:
    """The provider answered. True where this closed the circuit: what waited for it may go on, a few at a time."""
    was_closed = and_(Connection.circuit == CLOSED, Connection.failures > 0)
    calm = {"failures": 0, "failing_since": None, "circuit_until": None, "trips": 0}
    session.execute(update(Connection).where(Connection.id == connection_id, was_closed).values(**calm))
    closing = update(Connection).where(Connection.id == connection_id, Connection.circuit != CLOSED)
    closed = _changed(session, closing.values(circuit=CLOSED, **calm))
    if closed:
        waiting = and_(Delivery.connection_id == connection_id, Delivery.parked == "circuit")
        session.execute(update(Delivery).where(waiting).values(parked="slot", updated_at=now))
    return closed


def failed(session: Session, connection_id: str, *, now: datetime, retry_after: float | None = None) -> datetime | None:
    """Count a failure that may pass by itself. The end of the pause where this opened the circuit, else None."""
    most = settings().circuit_failures
    if not most:
        return None
    fresh = or_(
        Connection.failing_since.is_(None),
        Connection.failing_since <= now - timedelta(seconds=settings().circuit_window),
    )
    counting = update(Connection).where(Connection.id == connection_id)
    session.execute(
        counting.values(
            failures=case((fresh, 1), else_=Connection.failures + 1),
            failing_since=case((fresh, now), else_=Connection.failing_since),
        ).execution_options(synchronize_session=False)
    )
    opening = (
        update(Connection)
        .where(
            Connection.id == connection_id,
            or_(Connection.circuit == HALF_OPEN, and_(Connection.circuit == CLOSED, Connection.failures >= most)),
        )
        .values(circuit=OPEN, trips=Connection.trips + 1)
        .returning(Connection.trips)
    )
    opened = session.execute(opening.execution_options(synchronize_session=False)).one_or_none()
    if opened is None:
        return None
    until = now + timedelta(seconds=max(pause(opened.trips), retry_after or 0.0))
    session.execute(update(Connection).where(Connection.id == connection_id).values(circuit_until=until))
    return until


def pause(trips: int) -> float:
    """Seconds of the pause after the circuit opened `trips` times in a row: 1, 2, 4, 8, then 10 times the first one."""
    return settings().circuit_pause * float(min(LONGEST_TIMES, 1 << min(trips - 1, LONGEST_TIMES)))


def _changed(session: Session, statement: Update) -> bool:
    told = statement.returning(Connection.id).execution_options(synchronize_session=False)
    return session.execute(told).first() is not None
