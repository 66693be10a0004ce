"""Pictures that are small files and large when they are decoded."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from PIL import Image

from tests.contracts.hostile.ways import Bombs


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def flat_png(width: int, height: int, *more: bytes) -> bytes:
    """A picture of one colour that takes a thousandth of its decoded size."""
    pack = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    packed = b"".join(pack.compress(row * 64) for _ in range((height + 63) // 64)) + pack.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = _chunk(b"IHDR", header) + b"".join(more) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def gif(width: int, height: int, frames: int) -> bytes:
    """A GIF of so many frames of one pixel each."""
    frame = b"\x21\xf9\x04\0\0\0\0\0\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0"
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + b"\xff\0\0\0\0\0" + frame * frames + b";"


def _tiff(width: int, height: int, pages: int) -> bytes:
    """Pages that all refer to the same few bytes; the last refers back to the first."""
    entries = [(256, 4, width), (257, 4, height), (258, 3, 1), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1),
               (278, 4, height), (279, 4, 9)]  # fmt: skip
    directory = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries
    )
    size, start = len(directory) + 4, 20
    links = [start + size * (page + 1) for page in range(pages - 1)] + [start]
    return (
        b"II*\0"
        + struct.pack("<I", start)
        + bytes(12)
        + b"".join(directory + struct.pack("<I", link) for link in links)
    )


def as_picture(content: bytes, kind: str = "png") -> str:
    """The picture as a `data:` URL."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _saved(form: str, size: tuple[int, int], **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("L", size, 9).save(file, form, **options)
    return file.getvalue()


class Made(Mapping[str, bytes]):
    """Bombs that are made when they are asked for: some take seconds."""

    def __init__(self, makers: dict[str, Callable[[], bytes]]) -> None:
        self._makers = makers

    def __getitem__(self, name: str) -> bytes:
        return self._makers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def _vast_jpeg() -> bytes:
    jpeg = bytearray(_saved("JPEG", (8, 8)))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = b"\xff\xff\xff\xff"
    return bytes(jpeg)


def _webp_of_frames() -> bytes:
    frames = [Image.new("L", (99, 99), n % 99) for n in range(2_000)]
    return _saved("WEBP", (99, 99), save_all=True, append_images=frames)


def image() -> Bombs:
    return Made(
        {
            "png": lambda: flat_png(65_000, 65_000),
            "png-limit": lambda: flat_png(9_990, 9_990),
            "png-wide": lambda: flat_png(100_000_000, 1),
            "png-text": lambda: flat_png(9, 9, _chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(50_000_000), 9)) * 20),
            "png-profile": lambda: flat_png(9, 9, _chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(50_000_000), 9))),
            "png-chunks": lambda: flat_png(9, 9, _chunk(b"tEXt", b"a\0b") * 200_000),
            "gif": lambda: gif(65_535, 65_535, 1),
            "gif-frames": lambda: gif(9, 9, 100_000),
            "gif-large-frames": lambda: gif(9_999, 9_999, 5_000),
            "tiff": lambda: _tiff(65_000, 65_000, 1),
            "tiff-pages": lambda: _tiff(9, 9, 60_000),
            "tiff-loop": lambda: _tiff(9, 9, 1),
            "jpeg": _vast_jpeg,
            "jpeg-scans": lambda: _saved("JPEG", (5_000, 5_000), progressive=True),
            "webp": lambda: _saved("WEBP", (9_999, 9_999), method=0),
            "webp-frames": _webp_of_frames,
        }
    )
