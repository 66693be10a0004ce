"""What of a schedule runs, and so has the next slot wait or skipped.

An export whose file is made and that waits only for connections which are switched off or must be renewed does not
run: it may wait for ever, and the other places are to have the next slot. Nor does a backfill's, which stands in a line
of its own.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from longshore.models import Artifact, Connection, Delivery, Export, ScheduleRun
from longshore.states import TERMINAL, DeliveryState, ExportState
from schedules.runs import Trigger

OPEN = [str(state) for state in ExportState if state not in TERMINAL]
"""States of an export that runs, or waits to."""

_TO_COME = [str(DeliveryState.PENDING), str(DeliveryState.RETRYING)]

_OF_BACKFILL = exists().where(ScheduleRun.id == Export.run_id, ScheduleRun.trigger == str(Trigger.BACKFILL))


def open_exports(schedule_id: Any) -> Select[Any]:
    """The query for exports of a schedule that have not ended."""
    return select(Export).where(Export.schedule_id == schedule_id, Export.state.in_(OPEN))


@cache
def only_waits() -> ColumnElement[bool]:
    """The condition on open exports of which nothing goes on before somebody renews or enables a connection.

    Made once: its aliases and their columns take 4 ms, and every tick asks.
    """
    sent = aliased(Delivery)
    return and_(
        exists().where(Artifact.export_id == Export.id),
        exists().where(sent.export_id == Export.id, _waits(sent)),
        ~exists().where(sent.export_id == Export.id, _goes_on(sent)),
    )


def _switched_off(sent: type[Delivery]) -> ColumnElement[bool]:
    place = aliased(Connection)
    return exists().where(place.id == sent.connection_id, ~place.enabled)


def _waits(sent: type[Delivery]) -> ColumnElement[bool]:
    held = and_(sent.state.in_(_TO_COME), _switched_off(sent))
    return or_(sent.state == str(DeliveryState.BLOCKED), held)


def _goes_on(sent: type[Delivery]) -> ColumnElement[bool]:
    free = and_(sent.state.in_(_TO_COME), ~_switched_off(sent))
    return or_(sent.state == str(DeliveryState.UPLOADING), free)


def own_exports(schedule_id: Any) -> Select[Any]:
    """The query for open exports of a schedule's own slots and of runs by hand, those that only wait included."""
    return open_exports(schedule_id).where(~_OF_BACKFILL)


def own_running(schedule_id: Any) -> Select[Any]:
    """The query for what runs of a schedule's own slots and runs by hand."""
    return own_exports(schedule_id).where(~only_waits())


def running(schedule_id: Any) -> Select[Any]:
    """The query for all that runs of a schedule, backfills included."""
    return open_exports(schedule_id).where(~only_waits())


def is_any(session: Session, query: Select[Any]) -> bool:
    """Whether there is one."""
    return session.scalar(query.with_only_columns(Export.id).limit(1)) is not None


def passed_over(session: Session, schedule_id: str) -> str:
    """In words, that an earlier export only waits and holds nothing up; empty where none does."""
    waiting = select(Connection.name).join(Delivery, Delivery.connection_id == Connection.id)
    waiting = waiting.join(Export, Export.id == Delivery.export_id).where(
        Export.schedule_id == schedule_id, Export.state.in_(OPEN), only_waits(), _waits(Delivery)
    )
    names = session.scalars(waiting.distinct().order_by(Connection.name).limit(3)).all()
    if not names:
        return ""
    which = ", ".join(map(repr, names))
    return f"An earlier export waits only for {which}, switched off or to be renewed, and does not count as running."
