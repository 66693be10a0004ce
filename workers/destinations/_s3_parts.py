"""The artifact, read in order, a part at a time, with the checksums that S3 can confirm.

A part is read twice, for its checksums and for the wire. Where the source is a file, both read it, and the next part is
reckoned in another thread while this one is sent: hashing takes as long as sending on a fast line. Any other source is
read once, and a part of it waits in memory, or on the disk where it is large.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import tempfile
import zlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import IO, Any, Protocol

from workers.destinations.base import Transient, Upload

MEMORY = 1024 * 1024
"""Bytes of a part that are held in memory: a part of 8 MiB there costs a worker 12 MB more than a file does."""
CHUNK = 1024 * 1024
"""Bytes between two reports of progress."""
READ = 256 * 1024
"""Bytes read at once: two threads do, and larger pieces hash no faster."""


class Body(Protocol):
    """What a part is read from; a file is one."""

    def read(self, size: int = -1, /) -> bytes:
        """See io."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """See io."""

    def tell(self) -> int:
        """See io."""


class Window:
    """A stretch of an open file, as a file of its own. Leaves the file's own position alone."""

    def __init__(self, handle: int, start: int, size: int) -> None:
        self._handle, self._start, self._size = handle, start, size
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, all that are left where it is negative."""
        left = max(0, self._size - self._at)
        chunk = os.pread(self._handle, left if size < 0 else min(size, left), self._start + self._at)
        self._at += len(chunk)
        return chunk

    def seek(self, offset: int, whence: int = 0) -> int:
        """As of a file."""
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        """As of a file."""
        return self._at


class Part:
    """One part as a request body. Reports progress of the wire only, not of the readings for checksum and signature."""

    def __init__(self, file: Body, end: int, size: int, sums: tuple[bytes, int], report: Callable[[int], None]) -> None:
        md5, crc32 = sums
        self.size = size
        self.end = end
        self.md5 = md5.hex()
        self.content_md5 = base64.b64encode(md5).decode()
        self.crc32 = shown(crc32)
        self.stopped: Exception | None = None
        self.gone: Future[None] = Future()
        """Done when all of it was handed to the line."""
        self._file = file
        self._report = report
        self._sending = self._halted = False
        self._reported = 0

    def begin(self) -> None:
        """What is read from now on goes over the wire."""
        self._sending = True

    def halt(self) -> None:
        """Let nothing more of it go over the wire. For any thread."""
        self._halted = True

    def read(self, size: int = -1) -> bytes:
        """Raises ConnectionAbortedError where it was halted.

        Raises what the report raises, and keeps it in `stopped`: botocore wraps what goes through it.
        """
        if self._halted:
            raise ConnectionAbortedError("The upload was stopped.")
        chunk = self._file.read(size)
        if self._sending and not chunk and not self.gone.done():
            self.gone.set_result(None)
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
    """Every ETag and every CRC32 that an endpoint may show for the whole object; empty where it was not reckoned."""

    md5: str
    parts: str
    crc32: str
    crc32_parts: str

    def confirmed_by(self, etag: str) -> bool:
        """Whether the ETag is of the bytes that were read. rclone shows the plain MD5 of an object sent in parts."""
        return etag.strip('"').lower() in {self.md5, self.parts} - {""}

    def confirmed_by_crc32(self, checksum: str) -> bool:
        """Whether `x-amz-checksum-crc32` is of the bytes that were read: of them all, or of the checksums of parts."""
        return checksum in {self.crc32, self.crc32_parts} - {""}


class Source:
    """The artifact from its start to its end. Close it.

    `held`: so many bytes are not sent. `whole`: reckon the MD5 of a file in several parts, too; hashing twice is half
    of what sending it costs.
    """

    def __init__(self, upload: Upload, part_size: int, *, held: int = 0, whole: bool = False) -> None:
        self._upload = upload
        self._part_size = part_size
        self._reader = upload.source(held)
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False) if whole or upload.size <= part_size else None
        self._parts: list[bytes] = []
        self._crc32: list[int] = []
        self._position = 0
        self._handle = _handle_of(self._reader)
        self._file: IO[bytes] | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._ahead: Future[Part] | None = None
        if self._handle is None:
            self._file = tempfile.SpooledTemporaryFile(MEMORY)  # noqa: SIM115 - close() closes it
        elif upload.size > part_size:
            self._thread = ThreadPoolExecutor(1, "s3-part")

    def close(self) -> None:
        """Close the reader and drop the waiting part."""
        if self._thread:
            self._thread.shutdown(cancel_futures=True)
        self._reader.close()
        if self._file:
            self._file.close()

    def next(self) -> Part:
        """The next part, valid until the next call. At the end it is empty."""
        if self._thread is None:
            return self._read()
        part = (self._ahead or self._thread.submit(self._read)).result()
        self._ahead = self._thread.submit(self._read) if part.size else None
        return part

    def _read(self) -> Part:
        start, md5, crc32 = self._position, hashlib.md5(usedforsecurity=False), 0
        if self._file:
            self._file.seek(0)
            self._file.truncate()
        while (room := self._part_size - (self._position - start)) and (chunk := self._reader.read(min(room, READ))):
            if self._file:
                self._file.write(chunk)
            self._sha256.update(chunk)
            if self._md5:
                self._md5.update(chunk)
            md5.update(chunk)
            crc32 = zlib.crc32(chunk, crc32)
            self._position += len(chunk)
        size = self._position - start
        if self._file:
            self._file.seek(0)
        if size:
            self._parts.append(md5.digest())
            self._crc32.append(crc32)
        body = self._file or Window(self._handle or 0, start, size)
        return Part(body, self._position, size, (md5.digest(), crc32), lambda at: self._upload.sent(start + at))

    def sums(self) -> Sums:
        """The checksums of all that was read. Raises Transient where that is not the artifact."""
        if self._ahead:
            self._ahead.result()
        if self._position != self._upload.size or self._sha256.hexdigest() != self._upload.sha256:
            raise Transient(
                f"The artifact store gave {self._position} bytes that are not the {self._upload.size} of the artifact."
                " Nothing was made visible; it will be tried again."
            )
        composite = hashlib.md5(b"".join(self._parts), usedforsecurity=False).hexdigest()
        return Sums(
            md5=self._md5.hexdigest() if self._md5 else "",
            parts=f"{composite}-{len(self._parts)}",
            crc32="" if len(self._crc32) > 1 else shown(sum(self._crc32)),
            crc32_parts=f"{shown(zlib.crc32(b''.join(map(_bytes, self._crc32))))}-{len(self._crc32)}",
        )


def sums_of(upload: Upload, part_size: int) -> Sums:
    """Read the artifact for its checksums alone. Raises Transient where it is not the artifact."""
    with closing(Source(upload, part_size, held=upload.size, whole=True)) as source:
        while source.next().size:
            pass
        return source.sums()


def shown(crc32: int) -> str:
    """As S3's headers have it."""
    return base64.b64encode(_bytes(crc32)).decode()


def _bytes(crc32: int) -> bytes:
    return crc32.to_bytes(4, "big")


def _handle_of(reader: Any) -> int | None:
    """The handle of a reader that is a plain file, None for any other."""
    plain = isinstance(reader, io.BufferedReader) and isinstance(reader.raw, io.FileIO)
    return reader.fileno() if plain and reader.seekable() else None
