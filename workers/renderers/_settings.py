"""What a user may ask of each format: the settings models of `POST /api/export`.

Lengths are CSS pixels (1/96 inch) unless a name says otherwise. Unknown fields are refused.
"""

from __future__ import annotations

from typing import Literal

from workers.renderers._settings_base import ScopeSettings, Settings
from workers.renderers._settings_page import PageSettings
from workers.renderers._settings_vector import (
    AvifSettings,
    JpegSettings,
    LossySettings,
    RasterSettings,
    ResolvedSettings,
    VectorSettings,
)

__all__ = [
    "SETTINGS",
    "ArchiveSettings",
    "AvifSettings",
    "CsvSettings",
    "JpegSettings",
    "LossySettings",
    "PageSettings",
    "PlainSettings",
    "RasterSettings",
    "ResolvedSettings",
    "Settings",
    "SpreadsheetSettings",
    "VectorSettings",
    "WebPageSettings",
]


class WebPageSettings(VectorSettings):
    """A self-contained HTML page."""


class PlainSettings(ScopeSettings):
    """Text formats with nothing to choose."""


class CsvSettings(Settings):
    """CSV."""

    delimiter: Literal[",", ";", "\t", "|"] = ","
    """The character between two cells."""
    bom: bool = True
    """A byte order mark at the start, which lets Excel see that the file is UTF-8."""
    formulas: Literal["escape", "raw"] = "escape"
    """`escape` puts ' before text that a spreadsheet would run as a formula; `raw` leaves every cell as it is."""


class SpreadsheetSettings(Settings):
    """XLSX. Text is never a formula."""

    freeze: bool = True
    """Keep the column names in sight."""


class ArchiveSettings(Settings):
    """ZIP."""

    compression: Literal["deflate", "store"] = "deflate"
    """`store` packs at once what is compressed already."""


SETTINGS: dict[str, type[Settings]] = {
    "svg": VectorSettings,
    "png": RasterSettings,
    "jpeg": JpegSettings,
    "webp": LossySettings,
    "avif": AvifSettings,
    "tiff": ResolvedSettings,
    "pdf": PageSettings,
    "html": WebPageSettings,
    "json": PlainSettings,
    "md": PlainSettings,
    "csv": CsvSettings,
    "xlsx": SpreadsheetSettings,
    "xml": PlainSettings,
    "zip": ArchiveSettings,
    "original": PlainSettings,
}
"""Settings model by format."""
