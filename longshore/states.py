"""The states of exports and deliveries, the one table of moves between them, and the one function that makes a move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, null, update
from sqlalchemy.orm import Session

from longshore.events import record
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
    """Move one export or delivery to a state, if it is in one that allows it, and record the event.

    Where a schedule's export ends so, its run is marked for beat to look at.

    `fence` is the attempt the caller claimed: the move is refused where another worker has claimed the row since.
    `where` narrows further, `values` are written along. Returns None where the move was refused; nothing is changed.
    """
    model = Export if isinstance(to, ExportState) else Delivery
    export_id = Export.id if model is Export else Delivery.export_id
    statement = update(model).where(model.id == row_id, model.state.in_([str(s) for s in sources(to)]), *where)
    if fence is not None:
        statement = statement.where(model.attempt == fence)
    statement = statement.values(state=str(to), updated_at=now, **values).returning(
        export_id, model.attempt, model.owner, Export.run_id if model is Export else null()
    )
    row = session.execute(statement.execution_options(synchronize_session=False)).one_or_none()
    if row is None:
        return None
    subject = "export" if model is Export else "delivery"
    data = {"attempt": row[1]} | {
        k: v for k, v in values.items() if k in {"error_code", "error_message", "phase"} and v
    }
    record(
        session,
        f"{subject}.{to}",
        now=now,
        owner=row[2],
        export_id=row[0],
        delivery_id=row_id if model is Delivery else None,
        data=data,
    )
    if row[3] is not None and to in TERMINAL:
        session.execute(
            update(ScheduleRun)
            .where(ScheduleRun.id == row[3])
            .values(look_at=now)
            .execution_options(synchronize_session=False)
        )
    return Moved(row[0], row[1])
