"""Deliver one artifact: claim the delivery, upload with checkpoints, record the receipt, settle the export."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from billiard.exceptions import SoftTimeLimitExceeded
from sqlalchemy import select
from sqlalchemy.orm import Session

from longshore.artifacts import store
from longshore.db import clock, transaction
from longshore.errors import Cancelled, LongshoreError, NeedsReconnect, Permanent, Transient
from longshore.events import record
from longshore.exports import settle
from longshore.models import Artifact, Connection, Delivery, Export
from longshore.models import Receipt as ReceiptRow
from longshore.signing import keyring
from longshore.states import DeliveryState, move
from longshore.vault import vault
from workers.address import settle_address
from workers.connect import open_destination
from workers.destinations.base import Destination, Receipt, Upload
from workers.lease import Heartbeat, claim_delivery, end_attempt, hold
from workers.leftovers import discard_leftover, forget_checkpoint
from workers.pack import Content, content_of, forget_packed
from workers.proof import signed
from workers.retry import again

log = structlog.get_logger(__name__)

REPORT_EVERY = 1.0
"""Seconds between two progress writes of one delivery."""

OUR_FAULT = "The delivery failed inside Longshore. The log of the upload worker says more; please report it."
TOO_LONG = "The upload took longer than LONGSHORE_UPLOAD_DEADLINE. Raise it, or send a smaller file."


@dataclass(slots=True)
class Job:
    """A claimed delivery with all that its upload needs. What may fail is read after the claim, inside its attempt."""

    delivery: Delivery
    connection: Connection
    export: Export
    artifact: Artifact
    fence: int
    checkpoint: dict[str, Any] | None


def deliver(delivery_id: str) -> None:
    """Deliver what a message named. Quiet where it is taken, done or not due: messages may come twice."""
    job = _claim(delivery_id)
    if job is None:
        discard_leftover(delivery_id)
        return
    destination: Destination | None = None
    try:
        keyring()  # what cannot be signed is not sent
        settle_address(job.delivery, job.export, job.artifact, job.fence)
        destination = open_destination(job.connection)
        with Heartbeat(Delivery, delivery_id, job.fence) as heartbeat:
            content = content_of(job.delivery, job.artifact, job.fence, heartbeat.check)
            job.checkpoint = _open_checkpoint(job.delivery, content)
            receipt = destination.upload(_upload(job, content, heartbeat))
        _complete(job, content, receipt)
    except Cancelled:
        _end_cancelled(job, destination)
    except SoftTimeLimitExceeded:
        _give_up_or_retry(job, Transient(TOO_LONG), destination)
    except Exception as error:
        known = error if destination is None else destination.classify(error)
        if not isinstance(known, LongshoreError):
            log.exception("delivery_crashed", delivery_id=delivery_id)
            known = Transient(OUR_FAULT, detail=repr(error))
        _give_up_or_retry(job, known, destination)


def _claim(delivery_id: str) -> Job | None:
    with transaction() as session:
        now = clock(session)
        fence = claim_delivery(session, delivery_id, now=now)
        if fence is None:
            return None
        delivery = session.get_one(Delivery, delivery_id)
        artifact = session.scalars(select(Artifact).where(Artifact.export_id == delivery.export_id)).one()
        delivery.size = delivery.packed_size or artifact.size
        return Job(
            delivery=delivery,
            connection=session.get_one(Connection, delivery.connection_id),
            export=session.get_one(Export, delivery.export_id),
            artifact=artifact,
            fence=fence,
            checkpoint=None,
        )


def _open_checkpoint(delivery: Delivery, content: Content) -> dict[str, Any] | None:
    """The saved checkpoint, if it belongs to these very bytes."""
    if delivery.checkpoint is None:
        return None
    saved = vault().open(delivery.checkpoint, delivery.owner, delivery.id, "checkpoint")
    if (saved["sha256"], saved["size"]) != (content.sha256, content.size):
        return None
    data: dict[str, Any] = saved["data"]
    return data


def _upload(job: Job, content: Content, heartbeat: Heartbeat) -> Upload:
    delivery = job.delivery
    reported = [time.monotonic()]

    def save(data: dict[str, Any]) -> None:
        heartbeat.check()
        job.checkpoint = data
        bound = {"sha256": content.sha256, "size": content.size, "data": data}
        sealed = vault().seal(bound, delivery.owner, delivery.id, "checkpoint")
        with transaction() as session:
            if not hold(session, Delivery, delivery.id, job.fence, checkpoint=sealed):
                raise Cancelled("Stopped.")

    def sent(total: int) -> None:
        heartbeat.check()
        if time.monotonic() - reported[0] < REPORT_EVERY:
            return
        reported[0] = time.monotonic()
        with transaction() as session:
            _report(session, job, total, content.size)

    return Upload(
        key=delivery.id,
        open=lambda: store().open(content.key),
        size=content.size,
        sha256=content.sha256,
        media_type=content.media_type,
        folder=delivery.final_folder or "",
        name=delivery.final_name or "",
        conflict=delivery.conflict,  # type: ignore[arg-type]  # the API admits only the four policies
        save=save,
        sent=sent,
        checkpoint=job.checkpoint,
    )


def _report(session: Session, job: Job, total: int, size: int) -> None:
    now = clock(session)
    if not hold(session, Delivery, job.delivery.id, job.fence, bytes_sent=total, updated_at=now):
        raise Cancelled("Stopped.")
    percent = round(100 * total / size, 1) if size else 100.0
    data = {"bytes_sent": total, "size": size, "percent": percent}
    _event(session, job, "delivery.progress", data)


def _event(session: Session, job: Job, kind: str, data: dict[str, Any]) -> None:
    one = job.delivery
    record(session, kind, now=clock(session), owner=one.owner, export_id=one.export_id, delivery_id=one.id, data=data)


def _complete(job: Job, content: Content, receipt: Receipt) -> None:
    """Receipt, end of the attempt, state and the export's state in one transaction; nothing if the row is lost."""
    delivery, artifact = job.delivery, job.artifact
    with transaction() as session:
        now = clock(session)
        moved = move(
            session,
            delivery.id,
            DeliveryState.COMPLETED,
            now=now,
            fence=job.fence,
            bytes_sent=content.size,
            finished_at=now,
            lease_until=None,
            checkpoint=None,
            error_code=None,
            error_message=None,
        )
        if moved is None:
            log.warning("delivery_arrived_after_it_was_lost", delivery_id=delivery.id, path=receipt.path)
            return
        session.add(
            ReceiptRow(
                delivery_id=delivery.id,
                provider_id=receipt.provider_id,
                path=receipt.path,
                url=receipt.url,
                size=receipt.size,
                sha256=artifact.sha256,
                sent_sha256=content.sha256,
                checksum=receipt.checksum,
                verified=receipt.verified,
                skipped=receipt.skipped,
                extra=receipt.extra,
                signed=signed(session, delivery, job.export, artifact, content, receipt, now),
                created_at=now,
            )
        )
        end_attempt(session, delivery.export_id, delivery.id, now=now, outcome="completed")
        session.flush()
        settle(session, delivery.export_id, now=now)
    _forget_packed(delivery)


def _forget_packed(delivery: Delivery) -> None:
    """The delivery has arrived, whatever the store says now; the cleaner does what could not be done."""
    try:
        if delivery.packed_key:
            forget_packed(delivery.id)
    except LongshoreError as error:
        log.warning("packed_not_removed", delivery_id=delivery.id, message=error.message, detail=error.detail)


def _give_up_or_retry(job: Job, error: LongshoreError, destination: Destination | None) -> None:
    one = job.delivery
    log.info("delivery_failed", delivery_id=one.id, code=error.code, message=error.message, detail=error.detail)
    wait = again(error, job.fence, one.max_attempts, random.random)
    values: dict[str, Any] = {"error_code": error.code, "error_message": error.message, "lease_until": None}
    with transaction() as session:
        now = clock(session)
        if wait is not None:
            due = now + timedelta(seconds=wait)
            moved = move(session, one.id, DeliveryState.RETRYING, now=now, fence=job.fence, not_before=due, **values)
        elif isinstance(error, NeedsReconnect):
            moved = move(session, one.id, DeliveryState.BLOCKED, now=now, fence=job.fence, **values)
            connection = session.get_one(Connection, one.connection_id)
            connection.health, connection.last_error = "needs_reconnect", error.message
        else:
            moved = move(session, one.id, DeliveryState.FAILED, now=now, fence=job.fence, finished_at=now, **values)
        if moved is None:
            return
        end_attempt(session, one.export_id, one.id, now=now, outcome=error.code, message=error.message)
        session.flush()
        settle(session, one.export_id, now=now)
    if wait is None and isinstance(error, Permanent) and destination:
        _discard(job, destination)


def _end_cancelled(job: Job, destination: Destination | None) -> None:
    """Clean up where the user stopped it. Where another worker took over, what is at the provider is that one's."""
    with transaction() as session:
        row = session.get(Delivery, job.delivery.id)
        stopped = row is None or (row.attempt == job.fence and row.state == DeliveryState.CANCELLED)
        if row is not None and stopped:
            end_attempt(session, row.export_id, row.id, now=clock(session), outcome="cancelled")
    if stopped and destination:
        _discard(job, destination)


def _discard(job: Job, destination: Destination) -> None:
    if job.checkpoint is None:
        return
    try:
        destination.discard(job.checkpoint)
        forget_checkpoint(job.delivery.id)
    except Exception as error:  # noqa: BLE001 - the delivery has ended; what is left over is told to the operator
        known = destination.classify(error)
        log.warning("leftover_not_removed", delivery_id=job.delivery.id, message=known.message, detail=known.detail)
