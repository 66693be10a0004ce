"""Send again what was committed and never arrived, what is due, and what its worker left behind.

Run about once a second by one of a machine's worker children, whichever comes first, and by beat through a task. Any
number may run at once: each row is taken by one conditional UPDATE, and a message too many is absorbed by the claim.
"""

from __future__ import annotations

import platform
import random
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from kombu.exceptions import OperationalError
from sqlalchemy import ColumnElement, and_, exists, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from longshore.connections import usable
from longshore.db import clock, reading, transaction
from longshore.exports import fail, settle
from longshore.models import Artifact, Delivery, Export
from longshore.packages import gathered
from longshore.queue import RENDER, UPLOAD, depth, send_after_commit
from longshore.settings import settings
from longshore.states import DeliveryState, ExportState, move
from workers import admission
from workers.lease import end_attempt
from workers.leftovers import left_behind, ring_for_leftovers
from workers.turn import take_turn
from workers.watch import Watchman

BATCH = 200
"""Rows per look: SQLite has one writer, and nobody should wait long for it."""

AGAIN_IF_UNHEARD = timedelta(minutes=5)
"""When a leftover is sent again whose message was lost."""

SILENT = "The worker stopped answering."
DIED = "The worker died {attempts} times while it worked on this. The document may be too heavy; try a simpler one."

log = structlog.get_logger(__name__)

_E, _D = ExportState, DeliveryState
_RENDERED = exists().where(Artifact.export_id == Export.id)
_RENDERING = and_(Export.state == str(_E.PROCESSING), ~_RENDERED)
_UPLOADING = Delivery.state == str(_D.UPLOADING)

Row = type[Export] | type[Delivery]


def _waiting(model: Row) -> ColumnElement[bool]:
    """Rows that only need a worker: nobody holds them, and what they need is there."""
    if model is Export:
        open_states = Export.state.in_([str(_E.INITIATED), str(_E.PROCESSING)])
        return and_(open_states, Export.lease_until.is_(None), ~_RENDERED, gathered())
    rendered = exists().where(Artifact.export_id == Delivery.export_id)
    return and_(Delivery.state.in_([str(_D.PENDING), str(_D.RETRYING)]), Delivery.parked == "", rendered, usable())


def sweep() -> int:
    """One look at everything; the number of rows that were acted on."""
    done = _each(Export, lambda now: and_(_RENDERING, Export.lease_until <= now), _free_export)
    done += _each(Delivery, lambda now: and_(_UPLOADING, Delivery.lease_until <= now), _free_delivery)
    done += _each(Delivery, lambda _now: admission.hopeless(), _block)
    done += _each(Delivery, left_behind, _send_leftover) + ring_for_leftovers() + _unpark()
    for model in (Export, Delivery):
        done += _each(model, lambda now, m=model: and_(_waiting(m), m.not_before <= now), _send_due)  # type: ignore[misc]
        done += _send_unheard(model)
    return done


def _unpark() -> int:
    """What has a free place and nobody who rang for it: its place was a worker's that died, or a pause is over."""
    with reading() as session:
        now = clock(session)
        free = [one for one in admission.with_parked(session) if admission.room(session, one, now=now) > 0]
    done = 0
    for connection_id in free:
        with transaction() as session:
            done += admission.unpark(session, connection_id, now=clock(session))
    return done


def _each(
    model: Row,
    condition: Callable[[datetime], ColumnElement[bool]],
    act: Callable[[Session, Row, str, ColumnElement[bool], datetime], None],
) -> int:
    """Find candidates without a write lock (in a healthy system there are none), then take each in its transaction."""
    with reading() as session:
        ids = session.scalars(select(model.id).where(condition(clock(session))).limit(BATCH)).all()
    for row_id in ids:
        with transaction() as session:
            now = clock(session)
            act(session, model, row_id, and_(model.id == row_id, condition(now)), now)
    return len(ids)


def _free_export(session: Session, _model: Row, export_id: str, still: ColumnElement[bool], now: datetime) -> None:
    """Its worker fell silent: render it again, or give up after the last attempt."""
    values: dict[str, Any] = {"lease_until": None, "worker": None, "not_before": None, "phase": "waiting"}
    freed = session.execute(
        update(Export)
        .where(still)
        .values(**values, sent_at=now, updated_at=now)
        .returning(Export.attempt, Export.max_attempts, Export.deadline)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if freed is None:
        return
    end_attempt(session, export_id, None, now=now, outcome="lost", message=SILENT)
    if freed.attempt < freed.max_attempts:
        send_after_commit(session, RENDER, export_id, freed.deadline)
        return
    message = DIED.format(attempts=freed.attempt)
    fail(session, export_id, now=now, fence=freed.attempt, code="worker_lost", message=message)


def _free_delivery(session: Session, _model: Row, delivery_id: str, still: ColumnElement[bool], now: datetime) -> None:
    """Its worker fell silent: resume it from its checkpoint, or give up after the last attempt."""
    row = session.execute(select(Delivery.attempt, Delivery.max_attempts).where(still)).one_or_none()
    if row is None:
        return
    last = row.attempt >= row.max_attempts
    values: dict[str, Any] = {"lease_until": None, "worker": None, "sent_at": now, "parked": ""}
    if last:
        message = DIED.format(attempts=row.attempt)
        values |= {"error_code": "worker_lost", "error_message": message, "finished_at": now}
    to = DeliveryState.FAILED if last else DeliveryState.RETRYING
    moved = move(session, delivery_id, to, now=now, fence=row.attempt, where=[still], **values)
    if moved is None:
        return
    end_attempt(session, moved.export_id, delivery_id, now=now, outcome="lost", message=SILENT)
    if last:
        settle(session, moved.export_id, now=now)
    else:
        send_after_commit(session, UPLOAD, delivery_id)


def _block(session: Session, _model: Row, delivery_id: str, _still: ColumnElement[bool], now: datetime) -> None:
    """Its connection must be renewed first."""
    admission.block(session, delivery_id, now=now)


def _send_leftover(session: Session, _model: Row, delivery_id: str, still: ColumnElement[bool], now: datetime) -> None:
    """A cancelled upload left something at its provider: have an upload worker remove it, and look again later."""
    statement = update(Delivery).where(still).values(not_before=now + AGAIN_IF_UNHEARD)
    if session.execute(statement.returning(Delivery.id).execution_options(synchronize_session=False)).first():
        send_after_commit(session, UPLOAD, delivery_id)


def _send_due(session: Session, model: Row, row_id: str, still: ColumnElement[bool], now: datetime) -> None:
    """Its wait is over."""
    statement = update(model).where(still).values(not_before=None, sent_at=now)
    if session.execute(statement.returning(model.id).execution_options(synchronize_session=False)).first():
        _send(session, model, row_id)


def _send(session: Session, model: Row, row_id: str) -> None:
    if model is Export:
        send_after_commit(session, RENDER, row_id, session.get_one(Export, row_id).deadline)
    else:
        send_after_commit(session, UPLOAD, row_id)


def _send_unheard(model: Row) -> int:
    """Send again, oldest first, as many of the long waiting rows as the queue is short of messages.

    A long queue is no reason to send twice; a queue that was flushed is.
    """
    ready = and_(_waiting(model), model.not_before.is_(None))
    with reading() as session:
        old = clock(session) - timedelta(seconds=settings().lease)
        unheard = and_(ready, model.sent_at <= old)
        if session.scalar(select(model.id).where(unheard).limit(1)) is None:
            return 0
        waiting = session.scalar(select(func.count()).select_from(model).where(ready)) or 0
    try:
        short = waiting - depth(RENDER if model is Export else UPLOAD)
    except OperationalError as error:
        log.warning("queue_out_of_reach", error=str(error))
        return 0
    if short <= 0:
        return 0
    with transaction() as session:
        query = select(model.id).where(unheard).order_by(model.sent_at).limit(min(short, BATCH))
        ids = session.scalars(query.with_for_update(skip_locked=True)).all()
        session.execute(update(model).where(model.id.in_(ids)).values(sent_at=clock(session)))
        for row_id in ids:
            _send(session, model, row_id)
    return len(ids)


def sweep_in_turn() -> int:
    """`sweep`, unless another process of this machine did within half of LONGSHORE_SWEEP; the rows acted on.

    A look takes 20 ms of a processor, which each child would spend every second for nothing. Where no turn can be
    taken, as on a disk that cannot be written, it looks all the same.
    """
    path = settings().home.resolve() / "sweep" / platform.node()
    try:
        mine = take_turn(path, settings().sweep / 2, time.monotonic())
    except OSError as error:
        log.warning("sweep_without_turn", error=str(error))
        mine = True
    return sweep() if mine else 0


def start_sweeping() -> threading.Event:
    """Sweep in a thread of this process until the returned event is set."""
    stop = threading.Event()
    watchman = Watchman()

    def run() -> None:
        # Children of one worker would otherwise look at the same instant.
        while not stop.wait(settings().sweep * (0.5 + random.random())):  # noqa: S311 - spreads load, keeps no secret
            try:
                sweep_in_turn()
                watchman.look()
            except SQLAlchemyError as error:
                log.warning("sweep_failed", error=str(error))
            except Exception:
                log.exception("sweep_crashed")

    threading.Thread(target=run, name="sweep", daemon=True).start()
    return stop
