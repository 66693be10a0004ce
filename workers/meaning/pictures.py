"""Pictures: their pixels; the camera's clock, comments and how hard a file was squeezed without loss do not count."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from longshore.errors import BadDocument
from workers.meaning.digest import Meaning, of_bytes
from workers.renderers._pixels import open_picture

if TYPE_CHECKING:
    from pyvips import Image

STRIP = 1024
"""Rows of pixels that are held at once."""


def image(content: bytes) -> Meaning:
    """A picture's size, colours and pixels, and how it is to be turned. Raises BadDocument.

    One with several frames or pages means its bytes.
    """
    import pyvips

    picture = open_picture(content)
    if _field(picture, "n-pages", 1) != 1:
        return of_bytes(content, empty=False)
    looks = (picture.width, picture.height, picture.interpretation, _field(picture, "orientation", 1))
    digest = hashlib.sha256(repr(looks).encode())
    digest.update(bytes(_field(picture, "icc-profile-data", b"")))
    try:
        for top in range(0, picture.height, STRIP):
            rows = picture.crop(0, top, picture.width, min(STRIP, picture.height - top))
            digest.update(rows.write_to_memory())
    except pyvips.Error as error:
        raise BadDocument("The picture is broken or not whole. Send the file again.", detail=str(error)) from error
    return Meaning(digest.hexdigest(), empty=False)


def _field(picture: Image, name: str, default: Any) -> Any:
    return picture.get(name) if picture.get_typeof(name) else default
