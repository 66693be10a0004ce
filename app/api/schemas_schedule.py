"""Shapes of schedules, in the words of the older clients."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import AliasChoices, BaseModel, Field

from app.api.schemas import FileName, FolderPath, Id, Json, Label, Lenient, PublicKeys, Text, Tries
from app.api.schemas_cadence import CadenceIn, MoreCadence
from app.api.schemas_export import Conflict
from app.api.schemas_order import FormatOut, OrderIn, PlaceOut
from app.endpoints import Inline
from longshore import conditions
from longshore.conditions import Conditions
from longshore.errors import Invalid
from longshore.lateness import Health, health
from longshore.models import ScheduledExport
from longshore.packing import Compress, Packing
from schedules import policy
from schedules.cadence import CLEARABLE, MORE_FIELDS, Cadence
from schedules.policy import Policy


class ScheduleIn(OrderIn, CadenceIn):
    """A document, formats and places, again and again."""

    user_id: Label | None = Field(None, description="A label of the client's own; the owner, where left out.")
    export_format: Text | None = Field(None, validation_alias=AliasChoices("export_format", "format"))
    export_settings: Json = Field(default_factory=dict, validation_alias=AliasChoices("export_settings", "settings"))
    destination_type: Text | None = Field(
        None,
        validation_alias=AliasChoices("destination_type", "destination"),
        description="`local`, where nothing else is said.",
    )
    destination_config: Inline = Field(default_factory=dict, description="Its secrets are encrypted and never shown.")
    connection_id: Id | None = Field(None, description="A stored connection, in place of the two above.")
    folder: FolderPath = ""
    file_name: FileName | None = None
    conflict: Conflict = "rename"
    compress: Compress = "none"
    encrypt_to: PublicKeys = Field(default_factory=list)
    max_attempts: Tries | None = Field(None, description="Tries, with longer and longer waits; as the operator set.")
    policy: Policy = Field(default_factory=Policy, description="How it fires; what is left out has its default.")
    is_active: bool = True


class ScheduleUpdate(OrderIn, MoreCadence):
    """What changes; everything else stays. `start_at`, `end_at` and `remaining_runs` are removed by sending null."""

    schedule_type: Text | None = None
    schedule_time: Text | None = None
    schedule_day_of_week: int | None = None
    schedule_day_of_month: int | None = None
    timezone: Text | None = None
    remaining_runs: int | None = Field(None, ge=1, le=1_000_000)
    user_id: Label | None = None
    export_format: Text | None = Field(None, validation_alias=AliasChoices("export_format", "format"))
    export_settings: Json | None = Field(None, validation_alias=AliasChoices("export_settings", "settings"))
    destination_type: Text | None = Field(None, validation_alias=AliasChoices("destination_type", "destination"))
    destination_config: Inline | None = None
    connection_id: Id | None = None
    folder: FolderPath | None = None
    file_name: FileName | None = None
    conflict: Conflict | None = None
    compress: Compress | None = None
    encrypt_to: PublicKeys | None = None
    max_attempts: Tries | None = None
    policy: Policy | None = Field(None, description="What changes of it; the rest stays.")
    is_active: bool | None = None

    @property
    def sent(self) -> dict[str, Any]:
        """What was sent, by name; None only where that removes what is stored."""
        nulls = {name: None for name in (*CLEARABLE, "remaining_runs") if name in self.model_fields_set}
        return nulls | self.model_dump(exclude_none=True)


class ScheduleOut(BaseModel):
    """A schedule without the secrets of its destination. `description` says it in words."""

    id: str
    file_id: str | None
    source_url: str | None
    source_kind: str | None
    user_id: str
    schedule_type: str
    schedule_time: str | None
    schedule_times: list[str] | None
    schedule_day_of_week: int | None
    schedule_days_of_week: list[int] | None
    schedule_day_of_month: int | None
    schedule_days_of_month: list[int] | None
    schedule_week_of_month: int | None
    month_end: str | None
    schedule_cron: str | None
    schedule_interval_seconds: int | None
    schedule_at: str | None
    timezone: str
    start_at: str | None
    end_at: str | None
    dst_gap: str | None
    dst_overlap: str | None
    remaining_runs: int | None
    ended_reason: str | None
    description: str
    export_format: str
    export_settings: Json
    preset_id: str | None
    formats: list[FormatOut] = Field(description="All of them; the first is `export_format`.")
    conditions: Conditions | Json = Field(
        union_mode="left_to_right", description="As they are stored, where they mean nothing any more."
    )
    deliveries: list[PlaceOut] = Field(description="All places; the first is also in the fields that follow.")
    destination_type: str
    destination_config: Json
    connection_id: str
    folder: str
    file_name: str
    conflict: str
    max_attempts: int | None
    compress: str
    encrypt_to: list[str]
    policy: Policy | Json = Field(
        union_mode="left_to_right", description="As it is stored, where it means nothing any more: see `description`."
    )
    is_active: bool
    paused_at: datetime | None
    paused_by: str
    paused_reason: str | None
    health: str = Field(description="`ok`, `late`, `failing`, `paused` or `ended`.")
    resume_at: datetime | None
    last_run_at: datetime | None
    next_run_at: datetime | None
    run_count: int
    error_count: int
    failures: int
    last_error: str | None
    created_at: datetime
    updated_at: datetime
    created_by: str

    @classmethod
    def of(cls, row: ScheduledExport, now: datetime) -> ScheduleOut:
        """The row as an answer; where its rule or policy means nothing any more, that is its description."""
        same = {name: getattr(row, name) for name in cls.model_fields.keys() & row.__mapper__.columns.keys()}
        same |= asdict(Packing.of(row.packing))
        same |= {"formats": FormatOut.all_of(row), "deliveries": PlaceOut.all_of(row)}
        try:
            cadence = Cadence.read(**row.when)
            rule, description = cadence.shown, _said(cadence, row)
        except Invalid as error:
            at = row.schedule_time
            rule = dict.fromkeys(MORE_FIELDS) | row.rule | {"schedule_time": at and at.isoformat()}
            description = error.message
        return cls(**(same | rule | {"description": description, "health": str(health(row, now))}))


def _said(cadence: Cadence, row: ScheduledExport) -> str:
    """The rule in words; where an older version stored a policy or conditions that are refused now, why they are."""
    try:
        policy.read(row.policy)
        conditions.read(row.conditions)
    except Invalid as error:
        return error.message
    return str(cadence)


class ScheduleQuery(Lenient):
    """Filters of the list."""

    user_id: Text | None = None
    file_id: Id | None = None
    is_active: bool | None = None
    health: Health | None = None
    limit: int = Field(1000, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=1_000_000)


class ScheduleList(BaseModel):
    """Schedules, the newest first; `count` is the number of them here."""

    schedules: list[ScheduleOut]
    count: int
