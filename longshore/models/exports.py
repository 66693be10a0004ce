"""Exports, their artifacts, and the history of both."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from longshore.db import Base, BigId
from longshore.models.rows import ID, Lease, new_id


class Export(Lease, Base):
    """One request: one document into one format. `progress` is 0 to 100, `phase` says of what.

    `delete_after_download`: the first whole download ends the artifact's time. `source_url`: where the document comes
    from; `file_version` is 0 until it was fetched. `run_id`: the slot of a schedule that this export belongs to.
    `conditions`: of `longshore.conditions`; `meaning` is what they compare, as a digest. `schedule_id` and `slot` say
    which schedule asked for it and for when, `schedule` its type, `timezone` its zone; they outlive the schedule.
    `batch_id`: the batch that it came with.
    """

    __tablename__ = "exports"
    __table_args__ = (
        Index("ix_exports_owner_created", "owner", "created_at"),
        Index("ix_exports_open", "state", "lease_until", postgresql_where=text("state in ('initiated', 'processing')")),
        Index("ix_exports_expiry", "state", "expires_at"),
        Index(
            "ix_exports_schedule",
            "schedule_id",
            "state",
            sqlite_where=text("schedule_id is not null"),
            postgresql_where=text("schedule_id is not null"),
        ),
        Index(
            "ix_exports_arrived",
            "schedule_id",
            "format",
            "finished_at",
            sqlite_where=text("state in ('completed', 'expired')"),
            postgresql_where=text("state in ('completed', 'expired')"),
        ),
        Index(
            "ix_exports_finished",
            "finished_at",
            sqlite_where=text("finished_at is not null"),
            postgresql_where=text("finished_at is not null"),
        ),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(200))
    file_id: Mapped[str] = mapped_column(ForeignKey("files.id"), index=True)
    file_version: Mapped[int]
    kind: Mapped[str] = mapped_column(String(32))
    format: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(255))
    settings: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(16))
    phase: Mapped[str] = mapped_column(String(32), default="waiting")
    progress: Mapped[float] = mapped_column(default=0.0)
    deadline: Mapped[float]
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)
    delete_after_download: Mapped[bool] = mapped_column(default=False, server_default=false())
    expires_at: Mapped[datetime | None]
    source_url: Mapped[str | None] = mapped_column(Text)
    # no foreign key: a run points to its export, and rows that point at each other can hardly be deleted
    run_id: Mapped[str | None] = mapped_column(ID, index=True)
    conditions: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    meaning: Mapped[str | None] = mapped_column(String(64))
    batch_id: Mapped[str | None] = mapped_column(ID, index=True)
    schedule_id: Mapped[str | None] = mapped_column(ID)
    schedule: Mapped[str] = mapped_column(String(32), default="", server_default="")
    slot: Mapped[datetime | None]
    timezone: Mapped[str] = mapped_column(String(50), default="UTC", server_default="UTC")


class Batch(Base):
    """Exports that came in one request. `items` says for each, in order, which export it became or why it was refused.

    `package_id` is the export that puts the artifacts of all of them into one ZIP, if that was asked for.
    """

    __tablename__ = "batches"

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(200), index=True)
    items: Mapped[list[Any]]
    package_id: Mapped[str | None] = mapped_column(ID)
    created_at: Mapped[datetime]


class Artifact(Base):
    """The bytes an export made; `key` is where the artifact store has them.

    `fingerprint` stands for all that the bytes depend on; empty where that is not known.
    """

    __tablename__ = "artifacts"
    __table_args__ = (Index("ix_artifacts_fingerprint", "owner", "fingerprint", "expires_at"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    export_id: Mapped[str] = mapped_column(ForeignKey("exports.id", ondelete="CASCADE"), unique=True)
    owner: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(255))
    filename: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    fingerprint: Mapped[str] = mapped_column(String(64), default="", server_default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Attempt(Base):
    """One try at rendering or delivering. `outcome` is empty while it runs."""

    __tablename__ = "attempts"
    __table_args__ = (Index("ix_attempts_export", "export_id", "started_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    export_id: Mapped[str] = mapped_column(ForeignKey("exports.id", ondelete="CASCADE"))
    delivery_id: Mapped[str | None] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    worker: Mapped[str] = mapped_column(String(255))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(32), default="")
    message: Mapped[str] = mapped_column(Text, default="")


class Event(Base):
    """One line of a history: an export's, a schedule's or, with neither and no owner, that of the whole."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_export", "export_id", "id"),
        Index(
            "ix_events_schedule",
            "schedule_id",
            "id",
            sqlite_where=text("schedule_id is not null"),
            postgresql_where=text("schedule_id is not null"),
        ),
        Index(
            "ix_events_no_export",
            "owner",
            "id",
            sqlite_where=text("export_id is null"),
            postgresql_where=text("export_id is null"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    owner: Mapped[str] = mapped_column(String(200))
    export_id: Mapped[str | None] = mapped_column(ForeignKey("exports.id", ondelete="CASCADE"))
    delivery_id: Mapped[str | None] = mapped_column(ID)
    schedule_id: Mapped[str | None] = mapped_column(
        ForeignKey("scheduled_exports.id", name="fk_events_schedule", ondelete="CASCADE")
    )
    kind: Mapped[str] = mapped_column(String(64))
    data: Mapped[dict[str, Any]]
    at: Mapped[datetime]
