"""Shapes of a rule that is tried out before it is saved."""

from __future__ import annotations

from datetime import datetime

from pydantic import AliasChoices, BaseModel, Field

from app.api.schemas import FileName, FolderPath, Id, PublicKeys, Text
from app.api.schemas_cadence import CadenceIn
from longshore.packing import Compress
from schedules.forecast import Expected
from schedules.policy import Policy


class PreviewIn(CadenceIn):
    """A rule to try out, with the policy by which it would fire."""

    policy: Policy = Field(default_factory=Policy, description="As for a schedule; blackouts and jitter are shown.")
    count: int = Field(20, ge=1, le=50)
    after: datetime | None = Field(None, description="With its offset from UTC; now, where left out.")
    file_id: Id | None = Field(None, description="The document; for the names of what would be delivered.")
    export_format: Text = Field("pdf", validation_alias=AliasChoices("export_format", "format"))
    folder: FolderPath = ""
    file_name: FileName | None = None
    compress: Compress = "none"
    encrypt_to: PublicKeys = Field(default_factory=list)


class SlotOut(BaseModel):
    """An instant at which the rule is due; `note` says what is odd about it, `path` where its file would go.

    It is taken up from `fires_at` on, and with jitter until `fires_until`; both are null where it is left out.
    """

    at: datetime
    local: str
    note: str
    path: str
    outcome: str = Field(description="`fired`; in a blackout `skipped`, or `coalesced` with the last slot of it.")
    reason: str = Field(description="Why it is left out or put off.")
    fires_at: datetime | None
    fires_until: datetime | None

    @classmethod
    def of(cls, one: Expected, path: str) -> SlotOut:
        """The slot as an answer."""
        slot = {"at": one.slot.at, "local": one.slot.local.isoformat(), "note": one.slot.note, "path": path}
        fires = {"fires_at": one.fires_at, "fires_until": one.fires_until}
        return cls(**slot, outcome=str(one.outcome), reason=one.reason, **fires)


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
