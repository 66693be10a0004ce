"""The artifact, read once and in order, a part at a time, with the checksums that S3 can confirm.

A part waits in memory, or on the disk where it is large: payloads are read twice on plain HTTP, for the signature and
for the wire, and the source need not be seekable.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from workers.destinations.base import Transient, Upload

MEMORY = 1024 * 1024
"""Bytes of a part that are held in memory: a part of 8 MiB there costs a worker 12 MB more than a file does."""
CHUNK = 1024 * 1024
"""Bytes read at once, and between two reports of progress."""


class Part:
    """One part as a request body. Reports progress of the wire only, not of the readings for checksum and signature."""

    def __init__(self, file: IO[bytes], size: int, md5: bytes, crc32: int, report: Callable[[int], None]) -> None:
        self.size = size
        self.md5 = md5.hex()
        self.content_md5 = base64.b64encode(md5).decode()
        self.crc32 = base64.b64encode(crc32.to_bytes(4, "big")).decode()
        self.stopped: Exception | None = None
        self._file = file
        self._report = report
        self._sending = False
        self._reported = 0

    def begin(self) -> None:
        """What is read from now on goes over the wire."""
        self._sending = True

    def read(self, size: int = -1) -> bytes:
        """Raises what the report raises, and keeps it in `stopped`: botocore wraps what goes through it."""
        chunk = self._file.read(size)
        if self._sending and ((at := self._file.tell()) >= self._reported + CHUNK or (at == self.size and chunk)):
            self._reported = at
            try:
                self._report(at)
            except Exception as error:
                self.stopped = error
                raise
        return chunk

    def seek(self, offset: int, whence: int = 0) -> int:
        """As of a file."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """As of a file."""
        return self._file.tell()

    def held(self, there: dict[str, Any], *, opaque: bool) -> bool:
        """Whether this part is the one that `list_parts` tells of. `opaque`: encryption makes its ETag no MD5."""
        if there["Size"] != self.size:
            return False
        return opaque or there["ETag"].strip('"') == self.md5 or there.get("ChecksumCRC32") == self.crc32


@dataclass(frozen=True, slots=True)
class Sums:
    """Every ETag that an endpoint may show for the whole object."""

    md5: str
    parts: str

    def confirmed_by(self, etag: str) -> bool:
        """Whether the ETag is of the bytes that were read. rclone shows the plain MD5 of an object sent in parts."""
        return etag.strip('"').lower() in {self.md5, self.parts}


class Source:
    """The artifact from its start to its end. Close it."""

    def __init__(self, upload: Upload, part_size: int) -> None:
        self._upload = upload
        self._part_size = part_size
        self._reader = upload.open()
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._parts: list[bytes] = []
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(MEMORY)  # noqa: SIM115 - close() closes it
        self.position = 0

    def close(self) -> None:
        """Close the reader and drop the waiting part."""
        self._reader.close()
        self._file.close()

    def next(self) -> Part:
        """The next part, valid until the next call. At the end it is empty."""
        start, md5, crc32 = self.position, hashlib.md5(usedforsecurity=False), 0
        self._file.seek(0)
        self._file.truncate()
        while (room := self._part_size - (self.position - start)) and (chunk := self._reader.read(min(room, CHUNK))):
            self._file.write(chunk)
            self._sha256.update(chunk)
            self._md5.update(chunk)
            md5.update(chunk)
            crc32 = zlib.crc32(chunk, crc32)
            self.position += len(chunk)
        self._file.seek(0)
        if self.position > start:
            self._parts.append(md5.digest())
        return Part(self._file, self.position - start, md5.digest(), crc32, lambda at: self._upload.sent(start + at))

    def sums(self) -> Sums:
        """The checksums of all that was read. Raises Transient where that is not the artifact."""
        if self.position != self._upload.size or self._sha256.hexdigest() != self._upload.sha256:
            raise Transient(
                f"The artifact store gave {self.position} bytes that are not the {self._upload.size} of the artifact."
                " Nothing was made visible; it will be tried again."
            )
        composite = hashlib.md5(b"".join(self._parts), usedforsecurity=False).hexdigest()
        return Sums(self._md5.hexdigest(), f"{composite}-{len(self._parts)}")
