"""Consents that people are asked for in a browser, until they come back with them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from longshore.db import Base


class OAuthState(Base):
    """One `state` parameter: whose it is and what becomes of it. Only its SHA-256 is kept; `secret` is an envelope.

    `connection_id` is a connection to be renewed; without it a new one is made.
    """

    __tablename__ = "oauth_states"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(200))
    destination: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(200))
    options: Mapped[dict[str, Any]]
    connection_id: Mapped[str | None] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    redirect_uri: Mapped[str] = mapped_column(String(500))
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(index=True)
