"""Shapes of presets."""

from __future__ import annotations

from datetime import datetime

from pydantic import AliasChoices, BaseModel, Field

from app.api.schemas import Json, Label, Lenient, Page, Text
from longshore.models import ExportPreset


class PresetIn(Lenient):
    """A format and its settings under a name."""

    name: Label
    format: Text = Field(validation_alias=AliasChoices("format", "export_format"))
    settings: Json = Field(default_factory=dict, validation_alias=AliasChoices("settings", "export_settings"))
    user_id: Label | None = Field(None, description="A label of the client's own; the owner, where left out.")
    is_default: bool = Field(default=False, description="Offer it first for its format; another one is so no longer.")


class PresetUpdate(Lenient):
    """What changes; everything else stays."""

    name: Label | None = None
    format: Text | None = Field(None, validation_alias=AliasChoices("format", "export_format"))
    settings: Json | None = Field(None, validation_alias=AliasChoices("settings", "export_settings"))
    is_default: bool | None = None


class PresetOut(BaseModel):
    """A stored preset."""

    id: str
    user_id: str
    name: str
    format: str
    settings: Json
    is_default: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: ExportPreset) -> PresetOut:
        """The row as an answer."""
        return cls.model_validate(row, from_attributes=True)


class PresetQuery(Page):
    """Filters of the list."""

    user_id: Text | None = None
    format: Text | None = None


class PresetList(BaseModel):
    """One page of presets, by name."""

    presets: list[PresetOut]
    total: int
    limit: int
    offset: int
