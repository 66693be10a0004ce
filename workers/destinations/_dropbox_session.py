"""A file sent in chunks, resumably, by https://www.dropbox.com/developers/documentation/http/documentation.

A session belongs to no path: the name is chosen when it is finished, and may be chosen again where it was taken.
"""

from __future__ import annotations

import hashlib
from contextlib import closing
from typing import Any

from workers.destinations._dropbox_client import Wire, sdk
from workers.destinations._dropbox_errors import tags
from workers.destinations.base import Transient, Upload

MIB = 1024 * 1024
GONE = frozenset({"not_found", "closed"})
"""A session that ended: after seven days, by a finish whose answer was lost, or by `end`."""


class Source:
    """The artifact, read once and in order, with the hash that Dropbox shows of it. Close it."""

    def __init__(self, upload: Upload, held: int = 0) -> None:
        self._upload = upload
        self._reader = upload.source(held)
        self._sha256 = hashlib.sha256()
        self._hash = sdk().content_hash.DropboxContentHasher()
        self.position = 0

    def close(self) -> None:
        """Close the reader."""
        self._reader.close()

    def take(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end."""
        pieces = []
        while size and (piece := self._reader.read(min(size, MIB))):
            self._sha256.update(piece)
            self._hash.update(piece)
            self.position += len(piece)
            size -= len(piece)
            pieces.append(piece)
        return b"".join(pieces)

    def skip(self, size: int) -> None:
        """Read what Dropbox has already, for the hashes only."""
        while size > 0 and (piece := self.take(min(size, MIB))):
            size -= len(piece)

    def content_hash(self) -> str:
        """Dropbox's hash of all that was read. Raises Transient where that is not the artifact. Call it once."""
        if self.position != self._upload.size or self._sha256.hexdigest() != self._upload.sha256:
            raise Transient(
                f"The artifact store gave {self.position} bytes that are not the {self._upload.size} of the artifact."
                " Nothing was made visible; it will be tried again."
            )
        digest: str = self._hash.hexdigest()
        return digest


class Session:
    """One file in chunks. `state` is the checkpoint; what Dropbox says it holds counts, not what was saved."""

    def __init__(self, client: Any, wire: Wire, upload: Upload, state: dict[str, Any], *, chunk: int) -> None:
        self.client = client
        self.wire = wire
        self.upload = upload
        self.state = state
        self.chunk = chunk

    def run(self) -> str:
        """Send what is missing; the whole file's content hash. Raises the SDK's errors, Transient, what `sent` does."""
        held = self._held()
        self.upload.sent(held)
        with closing(Source(self.upload, held)) as source:
            source.skip(held)
            while source.position <= self.upload.size and (payload := source.take(self.chunk)):
                self._append(payload, source.position - len(payload))
                self.state["offset"] = source.position
                self.upload.save(dict(self.state))
            try:
                return source.content_hash()
            except Transient:
                end(self.client, self.state)
                self._forget()
                raise

    def cursor(self, offset: int) -> Any:
        """The session at an offset, as calls name it."""
        return sdk().files.UploadSessionCursor(self.state["session_id"], offset)

    def _held(self) -> int:
        """How many bytes Dropbox has; 0 where there is no session to go on with. An empty append asks."""
        if "session_id" not in self.state:
            return 0
        held: int = self.state["offset"]
        try:
            self.client.files_upload_session_append_v2(b"", self.cursor(held))
        except sdk().exceptions.ApiError as error:
            if error.error.is_incorrect_offset():
                held = error.error.get_incorrect_offset().correct_offset
            elif tags(error) in GONE:
                held = -1
            else:
                raise
        if 0 < held <= self.upload.size:
            return held
        self._forget()
        return 0

    def _append(self, payload: bytes, offset: int) -> None:
        with reporting(self.wire, self.upload, offset):
            if "session_id" in self.state:
                self.client.files_upload_session_append_v2(payload, self.cursor(offset))
            else:
                self.state["session_id"] = self.client.files_upload_session_start(payload).session_id

    def _forget(self) -> None:
        self.state.pop("session_id", None)
        self.state.pop("offset", None)
        self.upload.save(dict(self.state))


class reporting:  # noqa: N801 - used as a statement
    """Tells `Upload.sent` how far a payload that begins at `offset` of the file has left; never less than before."""

    def __init__(self, wire: Wire, upload: Upload, offset: int) -> None:
        self._wire = wire
        self._upload = upload
        self._offset = offset
        self._most = 0

    def __enter__(self) -> None:
        self._wire.report = self._report

    def __exit__(self, *_: object) -> None:
        self._wire.report = None

    def _report(self, left: int) -> None:
        self._most = max(self._most, left)
        self._upload.sent(self._offset + self._most)


def end(client: Any, state: dict[str, Any]) -> None:
    """Close an unfinished session, so that nothing can be added to it. Quiet where there is none.

    No call removes a session; Dropbox does so after seven days, shows it to nobody and counts it to no quota. Raises
    the SDK's errors.
    """
    if "session_id" not in state:
        return
    offset = state["offset"]
    for _ in range(2):
        cursor = sdk().files.UploadSessionCursor(state["session_id"], offset)
        try:
            client.files_upload_session_append_v2(b"", cursor, close=True)
        except sdk().exceptions.ApiError as error:
            if tags(error) in GONE:
                return
            if not error.error.is_incorrect_offset():
                raise
            offset = error.error.get_incorrect_offset().correct_offset
        else:
            return
