"""Settings under a name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from longshore.db import Base
from longshore.models.rows import ID, new_id


class ExportPreset(Base):
    """A format and its settings under a name. `is_default`: what clients offer first for this format, one at most.

    `owner` is who the API key belongs to; `user_id` is a label of the client's own.
    """

    __tablename__ = "export_presets"
    __table_args__ = (UniqueConstraint("owner", "name"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(200))
    user_id: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    format: Mapped[str] = mapped_column(String(32))
    settings: Mapped[dict[str, Any]]
    is_default: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
