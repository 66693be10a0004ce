"""What a user may ask of each format: the settings models of `POST /api/export`.

Lengths are CSS pixels (1/96 inch) unless a name says otherwise. Unknown fields are refused.
"""

from __future__ import annotations

from typing import Any, Literal

from workers.renderers._settings_base import SCENES, ScopeSettings, Settings
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
    "misfit",
    "schema",
]

ONLY_FOR = {"scope": SCENES, "ids": SCENES}
"""Settings that mean something to some kinds only."""


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


def misfit(kind: str, asked: Settings) -> tuple[str, str] | None:
    """The first setting that this kind cannot follow, with a message for people; None where all can be."""
    for name, kinds in ONLY_FOR.items():
        default = type(asked).model_fields[name].default if name in asked.model_fields_set else None
        if name in asked.model_fields_set and kind not in kinds and getattr(asked, name) != default:
            return name, f"{name} is for {', '.join(sorted(kinds))}; a {kind} document is always shown whole."
    return None


def schema(kind: str, form: str) -> dict[str, Any]:
    """The JSON schema of what may be asked of a format, without what this kind cannot follow."""
    whole = SETTINGS[form].model_json_schema()
    properties = {name: one for name, one in whole["properties"].items() if kind in ONLY_FOR.get(name, {kind})}
    return {**whole, "properties": properties}
