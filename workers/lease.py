"""Claim a row, keep it, notice when it is gone.

A claim counts the attempt before the work starts and returns the count: the fence that every later write of the worker
carries. Whoever is silent for longer than the lease has lost the row, and its writes change nothing.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy import exists, insert, or_, select, update
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
    begin_attempts(session, [(export_id, delivery_id)], number, now=now)


def begin_attempts(session: Session, of: Sequence[tuple[str, str | None]], number: int, *, now: datetime) -> None:
    """The same for pairs of export and delivery whose attempt has this number."""
    if number > 1:
        end_attempts(session, of, now=now, outcome="lost", message="The worker stopped answering.")
    values = {"number": number, "worker": worker_name(), "started_at": now}
    rows = [{"export_id": export_id, "delivery_id": delivery_id, **values} for export_id, delivery_id in of]
    if rows:
        session.execute(insert(Attempt), rows)


def end_attempt(
    session: Session, export_id: str, delivery_id: str | None, *, now: datetime, outcome: str, message: str = ""
) -> None:
    """Close the running attempt of an export's rendering, or of one delivery."""
    end_attempts(session, [(export_id, delivery_id)], now=now, outcome=outcome, message=message)


def end_attempts(
    session: Session, of: Sequence[tuple[str, str | None]], *, now: datetime, outcome: str, message: str = ""
) -> None:
    """The same for pairs of export and delivery: all are deliveries, or none is."""
    ids = [delivery_id for _, delivery_id in of if delivery_id is not None]
    same = Attempt.delivery_id.in_(ids) if ids else Attempt.delivery_id.is_(None)
    session.execute(
        update(Attempt)
        .where(Attempt.export_id.in_([export_id for export_id, _ in of]), same, Attempt.outcome == "")
        .values(finished_at=now, outcome=outcome, message=message)
        .execution_options(synchronize_session=False)
    )


class Heartbeat:
    """Keeps claimed rows for the length of a `with` block, and notices within LOOK seconds when one is gone.

    `fences` has the attempt of each row that was claimed. `lost` is set then, `gone` names the rows, and `on_lost` is
    called, from another thread: the user cancelled, or another worker took over. The others are kept until then.
    """

    def __init__(
        self, model: type[Export | Delivery], fences: Mapping[str, int], on_lost: Callable[[], None] | None = None
    ) -> None:
        self.lost = threading.Event()
        self.gone: frozenset[str] = frozenset()
        self._model, self._fences, self._on_lost = model, fences, on_lost
        self._held = str(ExportState.PROCESSING if model is Export else DeliveryState.UPLOADING)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"heartbeat-{next(iter(fences))}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def check(self) -> None:
        """Raises Cancelled where a row is gone."""
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
                log.warning("heartbeat_failed", ids=list(self._fences), error=str(error))
                continue
            if self._fences.keys() - held:
                self.gone = frozenset(self._fences.keys() - held)
                self.lost.set()
                if self._on_lost:
                    self._on_lost()
                return

    def _held_still(self) -> set[str]:
        with reading() as session:
            query = select(self._model.id, self._model.state, self._model.attempt)
            rows = session.execute(query.where(self._model.id.in_(self._fences))).all()
            return {row.id for row in rows if (row.state, row.attempt) == (self._held, self._fences[row.id])}

    def _extend(self) -> set[str]:
        held = set()
        with transaction() as session:
            until = lease_until(clock(session))
            for fence, ids in by_fence(self._fences).items():
                held |= hold_all(session, self._model, ids, fence, lease_until=until)
        return held


def by_fence(fences: Mapping[str, int]) -> dict[int, list[str]]:
    """The rows of each attempt."""
    return {fence: [one for one, its in fences.items() if its == fence] for fence in set(fences.values())}


def hold(session: Session, model: type[Export | Delivery], row_id: str, fence: int, **values: object) -> bool:
    """Write to a row while it is ours. False where it no longer is; nothing is written then."""
    return bool(hold_all(session, model, [row_id], fence, **values))


def hold_all(
    session: Session, model: type[Export | Delivery], row_ids: Sequence[str], fence: int, **values: object
) -> set[str]:
    """Write to those rows of one attempt that are still ours; which they are."""
    held = str(ExportState.PROCESSING if model is Export else DeliveryState.UPLOADING)
    statement = update(model).where(model.id.in_(row_ids), model.attempt == fence, model.state == held)
    return set(session.scalars(statement.values(**values).returning(model.id)))
