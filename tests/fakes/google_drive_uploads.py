"""Sessions of the fake Google Drive: https://developers.google.com/workspace/drive/api/guides/manage-uploads#resumable."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.google_drive_store import Problem

GRAIN = 256 * 1024


@dataclass
class Session:
    about: dict
    size: int
    target: str = ""
    kept: bytearray = field(default_factory=bytearray)
    file: str = ""
    ended: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class Reset(Exception):
    """The connection ends without an answer."""


class Uploads:
    """What the handler does with sessions."""

    drive: Any
    altered: Any
    broken: int | None

    def do_open(self, target: str = "") -> tuple:
        if self.query.get("uploadType") != "resumable":
            raise Problem(400, "invalid", "uploadType")
        about, store = self.json(), self.drive.store
        size = int(self.headers.get("X-Upload-Content-Length", -1))
        place = store.find(target or about["parents"][0], all_drives=self.all_drives)
        store.may(place, "write")
        if store.limit is not None and not place.drive and store.used() + size > store.limit:
            raise Problem(403, "storageQuotaExceeded", "The user's Drive storage quota has been exceeded.")
        if about.get("id") in store.files:
            raise Problem(409, "fileIdInUse", "A file already exists with the provided ID.")
        name = f"s{next(store.numbers)}"
        self.drive.sessions[name] = Session(about, size, target)
        fields = self.query.get("fields", "")
        where = (
            f"http://{self.headers['Host']}/upload/drive/v3/files?uploadType=resumable&fields={fields}&upload_id={name}"
        )
        return self.answer(Location=where)

    def session(self) -> Session:
        found = self.drive.sessions.get(self.query["upload_id"])
        if found is None:
            raise Problem(404, "notFound", "The upload session is unknown.")
        if found.ended:
            raise Problem(499, "cancelled", "Client Closed Request")
        return found

    def end(self) -> tuple:
        session = self.session()
        if session.file:
            raise Problem(404, "notFound", "The upload is complete.")
        session.ended = True
        raise Problem(499, "cancelled", "Client Closed Request")

    def ask(self) -> tuple:
        session = self.session()
        with session.lock:
            if self.read() or self.range() != f"bytes */{session.size}":
                raise Problem(400, "badRequest", "A question has no body, and names the size.")
            return self.state(session)

    def state(self, session: Session) -> tuple:
        if session.file:
            return self.shown(self.drive.store.files[session.file])
        kept = {"Range": f"bytes=0-{len(session.kept) - 1}"} if session.kept else {}
        return self.answer(status=308, **kept)

    def chunk(self) -> tuple:
        session = self.session()
        with session.lock:
            if session.file:
                return self.state(session)
            if self.broken is not None:
                length = int(self.headers["Content-Length"])
                half = self.rfile.read(length // 2)
                self.keep(session, half[: min(self.broken * GRAIN, len(half) // GRAIN * GRAIN)])
                raise Reset
            body, given = self.read(), re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", self.range())
            first, last, size = map(int, given.groups()) if given else (0, len(body) - 1, len(body))
            right = first == len(session.kept) and last - first + 1 == len(body)
            right = right and (session.size < 0 or size == session.size) and last < max(size, 1)
            if not right or (not given and body and session.kept) or (size == 0 and given):
                raise Problem(400, "badRequest", f"Content-Range {self.range()} after {len(session.kept)} bytes")
            if last + 1 < size and len(body) % GRAIN:
                raise Problem(400, "badRequest", "Chunks are multiples of 256 KiB.")
            self.keep(session, body)
            if last + 1 == size:
                self.complete(session)
            return self.state(session)

    def keep(self, session: Session, body: bytes) -> None:
        session.kept += self.altered(body) if self.altered else body
        self.drive.received += len(body)

    def complete(self, session: Session) -> None:
        store = self.drive.store
        with self.drive.lock:
            if session.target:
                file = store.find(session.target, all_drives=True)
                file.mime = session.about.get("mimeType", file.mime)
                store.replace(file, bytes(session.kept))
            else:
                file = store.add(session.about, bytes(session.kept))
        session.file = file.id
