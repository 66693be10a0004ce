"""The artifact, as rclone reads it: a WebDAV server for one file, on a socket in the daemon's folder.

So rclone knows the size beforehand (half of its backends would else keep a copy on the disk), reads at the pace of the
upload, and never touches the store itself. The server runs in the caller's thread, within `attend`.
"""

from __future__ import annotations

import hashlib
import re
import select
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Self
from xml.sax.saxutils import escape

from workers.destinations._rclone_guard import greet, welcome
from workers.destinations.base import Transient, Upload

CHUNK = 1024 * 1024
REQUEST_SECONDS = 10.0
"""Longest wait for rclone to finish a request that it began."""
STALL = 1.0
"""Seconds between two looks for a cancellation while the provider takes nothing."""
FOUND = """<?xml version="1.0"?><d:multistatus xmlns:d="DAV:"><d:response><d:href>/{name}</d:href><d:propstat><d:prop>
<d:getcontentlength>{size}</d:getcontentlength><d:getcontenttype>{type}</d:getcontenttype>
<d:getlastmodified>{modified}</d:getlastmodified><d:resourcetype/>
</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response></d:multistatus>"""
CHANGED = "The artifact is not what it was when it was made: its bytes changed on their way. It will be read again."


class Source:
    """Serves an upload's artifact until it is closed. `sums` holds its checksums after the last byte was read."""

    def __init__(self, folder: Path, name: str, upload: Upload, *, password: str, hash_type: str = "") -> None:
        self._upload = upload
        self._password = password
        self._kinds = {"sha256", hash_type} - {""}
        self._path = folder / name
        self.name = name
        self.sums: dict[str, str] = {}
        self._farthest = 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._listener.listen(8)

    @property
    def remote(self) -> dict[str, str]:
        """What rclone must be told of it."""
        return {"type": "webdav", "url": "http://artifact/", "unix_socket": str(self._path), "vendor": "other"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Serve no more: rclone, which asks again for what broke off, gives up then."""
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def attend(self, seconds: float) -> None:
        """Wait so long for a request, answer it, tell the progress.

        Raises Transient for a changed artifact, and what `sent` raises; the source is closed then.
        """
        try:
            self._attend(seconds)
        except BaseException:
            self.close()
            raise

    def _attend(self, seconds: float) -> None:
        if select.select([self._listener], [], [], seconds)[0]:
            inner, _ = self._listener.accept()
            with closing(inner):
                try:
                    self._answer(inner)
                except (ConnectionError, EOFError):
                    pass  # rclone let go: its job says why
        self._upload.sent(self._farthest)

    def _answer(self, inner: socket.socket) -> None:
        inner.settimeout(REQUEST_SECONDS)
        greet(inner, self._password)
        welcome(inner)
        with inner.makefile("rb") as request:
            head = b"".join(iter(lambda: request.readline(8192).strip() + b"\n", b"\n")).decode("latin-1")
            sized = re.search(r"^content-length: (\d+)$", head, re.MULTILINE | re.IGNORECASE)
            request.read(int(sized[1]) if sized else 0)
        inner.settimeout(STALL)
        method = head.partition(" ")[0]
        if method == "PROPFIND":
            media_type = escape(self._upload.media_type)
            modified = format_datetime(datetime.now(UTC), usegmt=True)
            told = FOUND.format(name=self.name, size=self._upload.size, type=media_type, modified=modified).encode()
            self._send(inner, _head("207 Multi-Status", len(told), "Content-Type: application/xml") + told)
        elif method == "GET":
            asked = re.search(r"^range: bytes=(\d+)-$", head, re.MULTILINE | re.IGNORECASE)
            begin = int(asked[1]) if asked else 0
            size = self._upload.size
            status = "206 Partial Content" if asked else "200 OK"
            extra = [f"Content-Range: bytes {begin}-{size - 1}/{size}"] if asked else []
            self._send(inner, _head(status, size - begin, *extra))
            position = 0
            for chunk in content(self._upload, self._kinds, self.sums, held=begin):
                self._send(inner, chunk[max(0, begin - position) :])
                position += len(chunk)
                self._tell(position)
        else:
            self._send(inner, _head("405 Method Not Allowed", 0))

    def _tell(self, position: int) -> None:
        self._farthest = max(self._farthest, position)
        self._upload.sent(self._farthest)

    def _send(self, inner: socket.socket, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[inner.send(view) :]
            except TimeoutError:
                self._upload.sent(self._farthest)


def _head(status: str, size: int, *more: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Connection: close", f"Content-Length: {size}", *more, "", ""]
    return "\r\n".join(lines).encode()


def content(upload: Upload, kinds: set[str], sums: dict[str, str], *, held: int) -> Iterator[bytes]:
    """The artifact from its first byte; the last piece only when the whole is known to be right, and `sums` filled.

    What is below `held` is not sent. `kinds` are hashlib's names and hold sha256. Raises Transient where the bytes are
    not those of the upload.
    """
    digests: dict[str, Any] = {kind: hashlib.new(kind, usedforsecurity=False) for kind in kinds}
    left = upload.size
    with closing(upload.source(held)) as reader:
        while True:
            chunk = reader.read(min(CHUNK, left)) if left else b""
            if left and not chunk:
                raise Transient(CHANGED)
            for digest in digests.values():
                digest.update(chunk)
            left -= len(chunk)
            if not left:
                if reader.read(1) or digests["sha256"].hexdigest() != upload.sha256:
                    raise Transient(CHANGED)
                sums.update((kind, digest.hexdigest()) for kind, digest in digests.items())
            yield chunk
            if not left:
                return
