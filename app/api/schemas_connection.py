"""Shapes of connections and keys. Secrets go in and never come out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, BaseModel, Field, StrictBool, model_validator

from app.api.schemas import FolderPath, Id, Instant, Json, Label, Page, Strict, Text, Timetable
from longshore import bandwidth
from longshore.models import ApiKey, Connection
from longshore.retention import Per, Rule, parts
from workers.destinations.base import Lifetime

DAY = 86_400
Scope = Literal["read", "write", "admin"]
Uploads = Annotated[int, Field(strict=True, ge=1, le=100)]
"""How many deliveries run at once."""
UPLOADS = "Deliveries that run at once; as the operator set, where left out."
BANDWIDTH = "Limit of all its uploads, in bytes a second: `10M`, or by the hour, `08:00,512k 19:00,off Sat-00:00,off`."
BANDWIDTH_TIMEZONE = "IANA name: where the hours of `bandwidth` are counted."


class Flow(Strict):
    """How much a connection sends at once, and how fast."""

    uploads: Uploads | None = Field(None, description=UPLOADS)
    bandwidth: Timetable | None = Field(None, description=BANDWIDTH)
    bandwidth_timezone: Text | None = Field(None, description=BANDWIDTH_TIMEZONE)

    def write(self, row: Connection) -> None:
        """Take over what was sent; null is as the operator set. Raises Invalid, naming what is wrong in a timetable."""
        sent = self.model_fields_set & {"uploads", "bandwidth", "bandwidth_timezone"}
        if "uploads" in sent:
            row.uploads = self.uploads
        if sent - {"uploads"}:
            table = (self.bandwidth or "") if "bandwidth" in sent else row.bandwidth or ""
            zone = (self.bandwidth_timezone or "UTC") if "bandwidth_timezone" in sent else row.bandwidth_timezone
            bandwidth.read(table, zone or "UTC")
            row.bandwidth, row.bandwidth_timezone = table, zone or "UTC"


def _read_write() -> list[Scope]:
    return ["read", "write"]


class RuleIn(Strict):
    """What is kept of the files that this connection delivers; what either condition keeps stays."""

    folder: FolderPath = Field("", description="And all folders below it; empty: every folder.")
    keep_last: int | None = Field(None, ge=1, le=100_000, description="The newest so many of each series.")
    keep_days: float | None = Field(None, gt=0, le=36_500, description="What arrived within so many days.")
    per: Per = Field("schedule", description="A series is what one schedule, document or folder brought.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.keep_last is None and self.keep_days is None:
            raise ValueError("say `keep_last`, `keep_days` or both")
        if ".." in parts(self.folder):
            raise ValueError("a folder may not contain `..`")
        return self

    def rule(self) -> Rule:
        """As it is judged by."""
        return Rule("/".join(parts(self.folder)), self.keep_last, self.keep_days, self.per)


Rules = Annotated[list[RuleIn], Field(max_length=50)]


class ConnectionIn(Flow):
    """Credentials for one provider, by the schemas of `GET /api/destinations`."""

    name: Label
    destination: Text = Field(validation_alias=AliasChoices("destination", "destination_type"))
    options: Json = Field(default_factory=dict)
    secrets: Json = Field(default_factory=dict, description="Encrypted at rest; in no answer.")
    expires_at: Instant | None = Field(None, description="When the credentials end, where you know it.")
    retention: Rules = Field(default_factory=list, description="Delivered files that no rule keeps are removed again.")


class ConnectionUpdate(Flow):
    """What changes. `options` replaces them all; `secrets` replaces those that are sent, null removes one."""

    name: Label | None = None
    options: Json | None = None
    secrets: Json | None = None
    expires_at: Instant | None = None
    retention: Rules | None = Field(None, description="Replaces all rules; an empty list keeps everything.")


class ConnectionRotate(Strict):
    """New secrets in the place of old ones; null removes one."""

    secrets: Annotated[Json, Field(min_length=1)]
    test: StrictBool = Field(default=True, description="Try them first, and keep the old ones where they fail.")
    expires_at: Instant | None = None


class AuthorizeIn(Strict):
    """An account to be connected in a browser: a new connection, or an existing one whose consent is renewed."""

    destination: Text | None = Field(None, validation_alias=AliasChoices("destination", "destination_type"))
    name: Label | None = None
    options: Json = Field(default_factory=dict)
    connection_id: Id | None = Field(None, description="A stored connection to renew; it keeps its id and its name.")


class AuthorizeOut(BaseModel):
    """Where to send the person. The address works once, until then."""

    authorize_url: str
    expires_at: datetime


class ConnectionOut(BaseModel):
    """A connection without its secrets."""

    id: str
    name: str
    destination: str
    options: Json
    enabled: bool = Field(description="Where false, deliveries wait.")
    health: str = Field(
        description="`untested`; `ok` after a test or a delivery; `failed` after a test; `needs_reconnect` after a"
        " delivery was refused: nothing is sent until the secrets are changed or a test succeeds."
    )
    last_error: str | None
    last_tested_at: datetime | None
    uploads: int | None = Field(description=UPLOADS)
    bandwidth: str = Field(description=BANDWIDTH)
    bandwidth_timezone: str = Field(description=BANDWIDTH_TIMEZONE)
    circuit: str = Field(
        description="`closed`; `open` while its deliveries wait because they failed in a row; `half_open`: one tries."
    )
    circuit_until: datetime | None = Field(description="When the next one may try.")
    account: str | None = Field(description="As the last successful test saw it.")
    rights: list[str]
    free_bytes: int | None
    expires_at: datetime | None = Field(description="When the credentials end, if they are not used before that.")
    expires_in_days: float | None
    retention: list[RuleIn]
    retained_at: datetime | None = Field(description="When the rules were applied last.")
    expiry_note: str = Field(description="How long such credentials last, and where that is written.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Connection, lasts: Lifetime | None, delivered: datetime | None, *, now: datetime) -> ConnectionOut:
        """The row as an answer; `delivered` is when a delivery arrived last."""
        seen = row.seen or {}
        ends = row.expires_at
        if ends is None and lasts and lasts.unused_days:
            tested = row.last_tested_at if row.health == "ok" else None
            ends = max(filter(None, (delivered, tested, row.created_at))) + timedelta(days=lasts.unused_days)
        same: Json = {name: getattr(row, name) for name in cls.model_fields.keys() & row.__mapper__.columns.keys()}
        told = {
            "account": seen.get("account"),
            "rights": seen.get("rights", []),
            "free_bytes": seen.get("free_bytes"),
            "expires_at": ends,
            "expires_in_days": round((ends - now).total_seconds() / DAY, 1) if ends else None,
            "expiry_note": f"{lasts.note} {lasts.source}".strip() if lasts else "",
        }
        return cls(**(same | told))


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
