"""How an attempt ends: arrived, to be tried again, given up, stopped. One transaction each.

The same transaction may take the next delivery of the connection: it has the worker, the place and the lock. The lock
of the connection comes first, see `admission.lock`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.orm import Session

from longshore import circuit, connections
from longshore.db import clock, transaction
from longshore.errors import LongshoreError, NeedsReconnect, Permanent, Transient
from longshore.events import record
from longshore.exports import settle, settle_all
from longshore.models import Connection, Delivery
from longshore.models import Receipt as ReceiptRow
from longshore.release import release_untried
from longshore.states import DeliveryState, move, move_all
from workers import admission, jobs
from workers.destinations.base import Destination, Receipt
from workers.jobs import Job
from workers.lease import end_attempt, end_attempts
from workers.leftovers import forget_checkpoint
from workers.pack import Content, forget_packed
from workers.proof import signed
from workers.retry import again

PATIENCE = timedelta(hours=24)
"""How long after it was asked for a delivery spends no attempts on a provider that fails everybody or is full."""

LONG_WAIT = 300.0
"""Seconds: a wait of that length is one for somebody to make room, or for a quota to begin anew."""

ILL = frozenset({connections.UNTESTED, connections.FAILED, connections.NEEDS_RECONNECT})
"""What a delivery that arrived disproves."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A delivery that its provider has confirmed."""

    job: Job
    content: Content
    receipt: Receipt


def complete(
    arrived: Sequence[Arrived], destination: Destination, *, more: bool, back: Sequence[Job] = ()
) -> list[Job]:
    """Receipts, ends of attempts, states and those of the exports; nothing for those whose row is lost.

    All are of one connection, and of one fence. Those of `back`, of the same batch, wait for an upload of their own.
    `more`: take the next of the connection, which are returned.
    """
    first = arrived[0].job
    with transaction() as session:
        place = admission.lock(session, first.delivery.connection_id)
        now = clock(session)
        calm = place.circuit == circuit.CLOSED and not place.failures
        if not calm and circuit.succeeded(session, place.id, now=now):
            _tell_of_circuit(session, first, "closed", now)
        if place.health in ILL and place.updated_at == first.connection.updated_at:
            _heal(session, place.id, now=now)
        moved = move_all(
            session,
            [one.job.delivery.id for one in arrived],
            DeliveryState.COMPLETED,
            now=now,
            fence=first.fence,
            bytes_sent=Delivery.size,
            rate=None,
            parked="",
            finished_at=now,
            lease_until=None,
            checkpoint=None,
            error_code=None,
            error_message=None,
        )
        ours = {one.id for one in moved}
        session.add_all([_receipt(one, now) for one in arrived if one.job.delivery.id in ours])
        ended = [(one.export_id, one.id) for one in moved]
        if ended:
            end_attempts(session, ended, now=now, outcome="completed")
        admission.put_back(session, [job.delivery for job in back], now=now)
        session.flush()
        settle_all(session, {export_id for export_id, _ in ended}, now=now)
        following = _following(session, place.id, more=more, now=now)
    for one in arrived:
        if one.job.delivery.id in ours:
            _forget_packed(one.job.delivery)
        else:
            log.warning("delivery_arrived_after_it_was_lost", delivery_id=one.job.delivery.id, path=one.receipt.path)
            _take_back(one.job, one.receipt, destination)
    return following


def put_back(batch: Sequence[Job]) -> None:
    """None of a batch has arrived: each waits for an upload of its own."""
    with transaction() as session:
        connection_id = admission.lock(session, batch[0].delivery.connection_id).id
        now = clock(session)
        admission.put_back(session, [job.delivery for job in batch], now=now)
        session.flush()
        admission.unpark(session, connection_id, now=now)


def _receipt(one: Arrived, now: datetime) -> ReceiptRow:
    job, got = one.job, one.receipt
    return ReceiptRow(
        delivery_id=job.delivery.id,
        provider_id=got.provider_id,
        path=got.path,
        url=got.url,
        size=got.size,
        sha256=job.artifact.sha256,
        sent_sha256=one.content.sha256,
        checksum=got.checksum,
        verified=got.verified,
        skipped=got.skipped,
        extra=got.extra,
        signed=signed(job.delivery, job.export, job.artifact, job.source, one.content, got, now),
        created_at=now,
    )


def give_up_or_retry(job: Job, error: LongshoreError, destination: Destination | None, *, more: bool) -> list[Job]:
    """By what kind of error it is. The next of the connection, as in `complete`."""
    one = job.delivery
    log.info("delivery_failed", delivery_id=one.id, code=error.code, message=error.message, detail=error.detail)
    values: dict[str, Any] = {"error_code": error.code, "error_message": error.message, "lease_until": None}
    with transaction() as session:
        place = admission.lock(session, one.connection_id)
        now = clock(session)
        # Renewed while the old credentials were still in use: that those are refused says nothing of the new ones.
        renewed = isinstance(error, NeedsReconnect) and place.updated_at != job.connection.updated_at
        spared = 1 if renewed else _count(session, job, error, now)
        wait = 0.0 if renewed else again(error, job.fence, one.max_attempts + spared, random.random)
        values |= {"rate": None, "max_attempts": one.max_attempts + spared}
        if wait is not None:
            due = now + timedelta(seconds=wait)
            moved = move(session, one.id, DeliveryState.RETRYING, now=now, fence=job.fence, not_before=due, **values)
        elif isinstance(error, NeedsReconnect):
            moved = move(session, one.id, DeliveryState.BLOCKED, now=now, fence=job.fence, **values)
            connection = session.get_one(Connection, one.connection_id)
            connection.health, connection.last_error = connections.NEEDS_RECONNECT, error.message
        else:
            moved = move(session, one.id, DeliveryState.FAILED, now=now, fence=job.fence, finished_at=now, **values)
        if moved is not None:
            end_attempt(session, one.export_id, one.id, now=now, outcome=error.code, message=error.message)
            session.flush()
            settle(session, one.export_id, now=now)
        following = _following(session, one.connection_id, more=more, now=now)
    if moved is not None and wait is None and isinstance(error, Permanent) and destination:
        discard(job, destination)
    return following


def end_cancelled(job: Job, destination: Destination | None) -> None:
    """Clean up where the user stopped it. Where another worker took over, what is at the provider is that one's."""
    with transaction() as session:
        row = session.get(Delivery, job.delivery.id)
        stopped = row is None or (row.attempt == job.fence and row.state == DeliveryState.CANCELLED)
        now = clock(session)
        if row is not None and stopped:
            end_attempt(session, row.export_id, row.id, now=now, outcome="cancelled")
            row.rate = None
    if stopped and destination:
        discard(job, destination)
    with transaction() as session:
        admission.unpark(session, job.delivery.connection_id, now=clock(session))


def discard(job: Job, destination: Destination) -> None:
    """Remove what the upload left at the provider. What that fails of is told to the operator, and tried again."""
    if job.checkpoint is None:
        return
    try:
        destination.discard(job.checkpoint)
        forget_checkpoint(job.delivery.id)
    except Exception as error:  # noqa: BLE001 - the delivery has ended; what is left over is told to the operator
        known = destination.classify(error)
        log.warning("leftover_not_removed", delivery_id=job.delivery.id, message=known.message, detail=known.detail)


def _count(session: Session, job: Job, error: LongshoreError, now: datetime) -> int:
    """Let the circuit know; 1 where the attempt is not to count: the provider fails everybody, or asks for patience."""
    connection_id = job.delivery.connection_id
    if not isinstance(error, Transient):
        if not isinstance(error, NeedsReconnect) and circuit.succeeded(session, connection_id, now=now):
            _tell_of_circuit(session, job, "closed", now)
        return 0
    if job.ours:
        return 0
    until = circuit.failed(session, connection_id, now=now, retry_after=error.retry_after)
    if until is not None:
        _tell_of_circuit(session, job, "open", now, until=until.isoformat(), error_message=error.message)
    broken = admission.lock(session, connection_id).circuit != circuit.CLOSED
    full = error.retry_after is not None and error.retry_after >= LONG_WAIT
    return int((broken or full) and now - job.delivery.created_at < PATIENCE)


def _heal(session: Session, connection_id: str, *, now: datetime) -> None:
    """The provider took a file: what was not even tried goes on. What was refused itself still waits for the user."""
    row = session.get_one(Connection, connection_id)
    row.health, row.last_error = connections.OK, None
    session.flush()
    release_untried(session, connection_id, now=now)


def _tell_of_circuit(session: Session, job: Job, state: str, now: datetime, **data: Any) -> None:
    one = job.delivery
    told = {"connection_id": one.connection_id, "connection": job.connection.name, **data}
    record(
        session,
        f"connection.circuit_{state}",
        now=now,
        owner=one.owner,
        export_id=one.export_id,
        delivery_id=one.id,
        data=told,
    )


def _following(session: Session, connection_id: str, *, more: bool, now: datetime) -> list[Job]:
    """The next of the connection, taken; else somebody is rung for it."""
    session.flush()
    found = admission.claim_next(session, connection_id, now=now) if more else None
    if found is not None:
        return jobs.batch(session, *found, now=now)
    admission.unpark(session, connection_id, now=now)
    return []


def _take_back(job: Job, receipt: Receipt, destination: Destination) -> None:
    """It arrived although the user had stopped or deleted it. Where another worker took over, it is that one's."""
    with transaction() as session:
        row = session.get(Delivery, job.delivery.id)
        stopped = row is None or (row.attempt == job.fence and row.state == DeliveryState.CANCELLED)
    if not stopped or job.delivery.conflict == "overwrite":
        return
    try:
        destination.remove(receipt)
        forget_checkpoint(job.delivery.id)
    except Exception as error:  # noqa: BLE001 - as in discard
        known = destination.classify(error)
        log.warning("leftover_not_removed", delivery_id=job.delivery.id, message=known.message, detail=known.detail)


def _forget_packed(delivery: Delivery) -> None:
    """The delivery has arrived, whatever the store says now; the cleaner does what could not be done."""
    try:
        if delivery.packed_key:
            forget_packed(delivery.id)
    except LongshoreError as error:
        log.warning("packed_not_removed", delivery_id=delivery.id, message=error.message, detail=error.detail)
