"""Shapes of a rule that is tried out before it is saved."""

from __future__ import annotations

from datetime import datetime

from pydantic import AliasChoices, BaseModel, Field

from app.api.schemas import FileName, FolderPath, Id, PublicKeys, Text
from app.api.schemas_cadence import CadenceIn
from longshore.packing import Compress


class PreviewIn(CadenceIn):
    """A rule to try out."""

    count: int = Field(20, ge=1, le=50)
    after: datetime | None = Field(None, description="With its offset from UTC; now, where left out.")
    file_id: Id | None = Field(None, description="The document; for the names of what would be delivered.")
    export_format: Text = Field("pdf", validation_alias=AliasChoices("export_format", "format"))
    folder: FolderPath = ""
    file_name: FileName | None = None
    compress: Compress = "none"
    encrypt_to: PublicKeys = Field(default_factory=list)


class SlotOut(BaseModel):
    """An instant at which the rule is due; `note` says what is odd about it, `path` where its file would go."""

    at: datetime
    local: str
    note: str
    path: str


class FindingOut(BaseModel):
    """Something odd about the rule as a whole. With the level `error` it cannot be saved."""

    code: str
    level: str
    field: str
    message: str


class PreviewOut(BaseModel):
    """The next instants of a rule, the rule in words, and what is odd about it as a whole, the worst first."""

    description: str
    slots: list[SlotOut]
    findings: list[FindingOut]
