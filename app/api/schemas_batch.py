"""Shapes of batches: many exports in one request."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StrictBool, model_validator

from app.api.schemas import FieldError, FileName, Json, Strict
from app.api.schemas_export import DeliveryIn, ExportOut, ExportSummary


class ZipIn(Strict):
    """One ZIP of everything that the batch makes: an export of its own, with its own deliveries and download."""

    name: FileName = "export"
    deliveries: Annotated[list[DeliveryIn], Field(max_length=50)] = Field(default_factory=list)
    compression: Literal["deflate", "store"] = "deflate"
    manifest: StrictBool = Field(
        default=True, description="Add `manifest.json`: name, size and SHA-256 of each file, and what is missing."
    )


class BatchIn(Strict):
    """Up to 500 exports."""

    items: Annotated[list[Json], Field(min_length=1, max_length=500)] = Field(
        description="Each as the body of `POST /api/export`."
    )
    zip: ZipIn | None = Field(None, description="Put all artifacts into one ZIP, too.")
    all_or_nothing: StrictBool = Field(
        default=False,
        description="Refuse the request where one item is refused, and make no ZIP where one file is missing.",
    )

    @model_validator(mode="before")
    @classmethod
    def of_diagrams(cls, given: Any) -> Any:
        """What diagram clients send, `diagrams` and one `format` for all, as items with a ZIP."""
        if not isinstance(given, dict) or not isinstance(given.get("diagrams"), list) or "items" in given:
            return given
        items = [
            {
                "source": {
                    "kind": "canvas",
                    "content": one.get("canvas_data"),
                    "name": one.get("title") or one.get("diagram_id") or "diagram",
                },
                "format": given.get("format"),
            }
            for one in given["diagrams"]
            if isinstance(one, dict)
        ]
        return {"items": items, "zip": {"name": "diagrams"}}


class BatchItem(BaseModel):
    """What became of one item: an export, or why there is none."""

    index: int
    export_id: str | None
    export: ExportSummary | None = Field(description="Null where it was refused, or deleted since.")
    errors: list[FieldError]


class BatchOut(BaseModel):
    """A batch as it is now. `package` is the export that makes the ZIP; its download link is there when it is."""

    id: str
    state: str = Field(description="`processing`, then `completed`, `partial` or `failed`.")
    progress: float
    accepted: int
    refused: int
    states: dict[str, int]
    items: list[BatchItem]
    package: ExportOut | None
    created_at: datetime
