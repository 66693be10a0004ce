"""A picture as it is meant to be seen: upright, in the size that was asked for, 8 bits a band, colours as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.renderers._pixels import LOADERS, Pixels, format_of, limited, open_picture
from workers.renderers._svg_size import Size, wish
from workers.renderers.base import BadDocument, Render

if TYPE_CHECKING:
    from pyvips import Image

LARGEST_PROFILE = 1_000_000
"""Bytes of a colour profile that is passed on; those of cameras and screens have 500 to 600,000."""

_ON_ITS_SIDE = 5
"""EXIF orientations from here to 8 swap width and height (CIPA DC-008, 4.6.4)."""


@dataclass(frozen=True, slots=True)
class Photo:
    """What the header tells: the format, the size as it is meant to be seen, and how many frames or pages there are."""

    content: bytes
    format: str
    size: Size
    pages: int


def number(picture: Image, name: str) -> int:
    """A number from the header; 1 where the picture does not tell."""
    return int(str(picture.get(name))) if picture.get_typeof(name) else 1


def dpi(picture: Image, content: bytes) -> list[float] | None:
    """Pixels per inch across and down; None where the file does not tell, for which libvips has a value of its own."""
    found = [round(picture.xres * 25.4, 2), round(picture.yres * 25.4, 2)]
    if content.startswith(LOADERS["png"]):
        told = b"pHYs" in content.partition(b"IDAT")[0]
    elif content.startswith(LOADERS["jpeg"]):  # 72 also stands for "unknown" in EXIF (CIPA DC-008, 4.6.4)
        told = (content[6:10] == b"JFIF" and content[13] != 0) or found != [72.0, 72.0]
    else:
        told = (picture.xres, picture.yres) != (1.0, 1.0)
    return found if told else None


def look_at(content: bytes, page: int = 0) -> Photo:
    """The header of a picture, or of one of its pages. Raises BadDocument."""
    form = format_of(content)
    picture = open_picture(content, **_page(form, page))
    width, height = picture.width, picture.height
    if number(picture, "orientation") >= _ON_ITS_SIDE:
        width, height = height, width
    return Photo(content, form, Size(width, height), number(picture, "n-pages"))


def fitted(photo: Photo, render: Render, form: str) -> Pixels:
    """The size of the output: inside the box that was asked for. Only an explicit `scale` above 1 enlarges."""
    own = photo.size
    size = own.fitted(wish(render, "width"), wish(render, "height"))
    if size.width > own.width:
        render.resized(
            f"The picture has {own.width:g} x {own.height:g} pixels and was not enlarged; set scale to do so."
        )
        size = own
    scale = render.setting("scale", 1.0) if "scale" in render.settings.model_fields_set else 1.0
    return limited(size.width, size.height, scale if isinstance(scale, float) else 1.0, form, render)


def load(photo: Photo, size: Pixels, render: Render, page: int = 0) -> Image:
    """The picture in this size. Raises BadDocument where its colours cannot be read."""
    import pyvips

    factor = min(photo.size.width / size.width, photo.size.height / size.height)
    picture = open_picture(photo.content, **_page(photo.format, page), **_shrunk(photo.format, factor))
    try:
        picture = _coloured(picture.autorot(), render)
        if (picture.width, picture.height) != (size.width, size.height):
            picture = picture.thumbnail_image(size.width, height=size.height, size="force")
    except pyvips.Error as error:
        message = "The picture's colours cannot be read. Save it as RGB, in PNG or JPEG."
        raise BadDocument(message, detail=str(error)) from error
    return picture


def _page(form: str, page: int) -> dict[str, int]:
    return {"page": page} if form in {"gif", "tiff"} and page else {}


def _shrunk(form: str, factor: float) -> dict[str, float]:
    """How much smaller the decoder itself can make the picture, with twice the wished size left for a good filter."""
    if form == "jpeg":
        shrink = next((step for step in (8, 4, 2) if factor >= 2 * step), 1)
        return {"shrink": shrink} if shrink > 1 else {}
    return {"scale": 2 / factor} if form == "webp" and factor >= 4 else {}  # noqa: PLR2004 - twice twice


def _coloured(picture: Image, render: Render) -> Image:
    """8 bits a band, RGB: with the file's own profile where it has a sound one for RGB, else as sRGB."""
    if not picture.get_typeof("icc-profile-data"):
        if picture.interpretation == "cmyk":
            return _without_profile(picture.icc_transform("srgb", input_profile="cmyk"))
        return picture.colourspace("srgb").cast("uchar")
    profile = bytes(picture.get("icc-profile-data"))  # type: ignore[arg-type]  # a blob
    if _whole(profile) and _sound(picture):
        keeps = picture.interpretation in {"srgb", "rgb", "rgb16"} and len(profile) <= LARGEST_PROFILE
        if keeps and "background" not in render.settings.model_fields_set:
            return picture.colourspace("srgb").cast("uchar")
        return _without_profile(picture.icc_transform("srgb", embedded=True, intent="relative")).cast("uchar")
    render.warn("The picture's colour profile cannot be read and was left out; colours may differ a little.")
    return _coloured(_without_profile(picture), render)


def _without_profile(picture: Image) -> Image:
    bare = picture.copy()
    if bare.get_typeof("icc-profile-data"):
        bare.remove("icc-profile-data")
    return bare


def _whole(profile: bytes) -> bool:
    """Whether the header is one of a profile (ICC.1:2022, 7.2); of a broken one libvips uses its own without a word."""
    return profile[36:40] == b"acsp" and int.from_bytes(profile[:4]) <= len(profile)


def _sound(picture: Image) -> bool:
    """Whether the profile can be read and is one for pictures of this kind: tried on a single pixel of its own."""
    import pyvips

    pixel = pyvips.Image.black(1, 1, bands=picture.bands).cast(picture.format)
    pixel = pixel.copy(interpretation=picture.interpretation)
    pixel.set_type(pyvips.GValue.blob_type, "icc-profile-data", picture.get("icc-profile-data"))
    try:
        pixel.icc_import(embedded=True).avg()
    except pyvips.Error:
        return False
    return True
