"""Pictures that a person looked at and found right, and how far a new one may be from them.

Compared small and blurred, so that another version of a font or of the browser passes and a missing shape does not.
"""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageChops, ImageFilter, ImageStat

from workers.convert import convert
from workers.needs import Need
from workers.plan import matrix

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
FOLDER = Path(__file__).resolve().parent.parent / "references"
WIDTH = 480
"""Pixels: small enough for the repository, large enough that every shape and line of text shows."""
BLUR = 2.0
"""Pixels: about the stroke of a letter, so that only where ink is counts, not its edges."""
MEAN_LIMIT = 2.0
"""Mean difference a channel, of 255: the same showcase drawn at another scale gives 0.1 to 0.7."""
WORST_LIMIT = 25.0
"""Largest mean of any 16 x 16 block: another scale gives 1 to 11, the darkest 60 x 40 pixels gone 49 to 223."""


def subjects() -> list[tuple[str, Path]]:
    """Every kind that becomes a picture, with its showcase."""
    kinds = dict.fromkeys(cell.kind for cell in matrix(lambda name: Need(name, True)) if cell.format == "png")
    return [(kind, next((SAMPLES / kind).glob("showcase.*"))) for kind in kinds]


def draw(kind: str, sample: Path, folder: Path) -> bytes:
    """The showcase as PNG."""
    document, _ = convert(sample, kind, "png", title="Showcase", given={"scale": 1}, folder=folder, seconds=60)
    return document.read_bytes()


def shrunk(content: bytes) -> Image.Image:
    """A picture as it is compared and kept: opaque, WIDTH pixels wide."""
    with Image.open(io.BytesIO(content)) as picture:
        flat = Image.new("RGB", picture.size, "white")
        flat.paste(picture, mask=picture.getchannel("A") if picture.mode in {"RGBA", "LA"} else None)
        return flat.resize((WIDTH, max(1, round(flat.height * WIDTH / flat.width))), Image.Resampling.LANCZOS)


def difference(ours: Image.Image, reference: Image.Image) -> tuple[float, float]:
    """Mean difference, and the largest of any block, both of 255. Pictures of other proportions differ wholly."""
    if abs(ours.height - reference.height) > max(4, reference.height // 50):
        return 255.0, 255.0
    soft = [
        one.resize(reference.size).filter(ImageFilter.GaussianBlur(BLUR)) for one in (ours, reference.convert("RGB"))
    ]
    apart = ImageChops.difference(*soft)
    mean = sum(ImageStat.Stat(apart).mean) / 3
    blocks = apart.convert("L").reduce(16)
    return mean, float(blocks.getextrema()[1])
