"""Shapes of runs: what became of a slot, and what was asked for by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, Field

from app.api.schemas import Fault, Label, Page, Strict, Text, fault
from longshore.models import Delivery, Export, ScheduleRun
from schedules.policy import Catchup
from schedules.runs import Trigger


class RunDelivery(BaseModel):
    """Where a file of the run went."""

    id: str
    destination: str
    state: str


class RunExport(BaseModel):
    """What the run made, and how far it is."""

    id: str
    format: str
    state: str
    error: Fault | None
    deliveries: list[RunDelivery]


class RunOut(BaseModel):
    """What became of one slot, or of a run by hand, whose slot is the moment of the request."""

    id: str
    slot: datetime
    trigger: str = Field(description="`slot`, `manual` or `backfill`.")
    outcome: str = Field(description="`fired`, `skipped`, `missed`, `coalesced`, or `queued` until it is one of these.")
    reason: str
    result: str = Field(description="How its exports ended: `completed`, `partial`, `failed`, `cancelled`; else empty.")
    planned_at: datetime | None = Field(description="When it was to be taken up: the slot, later by jitter or a crowd.")
    started_at: datetime | None
    ended_at: datetime | None
    seconds: float | None = Field(description="From its start to the end of its last delivery.")
    export_id: str | None = Field(description="The first of its exports.")
    exports: list[RunExport]
    created_at: datetime

    @classmethod
    def of(
        cls, row: ScheduleRun, made: Sequence[Export], sent: Sequence[Delivery], ended: tuple[str, datetime | None]
    ) -> RunOut:
        """The row as an answer, with the exports it made, their deliveries, and how and when it ended."""
        same = {name: getattr(row, name) for name in cls.model_fields.keys() & row.__mapper__.columns.keys()}
        same["result"], same["ended_at"] = ended
        seconds = (ended[1] - row.started_at).total_seconds() if ended[1] and row.started_at else None
        exports = [
            RunExport(
                id=one.id,
                format=one.format,
                state=one.state,
                error=fault(one.error_code, one.error_message),
                deliveries=[
                    RunDelivery.model_validate(delivery, from_attributes=True)
                    for delivery in sent
                    if delivery.export_id == one.id
                ],
            )
            for one in made
        ]
        return cls(**same, seconds=seconds, exports=exports)


class RunList(BaseModel):
    """Runs of one schedule, the latest slot first."""

    runs: list[RunOut]
    total: int
    limit: int
    offset: int


class RunQuery(Page):
    """Filters of the runs."""

    outcome: Text | None = Field(None, description="One outcome, or several with commas between.")
    result: Text | None = Field(None, description="One result, or several with commas between.")
    trigger: Trigger | None = None


class PauseIn(Strict):
    """Why, for those who find it paused."""

    reason: Label | None = None


class ResumeIn(Strict):
    """What becomes of the slots that passed meanwhile."""

    catchup: Catchup = Field(Catchup.NONE, description="`none`, the `latest`, or `all` within the catch-up window.")


class BackfillIn(Strict):
    """A span of time whose slots are made up for."""

    since: AwareDatetime = Field(alias="from", description="With its offset from UTC, as 2026-03-02T09:00:00Z.")
    until: AwareDatetime = Field(alias="to", description="The same; itself included, and not in the future.")
    unfired: bool = Field(default=False, description="Also slots on record as missed, skipped or coalesced.")
    dry_run: bool = Field(default=False, description="Only say what would be done.")


class Step(StrEnum):
    """What becomes of a slot of the span."""

    QUEUED = "queued"
    LEFT = "left"


class BackfilledSlot(BaseModel):
    """One slot; `run` is the outcome it had before, empty where it had none."""

    slot: datetime
    run: str
    step: Step


class BackfillOut(BaseModel):
    """What was queued, or would be; the slots start one after another."""

    dry_run: bool
    queued: int
    slots: list[BackfilledSlot]
