"""Shapes of source documents."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, Field, StringConstraints

from app.api.schemas import FileName, Id, Lenient, Page, Text
from longshore.models import File, FileVersion

FileType = Literal["canvas", "note", "mixed", "mermaid"]


class FileIn(Lenient):
    """A document: `content` as text or JSON, or `content_base64`, or the fields of a diagram by `file_type`."""

    name: FileName | None = Field(None, validation_alias=AliasChoices("name", "title"))
    kind: Text | None = Field(None, description="`canvas`, `mermaid`, `markdown` ...; `GET /api/formats` has them all.")
    file_type: FileType | None = Field(None, description="Diagram clients say this instead of `kind`.")
    content: Any = Field(None, description="The document as text, or as JSON.")
    content_base64: str | None = Field(None, description="The document as base64, for pictures.")
    canvas_data: Any = None
    note_content: str | None = None
    mermaid_code: str | None = None


class FileOut(BaseModel):
    """A stored document."""

    id: str
    name: str
    kind: str
    version: int
    size: int
    sha256: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, file: File, version: FileVersion) -> FileOut:
        """The rows as an answer."""
        return cls(
            id=file.id,
            name=file.name,
            kind=file.kind,
            version=file.version,
            size=version.size,
            sha256=version.sha256,
            created_at=file.created_at,
            updated_at=file.updated_at,
        )


class FileQuery(Page):
    """Filters of the list."""

    kind: Text | None = None
    name: Text | None = Field(None, description="Part of the name, in any case.")


class FileList(BaseModel):
    """One page of documents, the newest first."""

    files: list[FileOut]
    total: int
    limit: int
    offset: int


class RawFile(Lenient):
    """What is told about a document whose body is its content."""

    name: FileName | None = None
    kind: Text | None = None


Address = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00-\x20]+$")]


class SourceIn(Lenient):
    """A document that comes with its export, or the address that a worker fetches it from."""

    kind: Text
    url: Address | None = Field(None, description="An http or https address, fetched when the export is made.")
    content: Any = None
    content_base64: str | None = None
    name: FileName = "export"


class FileRef(BaseModel):
    """Which document, by id."""

    file_id: Id
