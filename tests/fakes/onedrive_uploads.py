"""Sessions of the fake OneDrive: https://learn.microsoft.com/en-us/graph/api/driveitem-createuploadsession."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.onedrive_store import Problem

GRAIN, LARGEST = 320 * 1024, 60 * 1024 * 1024
GONE = (404, "itemNotFound", "The upload session was not found")


@dataclass
class Session:
    """`have` counts the bytes that were acknowledged; `kept` holds what a fault left of them."""

    parent: str
    name: str
    behavior: str
    have: int = 0
    kept: bytearray = field(default_factory=bytearray)
    size: int = -1
    lock: threading.Lock = field(default_factory=threading.Lock)


class Reset(Exception):
    """The connection ends without an answer."""


class Uploads:
    """What the handler does with sessions."""

    fake: Any
    altered: Any
    half: bool

    def do_session(self, parent: str, path: list[str]) -> tuple:
        given = self.json().get("item", {})
        allowed = {"@microsoft.graph.conflictBehavior", "name", "fileSystemInfo"} | (
            {"fileSize"} if self.store.kind == "personal" else set()
        )
        if set(given) - allowed or given.get("name", path[-1]) != path[-1]:
            raise Problem(400, "invalidRequest", "item")
        place = self.store.at(parent, path[:-1])
        self.store.check_name(path[-1])
        behavior = given.get("@microsoft.graph.conflictBehavior", "fail")
        if self.fake.early:
            self.store.check_taken(place.id, path[-1], behavior)
        self.store.check_room(given.get("fileSize", 0))
        name = f"s{next(self.store.numbers)}"
        self.fake.sessions[name] = Session(place.id, path[-1], behavior)
        until = "2099-01-01T00:00:00Z"
        return self.answer(
            {"uploadUrl": f"{self.fake.url}/up/{name}?tempauth=canary-{name}", "expirationDateTime": until}
        )

    def session(self, name: str) -> Session:
        if "Authorization" in self.headers:
            raise Problem(401, "unauthenticated", "Do not send an access token here.")
        found = self.fake.sessions.get(name)
        if found is None or self.query.get("tempauth") != f"canary-{name}":
            raise Problem(*GONE)
        return found

    def do_end(self, name: str) -> tuple:
        self.session(name)
        del self.fake.sessions[name]
        return self.answer(status=204)

    def do_ask(self, name: str) -> tuple:
        with self.session(name).lock:
            return self.answer(self.state(self.session(name)))

    def state(self, session: Session) -> dict:
        done = session.have == session.size
        return {
            "expirationDateTime": "2099-01-01T00:00:00Z",
            "nextExpectedRanges": [] if done else [f"{session.have}-"],
        }

    def do_chunk(self, name: str) -> tuple:
        with self.session(name).lock:
            session, length = self.session(name), int(self.headers["Content-Length"])
            if self.half:
                self.rfile.read(length // 2)
                raise Reset
            body, given = self.read(), re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", self.headers.get("Content-Range", ""))
            first, last, size = map(int, given.groups()) if given else (0, -2, 0)
            if last - first + 1 != len(body) or last >= size:
                raise Problem(400, "invalidRequest", "Content-Range", inner="fragmentLengthMismatch")
            if session.size not in {-1, size}:
                raise Problem(400, "invalidRequest", "The size changed.")
            if first != session.have:
                inner = "fragmentOverlap" if first < session.have else "fragmentOutOfOrder"
                raise Problem(416, "invalidRange", "Optimistic concurrency failure", inner=inner)
            if len(body) >= LARGEST or (last + 1 < size and len(body) % GRAIN):
                raise Problem(400, "invalidRequest", "Fragments are multiples of 320 KiB below 60 MiB.")
            session.size, session.have = size, last + 1
            session.kept += self.altered(body) if self.altered else body
            self.fake.received += len(body)
            if session.have < size:
                return self.answer(self.state(session), 202)
            with self.fake.lock:
                file = self.store.write(session.parent, session.name, bytes(session.kept), session.behavior)
            del self.fake.sessions[name]
            return self.answer(self.store.shown(file), 201)
