"""What a schedule exports: a document, into one or more formats, to one or more places, under conditions."""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasChoices, BaseModel, Field

from app.api.schemas import Id, Json, Lenient, Strict, Text
from app.api.schemas_export import DeliveryIn
from app.api.schemas_file import Address
from longshore.conditions import Conditions
from longshore.models import ScheduleDelivery, ScheduledExport
from longshore.packing import Packing


class FormatIn(Strict):
    """One format to make: by name with settings, or a preset with settings on top."""

    format: Text | None = Field(None, validation_alias=AliasChoices("format", "export_format"))
    preset: Text | None = Field(None, description="A stored preset, by id or name, used as it is at each firing.")
    settings: Json = Field(default_factory=dict, validation_alias=AliasChoices("settings", "export_settings"))


class OrderIn(Lenient):
    """A document, formats and places, beyond the one of each that older clients know."""

    file_id: Id | None = Field(None, description="A stored document; its newest version at the time of firing.")
    source_url: Address | None = Field(None, description="Or an http(s) address, fetched at each firing.")
    source_kind: Text | None = Field(None, description="What is behind `source_url`: `svg`, `markdown`, `file` ...")
    preset: Text | None = Field(None, description="A stored preset, by id or name, instead of or below the settings.")
    formats: Annotated[list[FormatIn], Field(min_length=1, max_length=10)] | None = Field(
        None, description="Several formats at each firing, in place of `export_format`."
    )
    deliveries: Annotated[list[DeliveryIn], Field(min_length=1, max_length=20)] | None = Field(
        None, description="Several places at each firing, in place of `destination_type` or `connection_id`."
    )
    conditions: Conditions | None = Field(None, description="When a slot is skipped, and no file is made.")


class FormatOut(BaseModel):
    """One format of a schedule."""

    format: str
    settings: Json
    preset_id: str | None

    @classmethod
    def all_of(cls, row: ScheduledExport) -> list[FormatOut]:
        """Every format of a schedule."""
        first = {"format": row.export_format, "settings": row.export_settings, "preset_id": row.preset_id}
        return [cls(**one) for one in (first, *row.formats)]


class PlaceOut(BaseModel):
    """One place of a schedule."""

    connection_id: str
    destination: str
    folder: str
    name: str
    conflict: str
    max_attempts: int | None
    compress: str
    encrypt_to: list[str]

    @classmethod
    def all_of(cls, row: ScheduledExport) -> list[PlaceOut]:
        """Every place of a schedule."""
        return [cls._of(row, row.destination_type), *(cls._of(one, one.destination) for one in row.further)]

    @classmethod
    def _of(cls, one: ScheduledExport | ScheduleDelivery, destination: str) -> PlaceOut:
        packing = Packing.of(one.packing)
        return cls(
            connection_id=one.connection_id,
            destination=destination,
            folder=one.folder,
            name=one.file_name,
            conflict=one.conflict,
            max_attempts=one.max_attempts,
            compress=packing.compress,
            encrypt_to=list(packing.encrypt_to),
        )
