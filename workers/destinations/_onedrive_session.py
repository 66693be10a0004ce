"""Content sent in chunks through an upload session, which outlives the worker.

https://learn.microsoft.com/en-us/graph/api/driveitem-createuploadsession
"""

from __future__ import annotations

import hashlib
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

from workers.destinations._onedrive_client import FULL, NOT_FOUND, RANGE, UNAUTHORIZED, Client, Denied
from workers.destinations._onedrive_drive import BEHAVIOR, Drive
from workers.destinations._onedrive_hash import QuickXorHash
from workers.destinations._onedrive_wire import PIECE, Told
from workers.destinations.base import Transient, Upload

if TYPE_CHECKING:
    import requests

GRAIN = 320 * 1024
"""Every chunk but the last is a multiple of it, or some files cannot be put together."""
GONE = frozenset({NOT_FOUND, 410, UNAUTHORIZED})
"""What a session answers that is finished, was cancelled or has expired; its address holds the right to use it."""
ACCEPTED, SERVER_ERROR = 202, 500
PAUSE = 1.0
"""Seconds before a broken chunk is sent again, where chunks before it had passed."""


class Damaged(Transient):
    """What was read is not the artifact, so neither is what was sent of it."""


class Gone(Exception):
    """The session ended; whether with the file in place has to be looked up."""


class Source:
    """The artifact, read once and in order, with the hash that OneDrive shows of it. Close it."""

    def __init__(self, upload: Upload, held: int = 0) -> None:
        self._upload = upload
        self._reader = upload.source(held)
        self._sha256 = hashlib.sha256()
        self._hash = QuickXorHash()
        self.position = 0

    def close(self) -> None:
        """Close the reader."""
        self._reader.close()

    def take(self, size: int) -> bytes:
        """The next `size` bytes. Raises Damaged where there are fewer."""
        pieces = []
        while size:
            piece = self._reader.read(min(size, PIECE))
            if not piece:
                self._refuse()
            self._sha256.update(piece)
            self._hash.update(piece)
            self.position += len(piece)
            size -= len(piece)
            pieces.append(piece)
        return b"".join(pieces)

    def finish(self) -> str:
        """OneDrive's hash of all of it. Raises Damaged where what was read is not the artifact."""
        whole = self.position == self._upload.size and self._sha256.hexdigest() == self._upload.sha256
        if not whole or self._reader.read(1):
            self._refuse()
        return self._hash.text()

    def _refuse(self) -> None:
        raise Damaged(
            f"The artifact store gave other bytes than the {self._upload.size} of the artifact. Nothing was made"
            " visible; it will be tried again."
        )


class Session:
    """One upload. `state` is the checkpoint and holds the session's address; OneDrive's answers decide the offset."""

    def __init__(self, drive: Drive, upload: Upload, state: dict[str, Any], chunk: int) -> None:
        self.drive = drive
        self.client: Client = drive.client
        self.upload = upload
        self.state = state
        self.chunk = chunk
        self._told = 0
        self._new = False
        self._misplaced = -1

    def run(self, parent: str, name: str) -> dict[str, Any]:
        """Send what is missing; the file as OneDrive has it then. The checkpoint gets its `hash` before the last chunk.

        A break after chunks had passed is got over here; any other is raised. Raises Gone, Denied, requests' errors,
        Transient, and what `sent` and `save` raise.
        """
        import requests

        finished = None
        while finished is None:
            before = int(self.state.get("offset", 0))
            try:
                self._open(parent, name)
                finished = self._send(self._where())
                if finished is None and not self._moved(before):
                    raise Transient("OneDrive keeps nothing of what it is sent. It will be tried again.")
            except Damaged:
                self.drop()
                raise
            except Denied as error:
                if error.status in GONE and "session" in self.state:
                    self._forget()
                    raise Gone from error
                if error.status != RANGE or self._misplaced == before:
                    self._get_over(error, before)
                self._misplaced = before
            except requests.RequestException as error:
                self._get_over(error, before)
        for known in ("session", "offset"):
            self.state.pop(known, None)
        return finished

    def drop(self) -> None:
        """End the session at OneDrive and in the checkpoint."""
        if session := self.state.get("session"):
            end(self.client, session)
            self._forget()

    def _moved(self, before: int) -> bool:
        return "session" in self.state and int(self.state["offset"]) > before

    def _get_over(self, error: Denied | requests.RequestException, before: int) -> None:
        """Wait a little where it is worth it, or raise."""
        answer = getattr(error, "status", SERVER_ERROR)
        if answer < SERVER_ERROR or answer == FULL or getattr(error, "retry_after", None) or not self._moved(before):
            raise error
        time.sleep(PAUSE)

    def _forget(self) -> None:
        del self.state["session"]
        self.state["offset"] = 0
        self.upload.save(dict(self.state))

    def _open(self, parent: str, name: str) -> None:
        """Open a session where there is none."""
        if "session" in self.state:
            return
        about: dict[str, Any] = {BEHAVIOR: "replace", "name": name}
        if self.drive.personal:  # the only drives that know this property, and check their quota by it
            about["fileSize"] = self.upload.size
        made = self.client.call("POST", f"{self.drive.path(parent, name)}:/createUploadSession", {"item": about})
        self.client.within(str(made["uploadUrl"]))
        self.state.update(session=str(made["uploadUrl"]), offset=0)
        self.upload.save(dict(self.state))
        self._new = True

    def _where(self) -> int:
        """Where OneDrive wants to go on. Raises Gone where it has everything and could not make a file of it."""
        if self._new:
            self._new = False
            return 0
        offset = expected(self.client.bare("GET", self.state["session"]).json())
        if offset is None:
            self.drop()
            raise Gone
        return offset

    def _send(self, offset: int) -> dict[str, Any] | None:
        """Every chunk from the offset on; None where OneDrive wants to go on elsewhere than after a chunk."""
        size = self.upload.size
        with closing(Source(self.upload, offset)) as source:
            while source.position < offset:
                source.take(min(PIECE, offset - source.position))
                self._told = max(self._told, source.position)
                self.upload.sent(self._told)
            while True:
                payload = source.take(min(self.chunk, size - offset))
                if source.position == size:
                    self.state["hash"] = source.finish()
                    self.upload.save(dict(self.state))
                answer = self._put(payload, offset)
                if answer.status_code != ACCEPTED:
                    item: dict[str, Any] = answer.json()
                    return item
                wanted = expected(answer.json())
                offset = source.position
                if wanted != offset or offset == size:
                    self.state["offset"] = wanted or 0
                    return None
                self.state["offset"] = offset
                self.upload.save(dict(self.state))

    def _put(self, payload: bytes, offset: int) -> requests.Response:
        headers = {"Content-Range": f"bytes {offset}-{offset + len(payload) - 1}/{self.upload.size}"}
        return self.client.bare(
            "PUT", self.state["session"], Told(payload, lambda left: self._tell(offset + left)), headers
        )

    def _tell(self, total: int) -> None:
        self._told = max(self._told, total)
        self.upload.sent(self._told)


def expected(answer: dict[str, Any]) -> int | None:
    """Where the first range begins that OneDrive lacks; None where it lacks none."""
    ranges = answer.get("nextExpectedRanges") or []
    return int(str(ranges[0]).partition("-")[0]) if ranges else None


def end(client: Client, session: str) -> None:
    """Let OneDrive forget an unfinished upload. Quiet where it has. Raises Denied, requests' errors."""
    try:
        client.bare("DELETE", session)
    except Denied as error:
        if error.status not in GONE:
            raise
