"""What a schedule delivers to, beyond its first place."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from longshore.db import Base


class ScheduleDelivery(Base):
    """A further place of a schedule, by `position` from 1 on; the first place is in the schedule's own row."""

    __tablename__ = "schedule_deliveries"

    schedule_id: Mapped[str] = mapped_column(ForeignKey("scheduled_exports.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[str] = mapped_column(ForeignKey("connections.id"), index=True)
    destination: Mapped[str] = mapped_column(String(32))
    folder: Mapped[str] = mapped_column(String(1024), default="")
    file_name: Mapped[str] = mapped_column(String(255), default="")
    conflict: Mapped[str] = mapped_column(String(16))
    packing: Mapped[dict[str, Any]]
    max_attempts: Mapped[int | None]
