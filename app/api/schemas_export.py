"""Shapes of exports: what is asked for, and what becomes of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, Field, StrictBool, ValidationInfo, field_validator

from app.api.schemas import Fault, FileName, FolderPath, Id, Json, Lenient, Page, PublicKeys, Strict, Text, Tries
from app.api.schemas_delivery import DeliveryOut
from app.api.schemas_file import SourceIn
from app.endpoints import Inline
from longshore.packing import Compress

Conflict = Literal["overwrite", "rename", "version", "skip", "fail"]


class DeliveryIn(Strict):
    """Where the artifact goes: a stored connection, or a destination with its settings inline."""

    connection_id: Id | None = None
    destination: Text | None = Field(None, validation_alias=AliasChoices("destination", "destination_type"))
    destination_config: Inline = Field(default_factory=dict)
    folder: FolderPath = ""
    name: FileName | None = Field(None, validation_alias=AliasChoices("name", "file_name"))
    conflict: Conflict = Field("rename", description="What to do where the name is taken.")
    compress: Compress = "none"
    encrypt_to: PublicKeys = Field(default_factory=list)
    max_attempts: Tries | None = Field(None, description="Tries, with longer and longer waits; as the operator set.")


class ExportIn(Strict):
    """One document into one format, delivered to any number of places."""

    file_id: Id | None = Field(None, description="A stored document; or send `source`.")
    source: SourceIn | None = Field(None, description="The document itself.")
    preset: Text | None = Field(
        None, description="A stored preset, by id or name: its format, and its settings below the ones sent here."
    )
    format: Text | None = Field(
        None,
        validation_alias=AliasChoices("format", "export_format"),
        validate_default=True,
        description="What to make; needed without a `preset`.",
    )
    settings: Json = Field(
        default_factory=dict,
        validation_alias=AliasChoices("settings", "export_settings"),
        description="By format, see `GET /api/formats`.",
    )
    name: FileName | None = Field(None, validation_alias=AliasChoices("name", "file_name"))
    deliveries: Annotated[list[DeliveryIn], Field(max_length=50)] = Field(default_factory=list)
    deadline: float | None = Field(None, gt=0, le=600, description="Seconds that rendering may take.")
    delete_after_download: StrictBool = Field(
        default=False,
        description="Delete the artifact and an inline `source` once it was downloaded whole and every delivery ended.",
    )

    @field_validator("format")
    @classmethod
    def _something_is_asked_for(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("preset") is None:
            message = "Say what to make: `format`, or a `preset`."
            raise ValueError(message)
        return value


class DeliverIn(Strict):
    """More places for what an export made."""

    deliveries: Annotated[list[DeliveryIn], Field(min_length=1, max_length=50)]


class CloudExportIn(Lenient):
    """A stored document, rendered and delivered by one call, as diagram clients ask for it."""

    file_id: Id
    user_id: Text = Field("", description="A label of the client's own; the key decides on the owner.")
    export_format: Text = Field(validation_alias=AliasChoices("export_format", "format"))
    export_settings: Json = Field(default_factory=dict, validation_alias=AliasChoices("export_settings", "settings"))
    destination: Text = Field(validation_alias=AliasChoices("destination", "destination_type"))
    destination_config: Inline
    file_name: FileName | None = None


class CloudExportOut(BaseModel):
    """What became of it, with what the provider says beside."""

    model_config = {"extra": "allow"}

    success: bool
    destination: str
    file_name: str
    file_size: int
    format: str
    url: str
    export_id: str


class ArtifactOut(BaseModel):
    """The bytes that an export made."""

    id: str
    filename: str
    media_type: str
    size: int
    sha256: str
    created_at: datetime
    expires_at: datetime


class DownloadOut(BaseModel):
    """How to get the artifact: the link works without a key until it expires."""

    filename: str
    media_type: str
    size: int
    sha256: str
    url: str
    expires_at: datetime
    marker: str = Field(description="One line that chat front ends turn into a download button.")


class AttemptOut(BaseModel):
    """One try at rendering or delivering."""

    number: int
    delivery_id: str | None
    worker: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str
    message: str


class ExportSummary(BaseModel):
    """An export in a list."""

    id: str
    state: str
    phase: str
    progress: float
    kind: str
    format: str
    name: str
    file_id: str
    file_version: int = Field(description="0 until a document behind a `url` was fetched.")
    error: Fault | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None


class ExportOut(ExportSummary):
    """An export with all that is known about it."""

    settings: Json
    deadline: float
    delete_after_download: bool
    report: Json
    artifact: ArtifactOut | None
    download: DownloadOut | None
    deliveries: list[DeliveryOut]
    attempts: list[AttemptOut]
    links: dict[str, str]


class ExportQuery(Page):
    """Filters of the list."""

    state: Text | None = Field(None, description="One state, or several separated by commas.")
    kind: Text | None = None
    format: Text | None = None
    file_id: Id | None = None
    batch_id: Id | None = None


class ExportList(BaseModel):
    """One page of exports, the newest first."""

    exports: list[ExportSummary]
    total: int
    limit: int
    offset: int


class ExportStatus(BaseModel):
    """The short answer for clients that poll."""

    exportId: str  # noqa: N815 - the names of an existing protocol
    status: str
    progress: float
    currentPhase: str  # noqa: N815
    downloadUrl: str | None  # noqa: N815
    expiresAt: datetime | None  # noqa: N815
    error: str | None
    packageSize: int | None  # noqa: N815
    completedAt: datetime | None  # noqa: N815


class TimelineEntry(BaseModel):
    """One event in plain words."""

    at: datetime
    kind: str
    text: str
    delivery_id: str | None
    data: dict[str, Any]


class Timeline(BaseModel):
    """The history of an export, the oldest first."""

    export_id: str
    entries: list[TimelineEntry]
