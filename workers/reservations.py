"""A name at a provider is taken by one of our deliveries at a time, on however many machines they run.

For places that cannot create a file only where there is none. A row says which delivery has the name; it counts for as
long as that delivery has its lease, so it ends with the attempt, or when its worker is silent for too long.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, literal_column, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from longshore.db import clock, transaction
from longshore.models import Delivery, Reservation


def reserve(delivery_id: str, destination: str, name: str) -> bool:
    """Take a name for this delivery; False where another one has it.

    `name` says the place, too. Owners are not told apart: two of them may deliver to one bucket.
    """
    return bool(reserve_all(destination, {delivery_id: name}))


def reserve_all(destination: str, names: Mapping[str, str]) -> set[str]:
    """Take a name for each of these deliveries, by their ids; which of them have theirs."""
    wanted = {hashlib.sha256(f"{destination}\0{name}".encode()).hexdigest(): one for one, name in names.items()}
    with transaction() as session:
        now = clock(session)
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        rows = [{"key": key, "delivery_id": one, "created_at": now} for key, one in sorted(wanted.items())]
        taking = insert(Reservation).values(rows)
        taken = taking.on_conflict_do_update(
            index_elements=[Reservation.key],
            set_={"delivery_id": taking.excluded.delivery_id, "created_at": now},
            where=or_(Reservation.delivery_id == taking.excluded.delivery_id, ~_held(now)),
        )
        return {wanted[key] for key in session.scalars(taken.returning(Reservation.key))}


def forget_reservations(session: Session, *, now: datetime) -> None:
    """Delete those that no longer count."""
    session.execute(delete(Reservation).where(~_held(now)).execution_options(synchronize_session=False))


def _held(now: datetime) -> ColumnElement[bool]:
    # Written out: SQLAlchemy ties no subquery to the row that an INSERT conflicts with, it would look at all rows.
    holder: ColumnElement[str] = literal_column("reservations.delivery_id")
    return exists(Delivery.id).where(Delivery.id == holder, Delivery.lease_until > now)
