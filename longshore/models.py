"""The rows. Ids are UUID text, instants UTC, sizes bytes. States are written by `longshore.states.move` alone."""

from __future__ import annotations

import uuid
from datetime import datetime, time
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from longshore.db import Base, BigId

ID = String(36)


def new_id() -> str:
    """A random id that tells nothing and cannot be guessed."""
    return str(uuid.uuid4())


class ApiKey(Base):
    """A key of the API. Only its SHA-256 is kept; `prefix` is shown so that people can tell keys apart."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(200), index=True)
    name: Mapped[str] = mapped_column(String(200))
    prefix: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class File(Base):
    """A source document. `listed` is false for a document that came inline with an export and goes with it."""

    __tablename__ = "files"
    __table_args__ = (Index("ix_files_owner_created", "owner", "created_at"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(32))
    version: Mapped[int]
    listed: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class FileVersion(Base):
    """One content of a file; `key` is where the artifact store has it."""

    __tablename__ = "file_versions"
    __table_args__ = (UniqueConstraint("file_id", "version"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    file_id: Mapped[str] = mapped_column(ForeignKey("files.id", ondelete="CASCADE"))
    version: Mapped[int]
    key: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class Lease:
    """What a row that workers claim carries: the count of attempts is the fencing token."""

    attempt: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int]
    worker: Mapped[str | None] = mapped_column(String(255))
    lease_until: Mapped[datetime | None]
    not_before: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_message: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Export(Lease, Base):
    """One request: one document into one format. `progress` is 0 to 100, `phase` says of what."""

    __tablename__ = "exports"
    __table_args__ = (
        Index("ix_exports_owner_created", "owner", "created_at"),
        Index("ix_exports_open", "state", "lease_until", postgresql_where=text("state in ('initiated', 'processing')")),
        Index("ix_exports_expiry", "state", "expires_at"),
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
    expires_at: Mapped[datetime | None]


class Artifact(Base):
    """The bytes an export made; `key` is where the artifact store has them."""

    __tablename__ = "artifacts"

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    export_id: Mapped[str] = mapped_column(ForeignKey("exports.id", ondelete="CASCADE"), unique=True)
    owner: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(255))
    filename: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Connection(Base):
    """Credentials for one provider. `secret` is an envelope of `longshore.vault`; `one_off` came with an export."""

    __tablename__ = "connections"
    __table_args__ = (Index("ix_connections_owner", "owner", "name"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    destination: Mapped[str] = mapped_column(String(32))
    options: Mapped[dict[str, Any]]
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    one_off: Mapped[bool]
    health: Mapped[str] = mapped_column(String(16), default="untested")
    last_error: Mapped[str | None] = mapped_column(Text)
    last_tested_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Delivery(Lease, Base):
    """One artifact to one connection, folder and name. `checkpoint` is an envelope: it may hold a capability."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_owner_created", "owner", "created_at"),
        Index("ix_deliveries_open", "state", "lease_until"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(200))
    export_id: Mapped[str] = mapped_column(ForeignKey("exports.id", ondelete="CASCADE"), index=True)
    connection_id: Mapped[str] = mapped_column(ForeignKey("connections.id"), index=True)
    destination: Mapped[str] = mapped_column(String(32))
    folder: Mapped[str] = mapped_column(String(1024), default="")
    name: Mapped[str] = mapped_column(String(255), default="")
    conflict: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    bytes_sent: Mapped[int] = mapped_column(BigInteger, default=0)
    size: Mapped[int | None] = mapped_column(BigInteger)
    checkpoint: Mapped[bytes | None] = mapped_column(LargeBinary)


class Receipt(Base):
    """What the provider confirmed about a delivery, beside the SHA-256 of the artifact that was sent."""

    __tablename__ = "receipts"

    delivery_id: Mapped[str] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True)
    provider_id: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    checksum: Mapped[str] = mapped_column(String(200))
    verified: Mapped[str] = mapped_column(String(16))
    skipped: Mapped[bool]
    extra: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Attempt(Base):
    """One try at rendering or delivering. `outcome` is empty while it runs."""

    __tablename__ = "attempts"
    __table_args__ = (Index("ix_attempts_export", "export_id", "started_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    export_id: Mapped[str] = mapped_column(ForeignKey("exports.id", ondelete="CASCADE"))
    delivery_id: Mapped[str | None] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"))
    number: Mapped[int]
    worker: Mapped[str] = mapped_column(String(255))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(32), default="")
    message: Mapped[str] = mapped_column(Text, default="")


class Event(Base):
    """One line of an export's history."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_export", "export_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    owner: Mapped[str] = mapped_column(String(200))
    export_id: Mapped[str] = mapped_column(ForeignKey("exports.id", ondelete="CASCADE"))
    delivery_id: Mapped[str | None] = mapped_column(ID)
    kind: Mapped[str] = mapped_column(String(64))
    data: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class IdempotencyKey(Base):
    """An `Idempotency-Key` that was used, the fingerprint of its request, and the export it made."""

    __tablename__ = "idempotency_keys"

    owner: Mapped[str] = mapped_column(String(200), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    export_id: Mapped[str] = mapped_column(ForeignKey("exports.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(index=True)


class ScheduledExport(Base):
    """A document, a format and a delivery at set times. The secrets of its destination are in the connection.

    `owner` is who the API key belongs to; `user_id` is a label of the client's own.
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
    schedule_time: Mapped[time]
    schedule_day_of_week: Mapped[int | None]
    schedule_day_of_month: Mapped[int | None]
    timezone: Mapped[str] = mapped_column(String(50))
    export_format: Mapped[str] = mapped_column(String(32))
    export_settings: Mapped[dict[str, Any]]
    destination_type: Mapped[str] = mapped_column(String(32))
    destination_config: Mapped[dict[str, Any]]
    connection_id: Mapped[str] = mapped_column(ForeignKey("connections.id"))
    folder: Mapped[str] = mapped_column(String(1024), default="")
    file_name: Mapped[str] = mapped_column(String(255), default="")
    conflict: Mapped[str] = mapped_column(String(16), default="rename")
    is_active: Mapped[bool]
    last_run_at: Mapped[datetime | None]
    next_run_at: Mapped[datetime | None]
    run_count: Mapped[int] = mapped_column(default=0)
    error_count: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(200))


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
