"""Deliver a batch of small files of one connection: what surrounds the sending of each is done once for all of them.

Only what goes smoothly ends here. Whatever else happens to one of them, a name that is taken, a refusal, a checksum
that differs, it is put back, and the upload of its own that follows decides about it. What such a file has become at
the provider, that upload recognises, as it does after a worker that was killed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

import structlog
from billiard.exceptions import SoftTimeLimitExceeded

from longshore.models import Delivery
from longshore.signing import keyring
from workers import jobs, outcome
from workers.connect import Borrowed
from workers.destinations.base import Destination
from workers.interrupt import Interrupt
from workers.jobs import Job
from workers.lease import Heartbeat
from workers.outcome import Arrived
from workers.pack import content_of
from workers.reservations import reserve_all

log = structlog.get_logger(__name__)


def deliver_together(batch: Sequence[Job], time_left: Callable[[], bool]) -> list[Job]:
    """One attempt at each, to its end whatever happens; the next of the connection, where there is time for it."""
    destination: Destination | None = None
    arrived: list[Arrived] = []
    stop = Interrupt()
    heartbeat = Heartbeat(Delivery, {job.delivery.id: job.fence for job in batch}, stop.now)
    try:
        with ExitStack() as held:
            jobs.refuse_closed(batch[0])
            keyring()  # what cannot be signed is not sent
            destination = held.enter_context(Borrowed(batch[0].connection))
            held.enter_context(heartbeat)
            _send(batch, destination, stop, heartbeat, held, arrived)
    except (Exception, SoftTimeLimitExceeded) as error:  # noqa: BLE001 - each tells by its own upload what is wrong
        log.info("batch_broke_off", arrived=len(arrived), of=len(batch), error=type(error).__name__)
    there = {one.job.delivery.id for one in arrived}
    rest = [job for job in batch if job.delivery.id not in there]
    stopped = [job for job in rest if job.delivery.id in heartbeat.gone]
    back = [job for job in rest if job.delivery.id not in heartbeat.gone]
    following: list[Job] = []
    if destination and arrived:
        following = outcome.complete(arrived, destination, more=not rest and time_left(), back=back)
    elif back:
        outcome.put_back(back)
    for job in stopped:
        outcome.end_cancelled(job, destination)
    return following


def _send(
    batch: Sequence[Job],
    destination: Destination,
    stop: Interrupt,
    heartbeat: Heartbeat,
    until: ExitStack,
    arrived: list[Arrived],
) -> None:
    """Add to `arrived` what arrives. Raises whatever ends it before its time."""
    named = [job for job in batch if job.delivery.final_name is not None]
    contents = [content_of(job.delivery, job.artifact, job.fence, heartbeat.check) for job in named]
    pairs = list(zip(named, contents, strict=True))
    uploads = [jobs.upload_of(job, content, stop, heartbeat.check, until) for job, content in pairs]

    def reserve(names: Mapping[str, str]) -> set[str]:
        with stop.held():
            return reserve_all(batch[0].delivery.destination, names)

    with stop:
        receipts = destination.upload_together(uploads, reserve)
        for (job, content), receipt in zip(pairs, receipts, strict=True):
            if receipt is not None:
                arrived.append(Arrived(job, content, receipt))
            heartbeat.check()
