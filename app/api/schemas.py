"""Shapes that several resources share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from longshore.packing import MOST_RECIPIENTS

Text = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")]
"""A short text; NUL cannot be stored."""
Label = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""A name that people give and read."""
FileName = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]
FolderPath = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")]
Timetable = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")]
Id = Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\x00]*$")]
"""An id as sent; one that cannot be an id is simply not found."""

Tries = Annotated[int, Field(strict=True, ge=1, le=20)]
"""How often a delivery is tried."""

PublicKey = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00]*$")]
PublicKeys = Annotated[
    list[PublicKey],
    Field(max_length=MOST_RECIPIENTS, description="Encrypt with age: public keys, `age1…` or `ssh-ed25519 …`."),
]


def _in_utc(given: datetime) -> datetime:
    try:
        return given.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("lies beyond what a calendar can tell") from error


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A moment with its offset from UTC."""


class Strict(BaseModel):
    """A request whose unknown fields are errors: a misspelt setting must not be ignored."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Lenient(BaseModel):
    """A request of the older clients, who send more than is read."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class Page(BaseModel):
    """Paging of every list."""

    limit: int = Field(20, ge=1, le=200, description="Rows in one answer.")
    offset: int = Field(0, ge=0, le=1_000_000, description="Rows to skip.")


class Message(BaseModel):
    """What was done, in words."""

    message: str


class Fault(BaseModel):
    """Why something failed: a name for programs, a message for people that says what to do."""

    code: str
    message: str


class FieldError(BaseModel):
    """One field at fault."""

    field: str
    message: str


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldError] = Field(default_factory=list)


Json = dict[str, Any]


def fault(code: str | None, message: str | None) -> Fault | None:
    """The fault of a row, or None where it has none."""
    return Fault(code=code or "error", message=message) if message else None
