"""Shapes of connections and keys. Secrets go in and never come out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, Field

from app.api.schemas import Json, Label, Page, Strict, Text
from longshore.models import ApiKey, Connection

Scope = Literal["read", "write", "admin"]


def _read_write() -> list[Scope]:
    return ["read", "write"]


class ConnectionIn(Strict):
    """Credentials for one provider, by the schemas of `GET /api/destinations`."""

    name: Label
    destination: Text = Field(validation_alias=AliasChoices("destination", "destination_type"))
    options: Json = Field(default_factory=dict)
    secrets: Json = Field(default_factory=dict, description="Encrypted at rest; in no answer.")


class ConnectionUpdate(Strict):
    """What changes. `options` replaces them all; `secrets` replaces those that are sent, null removes one."""

    name: Label | None = None
    options: Json | None = None
    secrets: Json | None = None


class ConnectionOut(BaseModel):
    """A connection without its secrets."""

    id: str
    name: str
    destination: str
    options: Json
    enabled: bool = Field(description="Where false, deliveries wait.")
    health: str = Field(description="`untested`, `ok`, `failed` or `needs_reconnect`.")
    last_error: str | None
    last_tested_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Connection) -> ConnectionOut:
        """The row as an answer."""
        return cls.model_validate(row, from_attributes=True)


class ConnectionQuery(Page):
    """Filters of the list."""

    destination: Text | None = None


class ConnectionList(BaseModel):
    """One page of connections, the newest first."""

    connections: list[ConnectionOut]
    total: int
    limit: int
    offset: int


class ConnectionTest(BaseModel):
    """What a test of a connection saw."""

    ok: bool
    message: str
    account: str = ""
    rights: list[str] = Field(default_factory=list)
    free_bytes: int | None = None
    released: int = Field(0, description="Deliveries that had waited for this connection and go on now.")


class KeyIn(Strict):
    """A new API key."""

    name: Label
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=3)] = Field(default_factory=_read_write)


class KeyOut(BaseModel):
    """A key as it can be told apart from others."""

    id: str
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, row: ApiKey) -> KeyOut:
        """The row as an answer."""
        return cls.model_validate(row, from_attributes=True)


class NewKey(KeyOut):
    """A new key with its token, which is shown this once."""

    token: str


class KeyList(BaseModel):
    """Every key of the owner, the newest first."""

    keys: list[KeyOut]
