"""The one door in: submit, cancel and retry exports. Every caller's transaction commits; messages go out after it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from longshore import naming
from longshore.errors import Conflict, Invalid
from longshore.events import record
from longshore.models import Artifact, Connection, Delivery, Export, File
from longshore.packages import LONGEST, PACKAGE, member_ended
from longshore.queue import RENDER, UPLOAD, send_after_commit
from longshore.settings import settings
from longshore.states import SETTLED, TERMINAL, DeliveryState, ExportState, Moved, move, move_all


@dataclass(frozen=True, slots=True)
class DeliveryRequest:
    """Where an artifact goes. An empty `name` takes the artifact's own; an extension is added where it lacks one.

    Folder and name may hold fields, see `longshore.naming`.
    """

    connection: Connection
    folder: str = ""
    name: str = ""
    conflict: str = "rename"
    max_attempts: int | None = None
    packing: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Occasion:
    """The schedule that asks for an export, and for when: names are filled in with the slot, in its time zone.

    `schedule` is the schedule's type.
    """

    schedule_id: str
    schedule: str
    slot: datetime
    timezone: str


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """One document into one format. `name` is the artifact's file name without extension; `deadline` is in seconds.

    `delete_after_download` ends the artifact's time with its first whole download. `source_url`: where the document
    comes from, for a file without a version (`files.awaited`). `run_id` and `conditions` belong to a schedule.
    """

    file: File
    format: str
    settings: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    deadline: float | None = None
    deliveries: Sequence[DeliveryRequest] = ()
    delete_after_download: bool = False
    occasion: Occasion | None = None
    source_url: str | None = None
    run_id: str | None = None
    conditions: dict[str, Any] = field(default_factory=dict)
    batch_id: str | None = None


def submit(session: Session, request: ExportRequest, *, now: datetime) -> Export:
    """Accept an export: rows now, a message after the commit. The newest version of the file is what gets rendered.

    Raises Invalid where a connection belongs to somebody else, or a name has fields that do not exist.
    """
    config, file = settings(), request.file
    longest = config.render_deadline
    export = Export(
        owner=file.owner,
        file_id=file.id,
        file_version=file.version,
        kind=file.kind,
        format=request.format,
        name=request.name or file.name,
        settings=request.settings,
        state=str(ExportState.INITIATED),
        deadline=LONGEST if file.kind == PACKAGE else min(request.deadline or longest, longest),
        max_attempts=config.max_attempts,
        delete_after_download=request.delete_after_download,
        source_url=request.source_url,
        run_id=request.run_id,
        conditions=request.conditions,
        batch_id=request.batch_id,
        created_at=now,
        updated_at=now,
        sent_at=now,
        **(asdict(request.occasion) if request.occasion else {}),
    )
    session.add(export)
    session.flush()
    record(session, "export.initiated", now=now, owner=export.owner, export_id=export.id)
    for number, one in enumerate(request.deliveries):
        # microseconds apart, so that they are listed in the order they were asked for
        add_delivery(session, export, one, now=now + timedelta(microseconds=number))
    send_after_commit(session, RENDER, export.id, export.deadline)
    return export


def add_delivery(session: Session, export: Export, request: DeliveryRequest, *, now: datetime) -> Delivery:
    """A delivery row for an export; nobody is told of it yet. Raises Invalid as `submit` does."""
    naming.check_folder(request.folder, "folder")
    naming.check(request.name, "name")
    if request.connection.owner != export.owner:
        raise Invalid("There is no such connection.", field="connection_id")
    delivery = Delivery(
        owner=export.owner,
        export_id=export.id,
        connection_id=request.connection.id,
        destination=request.connection.destination,
        folder=request.folder,
        name=request.name,
        conflict=request.conflict,
        packing=request.packing,
        state=str(DeliveryState.PENDING),
        tries=request.max_attempts,
        max_attempts=request.max_attempts or settings().max_attempts,
        created_at=now,
        updated_at=now,
    )
    session.add(delivery)
    session.flush()
    return delivery


def deliver(session: Session, export: Export, request: DeliveryRequest, *, now: datetime) -> None:
    """One more delivery of an artifact that is there. Raises Invalid as `submit` does."""
    delivery = add_delivery(session, export, request, now=now)
    delivery.sent_at = now
    send_after_commit(session, UPLOAD, delivery.id)


def cancel(session: Session, export: Export, *, now: datetime) -> None:
    """Stop an export and what is left of its deliveries. Its workers notice at their next step and clean up.

    Raises Conflict where it has ended already.
    """
    if not move(session, export.id, ExportState.CANCELLED, now=now, finished_at=now, phase="cancelled"):
        raise Conflict(f"The export is {export.state} already; there is nothing to stop.")
    for delivery_id in _deliveries(session, export.id):
        move(session, delivery_id, DeliveryState.CANCELLED, now=now, finished_at=now)
    member_ended(session, export.id, now=now)


def fail(
    session: Session, export_id: str, *, now: datetime, fence: int | None, code: str, message: str
) -> Moved | None:
    """End an export that made no artifact; its deliveries are cancelled. None where the caller lost the row."""
    moved = move(
        session,
        export_id,
        ExportState.FAILED,
        now=now,
        fence=fence,
        error_code=code,
        error_message=message,
        finished_at=now,
        lease_until=None,
        phase="failed",
    )
    if moved:
        for delivery_id in _deliveries(session, export_id):
            move(session, delivery_id, DeliveryState.CANCELLED, now=now, finished_at=now, error_message="Not rendered.")
        member_ended(session, export_id, now=now)
    return moved


def settle(session: Session, export_id: str, *, now: datetime) -> None:
    """End an export whose deliveries have all ended: completed, partial or failed. Quiet while one is on its way."""
    settle_all(session, [export_id], now=now)


def settle_all(session: Session, export_ids: Collection[str], *, now: datetime) -> None:
    """End each of these exports whose deliveries have all ended, as `settle` does."""
    # The row locks make two last deliveries settle one after the other, so the second one sees the first.
    session.execute(select(Export.id).where(Export.id.in_(export_ids)).order_by(Export.id).with_for_update())
    states: dict[str, list[str]] = {export_id: [] for export_id in export_ids}
    query = select(Delivery.export_id, Delivery.state).where(Delivery.export_id.in_(export_ids))
    for export_id, state in session.execute(query):
        states[export_id].append(state)
    arrived = [one for one, found in states.items() if all(state == DeliveryState.COMPLETED for state in found)]
    done: dict[str, Any] = {"progress": 100.0, "phase": "completed", "finished_at": now}
    move_all(session, arrived, ExportState.COMPLETED, now=now, **done)
    for export_id in states.keys() - set(arrived):
        _settle_rest(session, export_id, states[export_id], now=now)


def _settle_rest(session: Session, export_id: str, states: Sequence[str], *, now: datetime) -> None:
    """Of an export of which not everything has arrived: how far it is, or how it ended."""
    if any(state not in SETTLED for state in states):
        done = sum(state in SETTLED for state in states)
        progress = 50 + 50 * done / len(states)
        session.execute(update(Export).where(Export.id == export_id).values(progress=progress, updated_at=now))
        return
    arrived = sum(state == DeliveryState.COMPLETED for state in states)
    query = select(Delivery.error_code, Delivery.error_message).where(Delivery.export_id == export_id)
    code, message = session.execute(query.where(Delivery.error_message.is_not(None)).limit(1)).one_or_none() or ("", "")
    move(
        session,
        export_id,
        ExportState.PARTIAL if arrived else ExportState.FAILED,
        now=now,
        error_code=code or "delivery_failed",
        error_message=f"{arrived} of {len(states)} deliveries arrived. {message}".strip(),
        phase="delivered" if arrived else "failed",
        finished_at=now,
    )


def retry(session: Session, export: Export, *, now: datetime) -> None:
    """Try again what failed, and only that: the rendering where there is no artifact, else the deliveries.

    Raises Conflict where nothing failed.
    """
    if export.state not in TERMINAL or export.state in {ExportState.COMPLETED, ExportState.EXPIRED}:
        raise Conflict(f"The export is {export.state}; there is nothing to retry.")
    failed = _deliveries(session, export.id, (DeliveryState.FAILED, DeliveryState.CANCELLED, DeliveryState.BLOCKED))
    artifact = session.scalar(select(Artifact).where(Artifact.export_id == export.id))
    fresh: dict[str, Any] = {"error_code": None, "error_message": None, "finished_at": None, "lease_until": None}
    for delivery_id in failed:
        retry_delivery(session, delivery_id, now=now, send=artifact is not None)
    if artifact is None:
        allowed = export.attempt + settings().max_attempts
        move(session, export.id, ExportState.INITIATED, now=now, max_attempts=allowed, sent_at=now, **fresh)
        send_after_commit(session, RENDER, export.id, export.deadline)
    else:
        reopen(session, export.id, now=now)
        settle(session, export.id, now=now)


def reopen(session: Session, export_id: str, *, now: datetime) -> None:
    """Back to delivering, for an export with an artifact; quiet where it is there already."""
    values: dict[str, Any] = {"error_code": None, "error_message": None, "finished_at": None, "phase": "delivering"}
    ended = Export.state.in_([str(state) for state in TERMINAL - {ExportState.EXPIRED}])
    move(session, export_id, ExportState.PROCESSING, now=now, where=[ended], **values)


def retry_delivery(session: Session, delivery_id: str, *, now: datetime, send: bool) -> bool:
    """Put an ended delivery back in line with a fresh count of attempts. False where it has not ended or arrived."""
    moved = move(
        session,
        delivery_id,
        DeliveryState.PENDING,
        now=now,
        max_attempts=Delivery.attempt + func.coalesce(Delivery.tries, settings().max_attempts),
        parked="",
        not_before=None,
        lease_until=None,
        finished_at=None,
        error_code=None,
        error_message=None,
        cleared_at=None,
        sent_at=now,
    )
    if moved and send:
        send_after_commit(session, UPLOAD, delivery_id)
    return moved is not None


def open_count(session: Session, owner: str) -> int:
    """Exports of an owner that have not ended."""
    ended = [str(state) for state in TERMINAL]
    query = select(func.count()).select_from(Export).where(Export.owner == owner, Export.state.not_in(ended))
    return session.scalar(query) or 0


def _deliveries(session: Session, export_id: str, states: Sequence[DeliveryState] = ()) -> list[str]:
    query = select(Delivery.id).where(Delivery.export_id == export_id)
    wanted = [str(state) for state in states] or [str(s) for s in DeliveryState if s not in SETTLED]
    return list(session.scalars(query.where(Delivery.state.in_(wanted)).order_by(Delivery.created_at)))
