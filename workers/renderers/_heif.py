"""AVIF and HEIC: telling them apart, and HEIC's pixels, which libvips cannot decode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.renderers.base import BadDocument

if TYPE_CHECKING:
    from pyvips import Image

_AV1 = frozenset({b"avif", b"avis"})
_HEVC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
"""Brands of HEIF files (ISO/IEC 23008-12, annex B; AV1 Image File Format, section 6). `mif1` says HEIF of any kind."""
_MOST_BRANDS = 256


def family(content: bytes) -> str:
    """`avif` or `heic` by the brands in the file's first box; empty where it is neither."""
    if content[4:8] != b"ftyp":
        return ""
    end = min(int.from_bytes(content[:4]), _MOST_BRANDS, len(content))
    brands = {content[8:12], *(content[at : at + 4] for at in range(16, end, 4))}
    if brands & _AV1:
        return "avif"
    return "heic" if brands & _HEVC else ""


def open_heic(content: bytes, most_pixels: int) -> Image:
    """A HEIC picture, turned as its file says, 8 bits a band.

    Raises BadDocument where it is broken, or has more than `most_pixels`; its pixels are decoded only then.
    """
    import pyvips
    from pi_heif import heif, options

    options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False
    try:
        found = heif.open_heif(content, convert_hdr_to_8bit=True)
        width, height = found.size
        if width * height > most_pixels:
            raise BadDocument(too_large(width, height, most_pixels))
        bands = len(found.mode)
        rows = pyvips.Image.new_from_memory(found.data, found.stride, height, 1, "uchar")
    except (ValueError, RuntimeError, EOFError, SyntaxError, OSError) as error:
        raise BadDocument("The HEIC picture is broken or cut off. Save it again.", detail=str(error)) from error
    if found.mode not in _SPACES:
        raise BadDocument(f"The HEIC picture has colours of the kind {found.mode}. Save it as JPEG.")
    picture = rows.crop(0, 0, width * bands, height)
    if bands > 1:
        packed = picture.write_to_memory()
        picture = pyvips.Image.new_from_memory(packed, width, height, bands, "uchar")
    picture = picture.copy(interpretation=_SPACES[found.mode])
    picture.set_type(pyvips.GValue.gint_type, "n-pages", len(found))
    for name, field in (("icc_profile", "icc-profile-data"), ("exif", "exif-data"), ("xmp", "xmp-data")):
        block = found.info.get(name)
        if block:
            picture.set_type(pyvips.GValue.blob_type, field, block)
    picture.set_type(pyvips.GValue.gint_type, "orientation", 1)
    return picture


_SPACES = {"L": "b-w", "LA": "b-w", "RGB": "srgb", "RGBA": "srgb"}


def too_large(width: int, height: int, most: int) -> str:
    """What to tell about a picture with too many pixels."""
    return f"The picture has {width:,} x {height:,} pixels; {most:,} are allowed in all. Send a smaller one."
