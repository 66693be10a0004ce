"""Remove what the rules of connections no longer keep: only what we put there, and only while it is still that."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta

import structlog
from sqlalchemy import or_, select, update

from longshore.arrived import judged
from longshore.connections import note_failure
from longshore.db import clock, reading, transaction
from longshore.errors import LongshoreError, NeedsReconnect, Transient
from longshore.events import record
from longshore.models import Connection, Delivery
from longshore.models import Receipt as ReceiptRow
from longshore.retention import Decision, Rule
from workers.connect import open_destination
from workers.destinations.base import Destination, Receipt

EVERY = timedelta(minutes=9)
"""A connection is gone through once in so long, however many workers and beats there are; the clock asks every 10."""

BUDGET = 60.0
"""Seconds for one connection at a time: what is left is done the next time."""

BUDGET_OF_ALL = 300.0
"""Seconds for all of them: an upload worker's place is taken meanwhile. Those that had to wait come first then."""

FAILED = "Old files could not be removed: "

log = structlog.get_logger(__name__)

Shuffle = Callable[[list[Decision]], None]


def retain(shuffle: Shuffle = random.shuffle) -> int:
    """Apply the rules of every connection; the count of files removed. What fails holds up no other connection.

    `shuffle` orders the files of one connection: some that cannot be removed must not stand before the others for ever.
    """
    began = time.monotonic()
    with reading() as session:
        query = select(Connection.id, Connection.retention).where(Connection.enabled, ~Connection.one_off)
        found = session.execute(query.order_by(Connection.retained_at.asc().nulls_first())).all()
    removed = 0
    for connection_id, rules in found:
        if rules and time.monotonic() - began < BUDGET_OF_ALL and _claim(connection_id):
            try:
                removed += _apply(connection_id, shuffle)
            except Exception:
                log.exception("retention_crashed", connection_id=connection_id)
    return removed


def _claim(connection_id: str) -> bool:
    with transaction() as session:
        now = clock(session)
        due = or_(Connection.retained_at.is_(None), Connection.retained_at <= now - EVERY)
        taken = update(Connection).where(Connection.id == connection_id, due).values(retained_at=now)
        return session.execute(taken.returning(Connection.id)).first() is not None


def _apply(connection_id: str, shuffle: Shuffle) -> int:
    with reading() as session:
        connection = session.get_one(Connection, connection_id)
        rules = [Rule.of(one) for one in connection.retention]
        to_go = [one for one in judged(session, connection, rules, now=clock(session)) if not one.keep]
    if not to_go:
        return 0
    shuffle(to_go)
    began = time.monotonic()
    removed = 0
    trouble: LongshoreError | None = None
    destination: Destination | None = None
    for decision in to_go:
        if time.monotonic() - began > BUDGET:
            break
        try:
            destination = destination or open_destination(connection)
            removed += _remove(destination, decision)
        except Exception as error:
            known = error if destination is None else destination.classify(error)
            if not isinstance(known, LongshoreError):
                raise
            trouble = known
            log.warning("not_removed", connection_id=connection_id, message=known.message, detail=known.detail)
            if destination is None or isinstance(known, Transient | NeedsReconnect):
                break
    with transaction() as session:
        note_failure(session, connection_id, FAILED, trouble.message if trouble else "")
    return removed


def _remove(destination: Destination, decision: Decision) -> bool:
    """Remove one file and write down what became of it. Raises any error of the provider."""
    with reading() as session:
        row = session.get(ReceiptRow, decision.file.delivery_id)
        successor = session.get(ReceiptRow, decision.successor) if decision.successor else None
    if row is None or row.removed_at or row.let_go_at or (decision.successor and successor is None):
        return False
    if successor is None:
        gone = destination.remove(_receipt(row))
    else:
        gone = destination.remove_aside(_receipt(row), _receipt(successor))
    with transaction() as session:
        now = clock(session)
        mine = update(ReceiptRow).where(
            ReceiptRow.delivery_id == row.delivery_id, ReceiptRow.removed_at.is_(None), ReceiptRow.let_go_at.is_(None)
        )
        values = {"removed_at" if gone else "let_go_at": now}
        delivery = session.get(Delivery, row.delivery_id)
        if delivery is None or session.execute(mine.values(**values).returning(ReceiptRow.path)).first() is None:
            return gone
        record(
            session,
            "delivery.removed" if gone else "delivery.let_go",
            now=now,
            owner=delivery.owner,
            export_id=delivery.export_id,
            delivery_id=delivery.id,
            data={"path": row.path, "why": decision.why},
        )
    return gone


def _receipt(row: ReceiptRow) -> Receipt:
    """As the destination gave it."""
    return Receipt(row.provider_id, row.path, row.url, row.size, row.checksum, row.verified, row.skipped, row.extra)  # type: ignore[arg-type]  # `verified` was written by a destination
