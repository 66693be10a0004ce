"""Pictures as pixels: reading the few formats that are allowed, colours, limits, encoding.

The loader is chosen by the first bytes and called by name, so none of libvips' other 60 formats can be reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from workers.renderers._heif import family, open_heic, too_large
from workers.renderers.base import BadDocument, Refused, Render

if TYPE_CHECKING:
    from pyvips import Image

MAX_PIXELS = 100_000_000
"""Pixels of a picture that is read or written: 400 MB when it is decoded."""

MAX_BYTES = 8 * MAX_PIXELS
"""Bytes of a picture when it is decoded: the largest with transparency and 16 bits a channel."""
MAX_BANDS = 5
"""Channels of a pixel: four inks and transparency."""
SAMPLE = {"uchar": 1, "char": 1, "ushort": 2, "short": 2, "uint": 4, "int": 4, "float": 4, "double": 8}
"""Bytes of one channel of a pixel, by what libvips calls its format."""

MAX_SIDE = {"png": 16384, "jpeg": 16384, "webp": 16383, "avif": 16384, "tiff": 16384}
"""Longest side by format; 16,383 is WebP's own limit (RFC 9649, section 2.6)."""

LOADERS: dict[str, tuple[bytes, ...]] = {
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpeg": (b"\xff\xd8\xff",),
    "gif": (b"GIF87a", b"GIF89a"),
    "webp": (b"RIFF",),
    "tiff": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
}
"""Formats that are read, by the bytes that files of them begin with; AVIF and HEIC are known by `_heif.family`."""

_FOREIGN = {
    b"<svg": "an SVG drawing; send it with kind svg",
    b"<?xml": "XML text; if it is a drawing, send it with kind svg",
    b"%PDF": "a PDF",
    b"BM": "a BMP picture; save it as PNG",
    b"PK": "a ZIP archive",
}


@dataclass(frozen=True, slots=True)
class Pixels:
    """Size of a raster output."""

    width: int
    height: int


def format_of(content: bytes) -> str:
    """The format of a picture by its first bytes. Raises BadDocument where it is none of LOADERS."""
    for name, magics in LOADERS.items():
        if content.startswith(magics) and (name != "webp" or content[8:12] == b"WEBP"):
            return name
    if not content:
        raise BadDocument("The picture is empty (0 bytes). Send the file again.")
    if heif := family(content):
        return heif
    known = next((text for magic, text in _FOREIGN.items() if content.lstrip().startswith(magic)), None)
    what = f"it is {known}" if known else f"it begins with {content[:8].hex(' ')}"
    raise BadDocument(f"The document is not a PNG, JPEG, WebP, AVIF, HEIC, GIF or TIFF picture: {what}.")


def open_picture(content: bytes, **options: object) -> Image:
    """A picture of which only the header was read (of HEIC the pixels, too); its first frame or page.

    `options` are the loader's own: `page`, or `shrink` and `scale` where it can decode smaller at once.
    Raises BadDocument where the format is not allowed, the header is broken or it has more than MAX_PIXELS.
    """
    import pyvips

    name = format_of(content)
    if name == "heic":
        return open_heic(content, MAX_PIXELS)
    try:
        load = getattr(pyvips.Image, "heifload_buffer" if name == "avif" else f"{name}load_buffer")
        picture: Image = load(content, fail_on="truncated", **options)
    except pyvips.Error as error:
        raise BadDocument(
            f"The {name.upper()} picture's header is broken. Save it again.", detail=str(error)
        ) from error
    if picture.width * picture.height > MAX_PIXELS:
        raise BadDocument(too_large(picture.width, picture.height, MAX_PIXELS))
    if picture.bands > MAX_BANDS or str(picture.format) not in SAMPLE:
        raise BadDocument(f"A pixel of the picture has {picture.bands} channels ({picture.format}). Save it as RGB.")
    if picture.width * picture.height * picture.bands * SAMPLE[str(picture.format)] > MAX_BYTES:
        raise BadDocument(
            f"The picture has {picture.width:,} x {picture.height:,} pixels of {picture.bands} channels "
            f"({picture.format}), which is more than {MAX_BYTES:,} bytes. Save it with 8 bits a channel."
        )
    return picture


def header_size(content: bytes) -> tuple[int, int]:
    """Width and height as the file's header tells them, before any pixel is decoded; raises as `open_picture`."""
    picture = open_picture(content)
    return picture.width, picture.height


@cache
def colour(name: str) -> tuple[int, int, int, int]:
    """Red, green, blue and alpha, 0 to 255, of a CSS colour name or `#` notation.

    Raises BadDocument for a colour that CSS does not know.
    """
    import pyvips

    if name.lower() == "transparent":
        return 0, 0, 0, 0
    odd = (1, 2, 3, 255)
    probe = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><g fill="#010203">'
        f'<path d="M0 0h1v1h-1z" fill="{name}"/></g></svg>'
    )
    red, green, blue, alpha = (int(value) for value in pyvips.Image.svgload_buffer(probe.encode())(0, 0))
    if (red, green, blue, alpha) == odd and name.lower() != "#010203":
        raise BadDocument(f'"{name}" is not a colour. Use a CSS colour name, #rrggbb or transparent.')
    return red, green, blue, alpha


def limited(width: float, height: float, scale: float, form: str, render: Render) -> Pixels:
    """The output's size for a size in CSS pixels.

    A scale that the user did not ask for is lowered, with a warning, where the output would be too large.
    Raises Refused where even that does not help.
    """
    side, asked = MAX_SIDE[form], "scale" in render.settings.model_fields_set
    most = min(side / width, side / height, (MAX_PIXELS / (width * height)) ** 0.5)
    if scale > most:
        if asked or most < 1 / 2:
            raise Refused(
                f"The {form.upper()} would have {width * scale:,.0f} x {height * scale:,.0f} pixels; {MAX_PIXELS:,} in "
                f"all and {side:,} a side are allowed. Ask for a smaller width, height or scale."
            )
        render.resized(f"The drawing is so large that it was drawn at scale {most:.2f} instead of {scale:g}.")
        return Pixels(max(1, int(width * most)), max(1, int(height * most)))
    return Pixels(max(1, round(width * scale)), max(1, round(height * scale)))


def painted(picture: Image, background: str, form: str) -> Image:
    """The picture on a background; JPEG, which knows no transparency, is painted white under `transparent`."""
    if not picture.hasalpha():
        return picture
    red, green, blue, alpha = colour(background)
    if alpha == 0 and form != "jpeg":
        return picture
    if alpha == 0:
        red, green, blue = 255, 255, 255
    if alpha in {0, 255} or form == "jpeg":
        return picture.flatten(background=[red, green, blue])
    ground = picture.new_from_image([red, green, blue, alpha]).copy(interpretation="srgb")
    return ground.composite2(picture, "over").cast("uchar")


def encode(picture: Image, form: str, render: Render) -> bytes:
    """The file's bytes, without metadata but the colour profile unless it is to be kept.

    Raises BadDocument where the source turns out to be broken on the way.
    """
    import pyvips

    quality = render.setting("quality", 90)
    options: dict[str, dict[str, Any]] = {
        "png": {"compression": render.setting("compression", 6)},
        "jpeg": {"Q": quality, "optimize_coding": True},
        "webp": {"Q": quality, "effort": 2},
        "avif": {"Q": quality, "effort": 3, "compression": "av1", "bitdepth": 8},
        "tiff": {"compression": "deflate", "predictor": "horizontal", "resunit": "inch"},
    }
    dpi = render.setting("dpi")
    if isinstance(dpi, int):
        picture = picture.copy(xres=dpi / 25.4, yres=dpi / 25.4)
    save = getattr(picture, "heifsave_buffer" if form == "avif" else f"{form}save_buffer")
    try:
        written: bytes = save(keep="all" if render.setting("metadata") == "keep" else "icc", **options[form])
    except pyvips.Error as error:
        message = "The picture is broken or cut off before its end. Save or upload it again."
        raise BadDocument(message, detail=str(error)) from error
    return _with_density(written, dpi) if form == "jpeg" and isinstance(dpi, int) else written


def _with_density(jpeg: bytes, dpi: int) -> bytes:
    """The JPEG with a JFIF header (ITU-T T.871, 10.1), which libvips leaves out: it tells the resolution."""
    header = b"\xff\xe0\0\x10JFIF\0\1\1\1" + dpi.to_bytes(2) * 2 + b"\0\0"
    return jpeg if b"JFIF" in jpeg[:20] else jpeg[:2] + header + jpeg[2:]


def finished(shot: bytes, form: str, render: Render) -> bytes:
    """A browser's PNG as the format that was asked for; as it is where nothing else was asked."""
    as_it_is = form == "png" and render.settings.model_fields_set.isdisjoint({"compression", "dpi"})
    return shot if as_it_is else encode(open_picture(shot), form, render)
