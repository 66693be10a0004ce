"""Schedules, their runs, and the signs of work."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from longshore.db import Base
from longshore.models.orders import ScheduleDelivery
from longshore.models.rows import ID, new_id

OLD_POLICY = '{"overlap": "allow", "pause_when_blocked": false}'
"""What schedules did before they had a policy; every other rule's default is what they did."""


def _partial(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class ScheduledExport(Base):
    """A document, a format and a delivery at set times. The secrets of its destination are in the connection.

    The document is a stored file or behind `source_url`. Format, settings, preset and place in this row are the first
    of each; `formats` has further ones (`format`, `settings`, `preset_id`), and `further` the further places.

    `owner` is who the API key belongs to; `user_id` is a label of the client's own. `rule` holds the fields of its rule
    that have no column of their own, `policy` what was set of `schedules.policy.Policy`. One that is over is inactive,
    and `ended_reason` says why.

    `next_run_at` is the slot it waits for, `fire_at` the instant at which that is taken up (later by jitter, by a
    blackout, in a crowd), `late_at` the instant from which it counts as late. While it is paused these are None and
    `owed_from` is the first slot that was not dealt with; `resume_at` is when it resumes by itself. After resuming,
    `resumed_at` and `catchup_once` say how the slots of the pause are dealt with, until they are.
    After an unexpected error nobody looks at it before `parked_until`; `setbacks` counts those since it went well.
    `failures` counts the runs that failed since one succeeded. `noted` is the health that its history tells of last.
    """

    __tablename__ = "scheduled_exports"
    __table_args__ = (
        _partial("ix_scheduled_exports_due", "fire_at", where="is_active"),
        _partial("ix_scheduled_exports_late", "late_at", where="is_active"),
        _partial("ix_scheduled_exports_paused", "paused_at", where="not is_active"),
        _partial("ix_scheduled_exports_failing", "failures", where="failures > 0"),
        _partial("ix_scheduled_exports_noted", "noted", where="noted <> 'ok'"),
        _partial("ix_scheduled_exports_resume", "resume_at", where="resume_at is not null"),
        _partial("ix_scheduled_exports_blocked", "connection_id", where="paused_by = 'connection'"),
        Index("ix_scheduled_exports_owner", "owner", "created_at"),
        Index("ix_scheduled_exports_connection", "connection_id"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(200))
    file_id: Mapped[str | None] = mapped_column(ForeignKey("files.id"), index=True)
    source_url: Mapped[str | None] = mapped_column(Text)
    source_kind: Mapped[str | None] = mapped_column(String(32))
    user_id: Mapped[str] = mapped_column(String(200))
    schedule_type: Mapped[str] = mapped_column(String(16))
    schedule_time: Mapped[time | None]
    schedule_day_of_week: Mapped[int | None]
    schedule_day_of_month: Mapped[int | None]
    timezone: Mapped[str] = mapped_column(String(50))
    rule: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    remaining_runs: Mapped[int | None]
    ended_reason: Mapped[str | None] = mapped_column(Text)
    export_format: Mapped[str] = mapped_column(String(32))
    export_settings: Mapped[dict[str, Any]]
    preset_id: Mapped[str | None] = mapped_column(
        ForeignKey("export_presets.id", name="fk_scheduled_exports_preset"), index=True
    )
    formats: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    conditions: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    destination_type: Mapped[str] = mapped_column(String(32))
    destination_config: Mapped[dict[str, Any]]
    connection_id: Mapped[str] = mapped_column(ForeignKey("connections.id"))
    folder: Mapped[str] = mapped_column(String(1024), default="")
    file_name: Mapped[str] = mapped_column(String(255), default="")
    conflict: Mapped[str] = mapped_column(String(16), default="rename")
    max_attempts: Mapped[int | None]
    packing: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    is_active: Mapped[bool]
    policy: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=OLD_POLICY)
    last_run_at: Mapped[datetime | None]
    next_run_at: Mapped[datetime | None]
    fire_at: Mapped[datetime | None]
    late_at: Mapped[datetime | None]
    parked_until: Mapped[datetime | None]
    setbacks: Mapped[int] = mapped_column(default=0, server_default="0")
    paused_at: Mapped[datetime | None]
    paused_by: Mapped[str] = mapped_column(String(16), default="", server_default="")
    paused_reason: Mapped[str | None] = mapped_column(Text)
    owed_from: Mapped[datetime | None]
    resume_at: Mapped[datetime | None]
    resumed_at: Mapped[datetime | None]
    catchup_once: Mapped[str | None] = mapped_column(String(8))
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    noted: Mapped[str] = mapped_column(String(8), default="ok", server_default="ok")
    run_count: Mapped[int] = mapped_column(default=0)
    error_count: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(200))
    further: Mapped[list[ScheduleDelivery]] = relationship(
        order_by=ScheduleDelivery.position, lazy="selectin", cascade="all, delete-orphan", passive_deletes=True
    )

    @property
    def when(self) -> dict[str, Any]:
        """Every field of its rule that is set, by name, as `schedules.cadence` reads them."""
        columns = ("schedule_type", "schedule_time", "schedule_day_of_week", "schedule_day_of_month", "timezone")
        return {name: getattr(self, name) for name in columns} | self.rule


class ScheduleRun(Base):
    """What became of one slot, or a run by hand. UNIQUE(schedule, slot) is what keeps two beats from firing it twice.

    `planned_at` is when the slot was to be taken up, `started_at` when its exports were accepted; they carry its id as
    `run_id`, and `export_id` is the first of them. `queued_at` is set while it waits for the run before it, `look_at`
    when one of its exports has ended and nobody has looked at the whole; `ended_at` and `result` are what was found.
    """

    __tablename__ = "schedule_runs"
    __table_args__ = (
        UniqueConstraint("schedule_id", "slot"),
        _partial("ix_schedule_runs_queued", "schedule_id", "slot", where="queued_at is not null"),
        _partial("ix_schedule_runs_look", "look_at", where="look_at is not null"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    schedule_id: Mapped[str] = mapped_column(ForeignKey("scheduled_exports.id", ondelete="CASCADE"))
    slot: Mapped[datetime]
    planned_at: Mapped[datetime | None]
    trigger: Mapped[str] = mapped_column(String(16), default="slot", server_default="slot")
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text, default="")
    export_id: Mapped[str | None] = mapped_column(ForeignKey("exports.id", ondelete="SET NULL"), index=True)
    result: Mapped[str] = mapped_column(String(16), default="", server_default="")
    created_at: Mapped[datetime]
    queued_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    look_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Pulse(Base):
    """The last sign of work of one part: `beat`, `beat:<host>:<pid>`, `queue:render`, `queue:upload`."""

    __tablename__ = "pulses"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    at: Mapped[datetime]
