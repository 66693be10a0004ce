"""Who may call, and what they sent before."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from longshore.db import Base
from longshore.models.rows import ID, new_id


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


class IdempotencyKey(Base):
    """An `Idempotency-Key` that was used, the fingerprint of its request, and the export or schedule it made."""

    __tablename__ = "idempotency_keys"

    owner: Mapped[str] = mapped_column(String(200), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    export_id: Mapped[str | None] = mapped_column(ForeignKey("exports.id", ondelete="CASCADE"), index=True)
    schedule_id: Mapped[str | None] = mapped_column(
        ForeignKey("scheduled_exports.id", name="fk_idempotency_keys_schedule", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(index=True)
