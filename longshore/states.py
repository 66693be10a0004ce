"""The states of exports and deliveries, the one table of moves between them, and the one function that makes a move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, null, update
from sqlalchemy.orm import Session

from longshore.events import Happened, record_all
from longshore.models import Delivery, Export, ScheduleRun


class ExportState(StrEnum):
    """Where an export is. Terminal ones change no more by themselves; the user's retry or next delivery reopens one."""

    INITIATED = "initiated"
    """Committed, waiting for a render worker, which claims it."""
    PROCESSING = "processing"
    """Being rendered (a worker holds the lease) or delivered (its deliveries move it on)."""
    COMPLETED = "completed"
    """The artifact is there and every delivery arrived. Moved on by the cleaner when the artifact's time is up."""
    PARTIAL = "partial"
    """The artifact is there, some deliveries arrived and some did not."""
    FAILED = "failed"
    """No artifact, or no delivery arrived. The message says what to do."""
    CANCELLED = "cancelled"
    """Stopped by the user."""
    EXPIRED = "expired"
    """The artifact was deleted when its time was up."""


class DeliveryState(StrEnum):
    """Where a delivery is."""

    PENDING = "pending"
    """Waiting for the artifact, then for an upload worker, which claims it."""
    UPLOADING = "uploading"
    """An upload worker holds the lease."""
    RETRYING = "retrying"
    """Waiting until `not_before`, then claimed again."""
    COMPLETED = "completed"
    """The provider confirmed it; there is a receipt."""
    FAILED = "failed"
    """Given up. The message says what to do; the user may retry."""
    CANCELLED = "cancelled"
    """Stopped by the user, or its export failed."""
    BLOCKED = "blocked"
    """The connection must be renewed by the user, who thereby releases it."""


E, D = ExportState, DeliveryState

TRANSITIONS: dict[type[StrEnum], dict[StrEnum, frozenset[StrEnum]]] = {
    ExportState: {
        E.INITIATED: frozenset({E.PROCESSING, E.FAILED, E.CANCELLED}),
        # processing -> processing: claimed again after its worker's lease ran out
        E.PROCESSING: frozenset({E.PROCESSING, E.COMPLETED, E.PARTIAL, E.FAILED, E.CANCELLED}),
        # back to processing: what is there is delivered to one more place
        E.COMPLETED: frozenset({E.EXPIRED, E.PROCESSING}),
        # back to initiated or processing: the user's retry of what failed
        E.PARTIAL: frozenset({E.EXPIRED, E.PROCESSING}),
        E.FAILED: frozenset({E.INITIATED, E.PROCESSING}),
        E.CANCELLED: frozenset({E.INITIATED, E.PROCESSING}),
        E.EXPIRED: frozenset(),
    },
    DeliveryState: {
        # pending or retrying -> blocked: another delivery has found that the connection must be renewed
        D.PENDING: frozenset({D.UPLOADING, D.FAILED, D.CANCELLED, D.BLOCKED}),
        D.UPLOADING: frozenset({D.COMPLETED, D.RETRYING, D.FAILED, D.CANCELLED, D.BLOCKED}),
        D.RETRYING: frozenset({D.UPLOADING, D.FAILED, D.CANCELLED, D.BLOCKED}),
        D.COMPLETED: frozenset(),
        # back to pending: the user's retry, or a connection renewed
        D.FAILED: frozenset({D.PENDING}),
        D.CANCELLED: frozenset({D.PENDING}),
        # blocked -> failed: when the connection was renewed, the artifact had had its time
        D.BLOCKED: frozenset({D.PENDING, D.CANCELLED, D.FAILED}),
    },
}
"""From each state, the states it may be moved to."""

TERMINAL = frozenset({E.COMPLETED, E.PARTIAL, E.FAILED, E.CANCELLED, E.EXPIRED})
"""Export states in which nothing runs any more."""

SETTLED = frozenset({D.COMPLETED, D.FAILED, D.CANCELLED, D.BLOCKED})
"""Delivery states in which nothing runs until the user acts."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What `move` changed. `attempt` is the fencing token that every later write of its worker carries."""

    id: str
    export_id: str
    attempt: int


def sources(to: StrEnum) -> list[StrEnum]:
    """The states from which `to` may be reached."""
    return [state for state, targets in TRANSITIONS[type(to)].items() if to in targets]


def move(
    session: Session,
    row_id: str,
    to: ExportState | DeliveryState,
    *,
    now: datetime,
    fence: int | None = None,
    where: Sequence[ColumnElement[bool]] = (),
    **values: Any,
) -> Moved | None:
    """Move one export or delivery to a state, as `move_all` does. Returns None where that was refused."""
    return next(iter(move_all(session, [row_id], to, now=now, fence=fence, where=where, **values)), None)


def move_all(
    session: Session,
    row_ids: Sequence[str],
    to: ExportState | DeliveryState,
    *,
    now: datetime,
    fence: int | None = None,
    where: Sequence[ColumnElement[bool]] = (),
    **values: Any,
) -> list[Moved]:
    """Move those of the exports, or of the deliveries, that are in a state that allows it, and record the events.

    Where a schedule's export ends so, its run is marked for beat to look at.

    `fence` is the attempt the caller claimed: the move is refused where another worker has claimed the row since.
    `where` narrows further, `values` are written along. Returns what was moved, in the order it was given; nothing of
    the others is changed.
    """
    model = Export if isinstance(to, ExportState) else Delivery
    export_id = Export.id if model is Export else Delivery.export_id
    statement = update(model).where(model.id.in_(row_ids), model.state.in_([str(s) for s in sources(to)]), *where)
    if fence is not None:
        statement = statement.where(model.attempt == fence)
    statement = statement.values(state=str(to), updated_at=now, **values).returning(
        model.id, export_id, model.attempt, model.owner, Export.run_id if model is Export else null()
    )
    rows = {row[0]: row for row in session.execute(statement.execution_options(synchronize_session=False))}
    moved = [rows[row_id] for row_id in row_ids if row_id in rows]
    subject = "export" if model is Export else "delivery"
    told = {k: v for k, v in values.items() if k in {"error_code", "error_message", "phase"} and v}
    happened = [
        Happened(
            f"{subject}.{to}",
            owner=row[3],
            export_id=row[1],
            delivery_id=row[0] if model is Delivery else None,
            data={"attempt": row[2]} | told,
        )
        for row in moved
    ]
    record_all(session, happened, now=now)
    runs = [row[4] for row in moved if row[4] is not None]
    if runs and to in TERMINAL:
        session.execute(
            update(ScheduleRun)
            .where(ScheduleRun.id.in_(runs))
            .values(look_at=now)
            .execution_options(synchronize_session=False)
        )
    return [Moved(*row[:3]) for row in moved]
