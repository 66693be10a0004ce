"""Content sent in chunks through a session that outlives the worker.

https://developers.google.com/workspace/drive/api/guides/manage-uploads#resumable
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from workers.destinations._google_drive_client import NOT_FOUND, SERVER_ERROR, UNAUTHORIZED, Client, Denied
from workers.destinations.base import Transient, Upload

if TYPE_CHECKING:
    import httpx

PIECE = 1024 * 1024
"""Bytes read at once, and between two reports of progress."""
GONE = frozenset({NOT_FOUND, 410})
"""What a session answers that ended: Google keeps them for a week."""
CANCELLED = 499
"""What Google answers to the end of a session."""
GOING_ON = 308
PAUSE = 1.0
"""Seconds before a broken chunk is sent again, where chunks before it had passed."""


class Damaged(Transient):
    """What was read is not the artifact, so neither is what was sent of it."""


class Source:
    """The artifact from its start to its end, with its sums; the last piece is given only if they are right."""

    def __init__(self, upload: Upload, held: int) -> None:
        self._upload = upload
        self._reader = upload.source(held)
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self.position = 0
        self._check_end()

    def close(self) -> None:
        """Close the reader."""
        self._reader.close()

    def piece(self, most: int) -> bytes:
        """Up to `most` bytes. Raises Damaged where the store gives less, more or other bytes than the artifact."""
        piece = self._reader.read(min(most, PIECE))
        if not piece:
            self._refuse()
        self._sha256.update(piece)
        self._md5.update(piece)
        self.position += len(piece)
        self._check_end()
        return piece

    def md5(self) -> str:
        """Of what was read."""
        return self._md5.hexdigest()

    def _check_end(self) -> None:
        if self.position != self._upload.size:
            return
        if self._sha256.hexdigest() != self._upload.sha256 or self._reader.read(1):
            self._refuse()

    def _refuse(self) -> None:
        raise Damaged(
            f"The artifact store gave other bytes than the {self._upload.size} of the artifact. Nothing was made"
            " visible; it will be tried again."
        )


class Session:
    """One upload. `state` is the checkpoint and holds the session's address; Drive's answers decide the offset."""

    def __init__(self, client: Client, upload: Upload, state: dict[str, Any], chunk: int) -> None:
        self.client = client
        self.upload = upload
        self.state = state
        self.chunk = chunk
        self.md5 = ""
        self._told = 0
        self._new = False
        self._renewed = -1

    def run(self, begin: dict[str, Any]) -> dict[str, Any]:
        """Send what is missing; the file as Drive has it then. `begin` is the request that opens a session.

        A session that vanished is opened anew, once. A break after chunks had passed is got over here; any other is
        raised. Raises Denied, httpx.TransportError, Transient, and what `sent` and `save` raise.
        """
        import httpx

        fresh, finished = False, None
        while finished is None:
            before = int(self.state.get("offset", 0))
            try:
                fresh = self._open(begin) or fresh
                offset, finished = self._where()
                finished = finished or self._send(offset)
                if finished is None and not self._moved(before):
                    raise Transient("Google Drive keeps nothing of what it is sent. It will be tried again.")
            except Damaged:
                self.drop()
                raise
            except Denied as error:
                if error.status in GONE and "session" in self.state and not fresh:
                    self._forget()
                elif error.status != UNAUTHORIZED or not self._renew(before):
                    self._get_over(error, before)
            except httpx.TransportError as error:
                self._get_over(error, before)
        self.upload.sent(self.upload.size)
        return finished

    def drop(self) -> None:
        """End the session at Drive and in the checkpoint."""
        if session := self.state.get("session"):
            end(self.client, session)
            self._forget()

    def _moved(self, before: int) -> bool:
        return "session" in self.state and int(self.state["offset"]) > before

    def _renew(self, before: int) -> bool:
        """A new access token, once for each place at which the old one was refused."""
        if self._renewed == before:
            return False
        self._renewed = before
        return self.client.login.renew()

    def _get_over(self, error: Denied | httpx.TransportError, before: int) -> None:
        """Wait a little where it is worth it, or raise."""
        answer = getattr(error, "status", SERVER_ERROR)
        if answer < SERVER_ERROR or getattr(error, "retry_after", None) or not self._moved(before):
            raise error
        time.sleep(PAUSE)

    def _forget(self) -> None:
        del self.state["session"]
        self.state["offset"] = 0
        self.upload.save(dict(self.state))

    def _open(self, begin: dict[str, Any]) -> bool:
        """Open a session where there is none; whether it did."""
        if "session" in self.state:
            return False
        announced = {"X-Upload-Content-Type": self.upload.media_type, "X-Upload-Content-Length": str(self.upload.size)}
        session = self.client.send(**begin, headers=announced).headers.get("location", "")
        self.client.within(session)
        self.state.update(session=session, offset=0)
        self.upload.save(dict(self.state))
        self._new = True
        return True

    def _where(self) -> tuple[int, dict[str, Any] | None]:
        """Where Drive wants to go on, or the file where it has everything."""
        if self._new or not self.upload.size:
            self._new = False
            return 0, None
        asked = {"Content-Range": f"bytes */{self.upload.size}", "Content-Length": "0"}
        return understood(self.client.put(self.state["session"], b"", asked))

    def _send(self, offset: int) -> dict[str, Any] | None:
        """Every chunk from the offset on; None where Drive kept a part of a chunk only, and asks for the rest."""
        size, finished = self.upload.size, None
        self._told = offset
        with closing(Source(self.upload, offset)) as source:
            for _ in self._pieces(source, offset):
                pass
            while finished is None:
                last = min(size, offset + self.chunk)
                headers = {"Content-Length": str(last - offset)}
                if size:
                    headers["Content-Range"] = f"bytes {offset}-{last - 1}/{size}"
                answer = self.client.put(self.state["session"], self._pieces(source, last), headers)
                offset, finished = understood(answer)
                if finished is None:
                    self.state["offset"] = offset
                    self.upload.save(dict(self.state))
                    if offset != source.position:
                        return None
            self.md5 = source.md5()
        return finished

    def _pieces(self, source: Source, last: int) -> Iterator[bytes]:
        """The pieces up to an offset; each is reported when it has left."""
        while source.position < last:
            yield source.piece(last - source.position)
            self._told = max(self._told, source.position)
            self.upload.sent(self._told)


def understood(answer: httpx.Response) -> tuple[int, dict[str, Any] | None]:
    """How many bytes Drive has, and the file where these are all. Raises Transient for an answer that is neither."""
    if answer.status_code == GOING_ON:
        kept = re.fullmatch(r"(?:bytes=)?0-(\d+)", answer.headers.get("range", ""))
        return (int(kept[1]) + 1 if kept else 0), None
    if not answer.is_success:
        raise Transient("Google Drive gave an answer that uploads do not have.", detail=f"HTTP {answer.status_code}")
    file: dict[str, Any] = answer.json()
    return 0, file


def end(client: Client, session: str) -> None:
    """Let Drive forget an unfinished upload. Quiet where it has. Raises Denied, httpx.TransportError."""
    client.within(session)
    try:
        client.send("DELETE", session)
    except Denied as error:
        if error.status not in GONE | {CANCELLED}:
            raise
