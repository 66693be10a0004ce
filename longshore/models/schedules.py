"""Schedules, their runs, and the signs of work."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from longshore.db import Base
from longshore.models.rows import ID, new_id


class ScheduledExport(Base):
    """A document, a format and a delivery at set times. The secrets of its destination are in the connection.

    `owner` is who the API key belongs to; `user_id` is a label of the client's own. `rule` holds the fields of its rule
    that have no column of their own. One that is over is inactive, and `ended_reason` says why.
    """

    __tablename__ = "scheduled_exports"
    __table_args__ = (
        Index(
            "ix_scheduled_exports_due",
            "next_run_at",
            sqlite_where=text("is_active"),
            postgresql_where=text("is_active"),
        ),
        Index("ix_scheduled_exports_owner", "owner", "created_at"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(200))
    file_id: Mapped[str] = mapped_column(ForeignKey("files.id"), index=True)
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
    destination_type: Mapped[str] = mapped_column(String(32))
    destination_config: Mapped[dict[str, Any]]
    connection_id: Mapped[str] = mapped_column(ForeignKey("connections.id"))
    folder: Mapped[str] = mapped_column(String(1024), default="")
    file_name: Mapped[str] = mapped_column(String(255), default="")
    conflict: Mapped[str] = mapped_column(String(16), default="rename")
    packing: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    is_active: Mapped[bool]
    last_run_at: Mapped[datetime | None]
    next_run_at: Mapped[datetime | None]
    run_count: Mapped[int] = mapped_column(default=0)
    error_count: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(200))

    @property
    def when(self) -> dict[str, Any]:
        """Every field of its rule that is set, by name, as `schedules.cadence` reads them."""
        columns = ("schedule_type", "schedule_time", "schedule_day_of_week", "schedule_day_of_month", "timezone")
        return {name: getattr(self, name) for name in columns} | self.rule


class ScheduleRun(Base):
    """What became of one slot. UNIQUE(schedule, slot) is what keeps two beats from firing it twice."""

    __tablename__ = "schedule_runs"
    __table_args__ = (UniqueConstraint("schedule_id", "slot"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    schedule_id: Mapped[str] = mapped_column(ForeignKey("scheduled_exports.id", ondelete="CASCADE"))
    slot: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text, default="")
    export_id: Mapped[str | None] = mapped_column(ForeignKey("exports.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]


class Pulse(Base):
    """The last sign of work of one part: `beat`, `queue:render`, `queue:upload`."""

    __tablename__ = "pulses"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    at: Mapped[datetime]
