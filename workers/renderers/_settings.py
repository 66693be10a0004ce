"""What a user may ask of each format: the settings models of `POST /api/export`.

Lengths are CSS pixels (1/96 inch) unless a name says otherwise. Unknown fields are refused.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

QUALITY_WORDS = {"low": 50, "medium": 75, "high": 90, "ultra": 100}
"""The seed's words for `quality`, as the number that image encoders take."""


def _quality(value: Any) -> Any:
    return QUALITY_WORDS.get(value, value) if isinstance(value, str) else value


Pixels = Annotated[int, Field(ge=1, le=16384)]
Quality = Annotated[int, BeforeValidator(_quality), Field(ge=1, le=100)]
Colour = Annotated[str, Field(pattern=r"^(transparent|#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,24})$")]


class Settings(BaseModel):
    """Fields that every format understands."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    theme: Literal["light", "dark"] = "light"


class VectorSettings(Settings):
    """SVG: width and height are a wish; a diagram keeps its own proportions."""

    width: Pixels | None = None
    height: Pixels | None = None
    background: Colour = "white"
    padding: Annotated[int, Field(ge=0, le=1000)] = 16


class RasterSettings(VectorSettings):
    """PNG: output pixels are CSS pixels times `scale`."""

    scale: Annotated[float, Field(ge=0.5, le=4)] = 2.0


class LossySettings(RasterSettings):
    """JPEG and WebP; JPEG has no transparency, so `transparent` is painted white."""

    quality: Quality = 90


class PageSettings(VectorSettings):
    """PDF. `page_size` "fit" makes one page as large as the drawing; notes are paged on A4 then."""

    page_size: Literal["fit", "a4", "letter"] = "fit"
    orientation: Literal["portrait", "landscape"] = "portrait"
    margin_mm: Annotated[float, Field(ge=0, le=100)] = 15.0


class WebPageSettings(VectorSettings):
    """A self-contained HTML page."""


class PlainSettings(Settings):
    """Text formats with nothing to choose."""


class CsvSettings(Settings):
    """CSV. `bom` lets Excel see that it is UTF-8.

    `escape` puts ' before text that a spreadsheet would run as a formula; `raw` leaves every cell as it is.
    """

    delimiter: Literal[",", ";", "\t", "|"] = ","
    bom: bool = True
    formulas: Literal["escape", "raw"] = "escape"


class SpreadsheetSettings(Settings):
    """XLSX. `freeze` keeps the column names in sight. Text is never a formula."""

    freeze: bool = True


class ArchiveSettings(Settings):
    """ZIP: `store` packs at once what is compressed already."""

    compression: Literal["deflate", "store"] = "deflate"


SETTINGS: dict[str, type[Settings]] = {
    "svg": VectorSettings,
    "png": RasterSettings,
    "jpeg": LossySettings,
    "webp": LossySettings,
    "pdf": PageSettings,
    "html": WebPageSettings,
    "json": PlainSettings,
    "md": PlainSettings,
    "csv": CsvSettings,
    "xlsx": SpreadsheetSettings,
    "xml": PlainSettings,
    "zip": ArchiveSettings,
}
"""Settings model by format."""
