"""A claimed delivery with all that its upload needs, and what the upload is given of it."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from longshore import bandwidth
from longshore.artifacts import store
from longshore.connections import CLOSED
from longshore.db import clock, reading, transaction
from longshore.errors import Cancelled, Invalid, Permanent
from longshore.events import record
from longshore.models import Artifact, Connection, Delivery, Event, Export
from longshore.settings import settings
from longshore.vault import vault
from workers import admission
from workers.address import fill_in
from workers.destinations import named
from workers.destinations.base import Upload
from workers.interrupt import Interrupt
from workers.lease import hold
from workers.pack import Content
from workers.progress import Meter
from workers.proof import Source, sources
from workers.reservations import reserve
from workers.throttle import Alone, Pace, Shared, Throttled

GONE = "Its connection was deleted. Deliver it with another one."
RECOUNT = 1.0
"""Seconds after which it is counted again how many uploads share the limit of a connection."""


@dataclass(slots=True)
class Job:
    """A claimed delivery. What may fail is read after the claim, inside its attempt.

    `ours`: what failed last was our own store, not the provider.
    """

    delivery: Delivery
    connection: Connection
    export: Export
    artifact: Artifact
    source: Source
    fence: int
    checkpoint: dict[str, Any] | None = None
    ours: bool = False


def load(session: Session, fences: Mapping[str, int]) -> list[Job]:
    """The rows of deliveries that were claimed in this transaction, in this order."""
    query = (
        select(Delivery, Export, Artifact)
        .join(Export, Export.id == Delivery.export_id)
        .join(Artifact, Artifact.export_id == Delivery.export_id)
        .where(Delivery.id.in_(fences))
    )
    rows = session.execute(query.execution_options(populate_existing=True)).all()
    places = {
        one: session.get_one(Connection, one, populate_existing=True) for one in {row[0].connection_id for row in rows}
    }
    known = sources(session, [export for _, export, _ in rows])
    found = {}
    for delivery, export, artifact in rows:
        delivery.size = delivery.packed_size or artifact.size
        with suppress(Invalid):  # the attempt will meet it, and end by it
            fill_in(delivery, export, artifact)
        found[delivery.id] = Job(
            delivery, places[delivery.connection_id], export, artifact, known[export.id], fences[delivery.id]
        )
    return [found[one] for one in fences]


def batch(session: Session, delivery_id: str, fence: int, *, now: datetime) -> list[Job]:
    """A delivery that was claimed in this transaction, and those that go with it: more are claimed, where it may be."""
    jobs = load(session, {delivery_id: fence})
    first = jobs[0].delivery
    most = named(first.destination).together - 1
    if most < 1 or fence != 1 or first.packing or jobs[0].artifact.size > admission.SMALL:
        return jobs
    session.flush()
    others = admission.claim_more(session, first, most, now=now)
    return jobs + load(session, dict.fromkeys(others, 1))


def refuse_closed(job: Job) -> None:
    """A deleted connection that still has secrets has them to remove things, not to bring new ones: Permanent."""
    if job.connection.health == CLOSED:
        raise Permanent(GONE)


def open_checkpoint(delivery: Delivery, content: Content) -> dict[str, Any] | None:
    """The saved checkpoint, if it belongs to these very bytes."""
    if delivery.checkpoint is None:
        return None
    saved = vault().open(delivery.checkpoint, delivery.owner, delivery.id, "checkpoint")
    if (saved["sha256"], saved["size"]) != (content.sha256, content.size):
        return None
    data: dict[str, Any] = saved["data"]
    return data


def upload_of(job: Job, content: Content, stop: Interrupt, check: Callable[[], None], until: ExitStack) -> Upload:
    """The attempt as its destination sees it. `until` closes what it holds open."""
    delivery = job.delivery
    earlier = delivery.bytes_sent if job.checkpoint else 0
    meter = Meter(content.size, earlier, time.monotonic())
    paces = _paces(job.connection, until)
    unsent = 0

    def note(data: dict[str, Any]) -> None:
        job.checkpoint = data

    def save(data: dict[str, Any]) -> None:
        check()
        note(data)
        bound = {"sha256": content.sha256, "size": content.size, "data": data}
        sealed = vault().seal(bound, delivery.owner, delivery.id, "checkpoint")
        with stop.held(), transaction() as session:
            if not hold(session, Delivery, delivery.id, job.fence, checkpoint=sealed):
                raise Cancelled("Stopped.")

    def sent(total: int) -> None:
        check()
        if meter.due(time.monotonic()):
            told = meter.report(total, time.monotonic())
            with stop.held(), transaction() as session:
                _tell(session, job, told)

    def reserved(name: str) -> bool:
        check()
        with stop.held():
            free = reserve(delivery.id, delivery.destination, name)
        job.ours = not free  # that another delivery has the name is no fault of the provider's
        return free

    def opened() -> BinaryIO:
        try:
            reader = store().open(content.key)
        except Exception:
            job.ours = True
            raise
        return cast(BinaryIO, Throttled(reader, paces, unsent, check)) if paces else reader

    def held(size: int) -> None:
        nonlocal unsent
        unsent = size

    return Upload(
        key=delivery.id,
        open=opened,
        size=content.size,
        sha256=content.sha256,
        media_type=content.media_type,
        folder=delivery.final_folder or "",
        name=delivery.final_name or "",
        conflict=delivery.conflict,  # type: ignore[arg-type]  # the API admits only the policies
        save=save,
        sent=sent,
        note=note,
        reserve=reserved,
        held=held,
        checkpoint=job.checkpoint,
    )


def _tell(session: Session, job: Job, told: dict[str, Any]) -> None:
    """Only the newest report stays in the history: hours of seconds would bury the rest."""
    one, now = job.delivery, clock(session)
    values = {"bytes_sent": told["bytes_sent"], "rate": told["rate"], "updated_at": now}
    if not hold(session, Delivery, one.id, job.fence, **values):
        raise Cancelled("Stopped.")
    kind = "delivery.progress"
    older = delete(Event).where(Event.export_id == one.export_id, Event.delivery_id == one.id, Event.kind == kind)
    session.execute(older.execution_options(synchronize_session=False))
    record(session, kind, now=now, owner=one.owner, export_id=one.export_id, delivery_id=one.id, data=told)


def _paces(connection: Connection, until: ExitStack) -> list[Pace]:
    """The limits that hold for an upload of this connection now: none in most places."""
    config, found = settings(), list[Pace]()
    ours = bandwidth.read(config.bandwidth, config.bandwidth_timezone, "LONGSHORE_BANDWIDTH")
    if ours is not None:
        table = ours
        path = config.home.resolve() / "bandwidth" / platform.node()
        found.append(until.enter_context(Shared(path, lambda: table.at(datetime.now(UTC)))))
    theirs = bandwidth.read(connection.bandwidth, connection.bandwidth_timezone)
    if theirs is not None:
        found.append(Alone(_share(theirs, connection.id)))
    return found


def _share(table: bandwidth.Timetable, connection_id: str) -> Callable[[], float | None]:
    """The part that one upload has of the connection's limit: all that run now, on whatever machine, have the same."""
    counted, at = 1, -RECOUNT

    def rate() -> float | None:
        nonlocal counted, at
        allowed = table.at(datetime.now(UTC))
        if allowed is not None and time.monotonic() - at >= RECOUNT:
            at = time.monotonic()
            with reading() as session:
                counted = max(1, admission.running(session, connection_id, clock(session)))
        return allowed and allowed / counted

    return rate
