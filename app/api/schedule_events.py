"""The history of schedules: what became of them, to look back at and to poll."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from apiflask import APIBlueprint

from app import rows
from app.api.schedules import MISSING
from app.api.schemas_event import EventList, EventOut, EventQuery
from app.auth import owner
from longshore import events
from longshore.db import reading
from longshore.models import Event, ScheduledExport

blueprint = APIBlueprint("schedule_events", __name__, url_prefix="/scheduled-exports", tag="Schedules")


@blueprint.get("/events")
@blueprint.input(EventQuery, location="query", arg_name="query")
@blueprint.output(EventList)
def list_all_events(query: EventQuery) -> Any:
    """List what happened to any of your schedules, and that beat fell silent or came back, the oldest first."""
    with reading() as session:
        return _shown(events.of_schedules(session, owner(), query.after, query.limit), query.after)


@blueprint.get("/<uuid:schedule_id>/events")
@blueprint.input(EventQuery, location="query", arg_name="query")
@blueprint.output(EventList)
def list_events(schedule_id: uuid.UUID, query: EventQuery) -> Any:
    """List when a schedule became late or failing, recovered, was paused, resumed or ended, the oldest first."""
    with reading() as session:
        row = rows.find(session, ScheduledExport, owner(), schedule_id, missing=MISSING)
        return _shown(events.of_schedule(session, row.owner, row.id, query.after, query.limit), query.after)


def _shown(found: Sequence[Event], after: int) -> EventList:
    listed = [EventOut.model_validate(one, from_attributes=True) for one in found]
    return EventList(events=listed, last_id=listed[-1].id if listed else after)
