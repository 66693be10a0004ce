"""Rotate the vault's keys: wrap every stored secret anew. Restartable: a row at a time, each in its own transaction."""

from __future__ import annotations

from sqlalchemy import select

from longshore.db import reading, transaction
from longshore.models import Connection, Delivery
from longshore.vault import vault


def rotate() -> int:
    """Wrap the secrets of connections and the checkpoints of deliveries with the first key; the count of them.

    Raises Permanent where a secret's key is no longer in the list; what was done before stays done.
    """
    return sum(_rotate(model, column) for model, column in ((Connection, "secret"), (Delivery, "checkpoint")))


def _rotate(model: type[Connection | Delivery], column: str) -> int:
    with reading() as session:
        ids = session.scalars(select(model.id).where(getattr(model, column).is_not(None))).all()
    for row_id in ids:
        with transaction() as session:
            row = session.scalars(select(model).where(model.id == row_id).with_for_update()).one_or_none()
            sealed = row and getattr(row, column)
            if sealed:
                setattr(row, column, vault().rewrap(sealed))
    return len(ids)
