"""Claim a row, keep it, notice when it is gone.

A claim counts the attempt before the work starts and returns the count: the fence that every later write of the worker
carries. Whoever is silent for longer than the lease has lost the row, and its writes change nothing.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy import exists, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from longshore.db import clock, reading, transaction
from longshore.errors import Cancelled
from longshore.models import Artifact, Attempt, Delivery, Export
from longshore.packages import gathered
from longshore.settings import settings
from longshore.states import DeliveryState, ExportState, move

LOOK = 1.0
"""Seconds between two looks at the row: a cancel is noticed within this."""

log = structlog.get_logger(__name__)


def worker_name() -> str:
    """The name of this process for people: host and process id."""
    return f"{socket.gethostname()}:{os.getpid()}"


def lease_until(now: datetime) -> datetime:
    """The end of a lease that begins now."""
    return now + timedelta(seconds=settings().lease)


def claim_export(session: Session, export_id: str, *, now: datetime) -> int | None:
    """Take an export for rendering; the fence, or None where it is taken, done, not due or out of attempts."""
    moved = move(
        session,
        export_id,
        ExportState.PROCESSING,
        now=now,
        where=[
            Export.state.in_([str(ExportState.INITIATED), str(ExportState.PROCESSING)]),
            or_(Export.lease_until.is_(None), Export.lease_until <= now),
            or_(Export.not_before.is_(None), Export.not_before <= now),
            Export.attempt < Export.max_attempts,
            ~exists().where(Artifact.export_id == Export.id),
            gathered(),
        ],
        attempt=Export.attempt + 1,
        worker=worker_name(),
        lease_until=lease_until(now),
        not_before=None,
        started_at=now,
        phase="rendering",
        progress=5.0,
    )
    if moved is None:
        return None
    begin_attempt(session, export_id, None, moved.attempt, now=now)
    return moved.attempt


def begin_attempt(session: Session, export_id: str, delivery_id: str | None, number: int, *, now: datetime) -> None:
    """Write the row of an attempt; one that never ended is marked lost."""
    if number > 1:
        end_attempt(session, export_id, delivery_id, now=now, outcome="lost", message="The worker stopped answering.")
    session.add(
        Attempt(export_id=export_id, delivery_id=delivery_id, number=number, worker=worker_name(), started_at=now)
    )


def end_attempt(
    session: Session, export_id: str, delivery_id: str | None, *, now: datetime, outcome: str, message: str = ""
) -> None:
    """Close the running attempt of an export's rendering, or of one delivery."""
    same = Attempt.delivery_id.is_(None) if delivery_id is None else Attempt.delivery_id == delivery_id
    session.execute(
        update(Attempt)
        .where(Attempt.export_id == export_id, same, Attempt.outcome == "")
        .values(finished_at=now, outcome=outcome, message=message)
    )


class Heartbeat:
    """Keeps a claimed row for the length of a `with` block, and notices within LOOK seconds when it is gone.

    `lost` is set then and `on_lost` called, from another thread: the user cancelled, or another worker took over.
    """

    def __init__(
        self, model: type[Export | Delivery], row_id: str, fence: int, on_lost: Callable[[], None] | None = None
    ) -> None:
        self.lost = threading.Event()
        self._model, self._row_id, self._fence, self._on_lost = model, row_id, fence, on_lost
        self._held = str(ExportState.PROCESSING if model is Export else DeliveryState.UPLOADING)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"heartbeat-{row_id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def check(self) -> None:
        """Raises Cancelled where the row is gone."""
        if self.lost.is_set():
            raise Cancelled("Stopped.")

    def _run(self) -> None:
        looks_per_beat = max(1, round(settings().heartbeat / LOOK))
        looks = 0
        while not self._stop.wait(min(LOOK, settings().heartbeat)):
            looks += 1
            try:
                held = self._extend() if looks % looks_per_beat == 0 else self._held_still()
            except SQLAlchemyError as error:
                # The lease may run out while the database is away; the fence makes that safe.
                log.warning("heartbeat_failed", id=self._row_id, error=str(error))
                continue
            if not held:
                self.lost.set()
                if self._on_lost:
                    self._on_lost()
                return

    def _held_still(self) -> bool:
        with reading() as session:
            query = select(self._model.state, self._model.attempt).where(self._model.id == self._row_id)
            return session.execute(query).one_or_none() == (self._held, self._fence)

    def _extend(self) -> bool:
        with transaction() as session:
            return hold(session, self._model, self._row_id, self._fence, lease_until=lease_until(clock(session)))


def hold(session: Session, model: type[Export | Delivery], row_id: str, fence: int, **values: object) -> bool:
    """Write to a row while it is ours. False where it no longer is; nothing is written then."""
    held = str(ExportState.PROCESSING if model is Export else DeliveryState.UPLOADING)
    statement = update(model).where(model.id == row_id, model.attempt == fence, model.state == held)
    return session.execute(statement.values(**values).returning(model.id)).first() is not None
