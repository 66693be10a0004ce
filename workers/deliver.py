"""Deliver artifacts: claim a delivery, upload it, end the attempt, and go on with the next one of the same connection.

Going on saves what a message, a transaction and a new connection to the provider cost: most of what a small file costs.
It lasts moments, so that other connections come to their turn.
"""

from __future__ import annotations

import time
from contextlib import ExitStack

import structlog
from billiard.exceptions import SoftTimeLimitExceeded
from sqlalchemy import exists, select

from longshore.db import clock, reading, transaction
from longshore.errors import Cancelled, LongshoreError, Transient
from longshore.models import Delivery
from longshore.signing import keyring
from workers import admission, jobs, outcome
from workers.address import settle_address
from workers.connect import Borrowed
from workers.destinations.base import Destination
from workers.interrupt import Interrupt
from workers.jobs import Job
from workers.lease import Heartbeat
from workers.leftovers import discard_leftover
from workers.outcome import Arrived
from workers.pack import content_of
from workers.together import deliver_together

log = structlog.get_logger(__name__)

AT_A_STRETCH = 2.0
"""Seconds after which a task that goes from delivery to delivery ends, and the queue decides what is next."""

OUR_FAULT = "The delivery failed inside Longshore. The log of the upload worker says more; please report it."
TOO_LONG = "The upload took longer than LONGSHORE_UPLOAD_DEADLINE. Raise it, or send a smaller file."


def deliver(delivery_id: str) -> None:
    """Deliver what a message named. Quiet where it is taken, done, parked or not due: messages may come twice."""
    until = time.monotonic() + AT_A_STRETCH
    batch = _claim(delivery_id)
    if not batch:
        discard_leftover(delivery_id)
    while batch:
        batch = deliver_together(batch, lambda: _time_left(until)) if len(batch) > 1 else _attempt(batch[0], until)


def _claim(delivery_id: str) -> list[Job]:
    with reading() as session:
        worth = select(exists().where(Delivery.id == delivery_id, admission.rung_for(clock(session))))
        if not session.scalar(worth):
            return []
    with transaction() as session:
        now = clock(session)
        fence = admission.claim_delivery(session, delivery_id, now=now)
        return [] if fence is None else jobs.batch(session, delivery_id, fence, now=now)


def _attempt(job: Job, until: float) -> list[Job]:
    """One attempt, to its end whatever happens; the next of the connection, where there is one and time for it."""
    destination: Destination | None = None
    stop = Interrupt()
    heartbeat = Heartbeat(Delivery, {job.delivery.id: job.fence}, stop.now)
    try:
        with ExitStack() as held:
            jobs.refuse_closed(job)
            keyring()  # what cannot be signed is not sent
            settle_address(job.delivery, job.export, job.artifact, job.fence)
            destination = held.enter_context(Borrowed(job.connection))
            held.enter_context(heartbeat)
            content = content_of(job.delivery, job.artifact, job.fence, heartbeat.check)
            job.checkpoint = jobs.open_checkpoint(job.delivery, content)
            upload = jobs.upload_of(job, content, stop, heartbeat.check, held)
            with stop:
                receipt = destination.upload(upload)
        return outcome.complete([Arrived(job, content, receipt)], destination, more=_time_left(until))
    except Cancelled:
        outcome.end_cancelled(job, destination)
    except SoftTimeLimitExceeded:
        outcome.give_up_or_retry(job, Transient(TOO_LONG), destination, more=False)
    except Exception as error:
        if heartbeat.lost.is_set():  # what was interrupted may come as an error of the provider's library
            outcome.end_cancelled(job, destination)
            return []
        known = error if destination is None else destination.classify(error)
        if not isinstance(known, LongshoreError):
            log.exception("delivery_crashed", delivery_id=job.delivery.id)
            job.ours = True
            known = Transient(OUR_FAULT, detail=repr(error))
        return outcome.give_up_or_retry(job, known, destination, more=_time_left(until))
    return []


def _time_left(until: float) -> bool:
    return time.monotonic() < until
