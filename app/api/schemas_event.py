"""Shapes of the history of schedules."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from app.api.schemas import Json, Strict


class EventQuery(Strict):
    """Where to go on."""

    after: int = Field(0, ge=0, le=2**62, description="The `last_id` of the answer before.")
    limit: int = Field(100, ge=1, le=500)


class EventOut(BaseModel):
    """Something that happened to a schedule or, where it names none, to the scheduler of all."""

    id: int
    at: datetime
    kind: str = Field(
        description="`schedule.late`, `failing`, `recovered`, `paused`, `resumed`, `ended`; `beat.silent`, `beat.back`."
    )
    schedule_id: str | None
    data: Json


class EventList(BaseModel):
    """What happened, the oldest first; send `last_id` as `after` for what happens next."""

    events: list[EventOut]
    last_id: int
