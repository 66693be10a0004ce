"""TIFF files of a few kilobytes that say what they like: all their strips are the same few bytes."""

from __future__ import annotations

import struct
import zlib

SHORT, LONG = 3, 4
UNSIGNED, FLOAT = 1, 3
DEFLATE = 8


def tiff(width: int, height: int, bands: int, bits: int, rows: int) -> bytes:
    """A black picture of so many channels in strips of `rows` rows; channels of 32 bits are floats."""
    strip = zlib.compress(bytes(width * rows * bands * bits // 8), 9)
    count = -(-height // rows)
    blocks = bytearray(strip + b"\0" * (len(strip) % 2))

    def many(form: str, value: int, number: int) -> int:
        """Where so many equal values lie, or what stands in their place where they fit into four bytes."""
        packed = struct.pack(f"<{number}{form}", *[value] * number)
        if len(packed) <= 4:
            return int.from_bytes(packed, "little")
        blocks.extend(packed)
        return 8 + len(blocks) - len(packed)

    extra = bands - 3
    entries = [
        (256, LONG, 1, width), (257, LONG, 1, height), (258, SHORT, bands, many("H", bits, bands)),
        (259, SHORT, 1, DEFLATE), (262, SHORT, 1, 2), (273, LONG, count, many("I", 8, count)), (277, SHORT, 1, bands),
        (278, LONG, 1, rows), (279, LONG, count, many("I", len(strip), count)),
        *([(338, SHORT, extra, many("H", 0, extra))] if extra else []),
        (339, SHORT, bands, many("H", FLOAT if bits == 32 else UNSIGNED, bands)),
    ]  # fmt: skip
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *one) for one in entries) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(blocks)) + bytes(blocks) + directory
