"""What a user may ask of drawings and pictures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from workers.renderers._settings_base import Colour, Pixels, Quality, ScopeSettings

Dpi = Annotated[int, Field(ge=1, le=2400)]


class VectorSettings(ScopeSettings):
    """SVG: width and height are a wish; a diagram keeps its own proportions."""

    width: Pixels | None = None
    """Width to fit into, in CSS pixels, 1 to 16,384."""
    height: Pixels | None = None
    """Height to fit into, in CSS pixels, 1 to 16,384."""
    background: Colour = "white"
    """CSS colour name, #rrggbb or `transparent`."""
    padding: Annotated[int, Field(ge=0, le=1000)] = 16
    """Empty space around a drawing, in CSS pixels, 0 to 1,000."""


class PixelSettings(VectorSettings):
    """Pictures: output pixels are CSS pixels times `scale`."""

    scale: Annotated[float, Field(ge=0.5, le=4, allow_inf_nan=False)] = 2.0
    """Output pixels per CSS pixel, 0.5 to 4. A picture keeps its own size unless this is given."""
    metadata: Literal["keep", "strip"] = "strip"
    """`keep` leaves what a picture tells about itself (EXIF with its place, XMP, IPTC) in the file. The colour profile
    stays either way. Only pictures bring any."""


class ResolvedSettings(PixelSettings):
    """Formats that tell how large they print."""

    dpi: Dpi | None = None
    """Pixels per inch written into the file, 1 to 2,400; changes how large it prints, not its pixels."""


class RasterSettings(ResolvedSettings):
    """PNG."""

    compression: Annotated[int, Field(ge=0, le=9)] | None = None
    """Effort to make the file smaller, 0 (fast, large) to 9 (slow, small); 6 unless given. The pixels stay."""


class JpegSettings(ResolvedSettings):
    """JPEG, which has no transparency: `transparent` is painted white."""

    quality: Quality = 90
    """1 (small) to 100 (best), or low, medium, high, ultra."""


class LossySettings(PixelSettings):
    """WebP."""

    quality: Quality = 90
    """1 (small) to 100 (best), or low, medium, high, ultra."""


class AvifSettings(LossySettings):
    """AVIF, whose quality counts differently."""

    quality: Quality = 65
    """1 (small) to 100 (best), or low, medium, high, ultra; 65 looks like a JPEG of 90."""
