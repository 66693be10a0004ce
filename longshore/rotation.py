"""Rotate the vault's keys: wrap every stored secret anew. Restartable: a row at a time, each in its own transaction."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from longshore.db import reading, transaction
from longshore.models import Connection, Delivery, Leftover
from longshore.vault import vault


def rotate() -> int:
    """Wrap what connections and deliveries have sealed with the first key; the count of it.

    Raises Permanent where a secret's key is no longer in the list; what was done before stays done.
    """
    return sum(
        _rotate(key, column)
        for key, column in (
            (Connection.id, "secret"),
            (Connection.id, "token"),
            (Delivery.id, "checkpoint"),
            (Leftover.delivery_id, "checkpoint"),
        )
    )


def _rotate(key: InstrumentedAttribute[str], column: str) -> int:
    model = key.class_
    with reading() as session:
        ids = session.scalars(select(key).where(getattr(model, column).is_not(None))).all()
    for row_id in ids:
        with transaction() as session:
            row = session.scalars(select(model).where(key == row_id).with_for_update()).one_or_none()
            sealed = row and getattr(row, column)
            if sealed:
                setattr(row, column, vault().rewrap(sealed))
    return len(ids)
