"""Google Drive on loopback: a real HTTP server, strict about tokens, offsets, ranges, sizes and ids.

Written from Google's public pages:
- https://developers.google.com/workspace/drive/api/guides/manage-uploads (sessions, 308, Range, 256 KiB, given ids)
- https://developers.google.com/workspace/drive/api/reference/rest/v3/files (and about, revisions, generateIds)
- https://developers.google.com/workspace/drive/api/guides/search-files, .../guides/enable-shareddrives
- https://developers.google.com/workspace/drive/api/guides/handle-errors
- https://developers.google.com/identity/protocols/oauth2/web-server and .../oauth2/service-account

What the pages leave open is decided as real clients report it: `name =` ignores case, a session that was ended answers
499, one that is unknown 404.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.authority import Authority
from tests.fakes.google_drive_store import FOLDER, Problem, Store
from tests.fakes.google_drive_uploads import Reset, Session, Uploads

CLIENT_ID, CLIENT_SECRET, REFRESH = "client.apps.googleusercontent.com", "GOCSPX-secret-of-the-tests", "1//refresh"


@dataclass
class Fault:
    """What goes wrong with the requests of a kind: the first `times` of them, once `skip` have passed.

    `problem` is answered, or `reset` ends the connection: before anything is done, or with `after` when it is done.
    `part` lets a chunk break off in its middle; Drive keeps `part` grains of it. `alter` changes what is stored.
    """

    kind: str
    problem: Problem | None = None
    reset: bool = False
    after: bool = False
    part: int | None = None
    alter: Callable[[bytes], bytes] | None = None
    seconds: float = 0.0
    skip: int = 0
    times: int = 1


@dataclass
class Drive:
    """`seen` lists the kinds of the requests in order; `received` counts the bytes of content that were kept."""

    store: Store = field(default_factory=Store)
    tokens: dict[str, str] = field(default_factory=dict)
    refresh: set[str] = field(default_factory=lambda: {REFRESH})
    authority: Authority | None = None
    service_key: Any = None
    subjects: set[str] = field(default_factory=set)
    sessions: dict[str, Session] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    received: int = 0
    port: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def token(self, who: str = "ann@example.test") -> str:
        made = f"ya29.{next(self.store.numbers)}"
        self.tokens[made] = who
        return made

    def open_sessions(self) -> list[Session]:
        return [one for one in self.sessions.values() if not one.file and not one.ended]

    def fault(self, kind: str) -> Fault | None:
        with self.lock:
            self.seen.append(kind)
            self.times[kind].append(time.monotonic())
            for one in self.faults:
                if one.kind == kind and one.skip > 0:
                    one.skip -= 1
                elif one.kind == kind and one.times > 0:
                    one.times -= 1
                    return one
        return None

    @contextmanager
    def running(self) -> Iterator[Drive]:
        server = ThreadingHTTPServer(("127.0.0.1", self.port), type("Bound", (Handler,), {"drive": self}))
        server.daemon_threads, server.block_on_close = True, False
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class Handler(Uploads, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    drive: Drive

    def handle_any(self) -> None:
        self.body: bytes | None = None
        parts = urlsplit(self.path)
        self.route, self.query = parts.path, {name: given[0] for name, given in parse_qs(parts.query).items()}
        try:
            kind, work = self.work()
            status, headers, answer = self.with_faults(kind, work)
        except Problem as problem:
            self.read()
            headers = {"Retry-After": problem.retry_after} if problem.retry_after else {}
            status, answer = problem.status, json.dumps(problem.body()).encode()
        except (Reset, ConnectionError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        try:
            self.send_response_only(status)
            for name, value in {"Content-Length": str(len(answer)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)
        except ConnectionError:  # the client has given up, as some tests let it
            self.close_connection = True

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815 - names that http.server calls

    def work(self) -> tuple[str, Callable[[], tuple]]:
        """The kind of the request, and what does it."""
        method, route = self.command, self.route
        if "upload_id" in self.query:
            kind = {"DELETE": "end"}.get(method, "ask" if "*/" in self.range() else "chunk")
            return kind, getattr(self, kind)
        routes = [
            ("POST", "/token", "login"),
            ("GET", "/drive/v3/about", "about"),
            ("GET", "/drive/v3/files/generateIds", "ids"),
            ("GET", "/drive/v3/files", "list"),
            ("POST", "/drive/v3/files", "create"),
            ("POST", "/upload/drive/v3/files", "open"),
            ("PATCH", "/upload/drive/v3/files/([^/]+)", "open"),
            ("GET", "/drive/v3/files/([^/]+)", "content" if self.query.get("alt") == "media" else "get"),
            ("PATCH", "/drive/v3/files/([^/]+)", "patch"),
            ("DELETE", "/drive/v3/files/([^/]+)/revisions/([^/]+)", "revision"),
            ("DELETE", "/drive/v3/files/([^/]+)", "delete"),
        ]
        for verb, pattern, kind in routes:
            found = re.fullmatch(pattern, route)
            if verb == method and found:
                return kind, lambda kind=kind, found=found: getattr(self, f"do_{kind}")(*found.groups())
        raise Problem(404, "notFound", f"{method} {route}")

    def with_faults(self, kind: str, work: Callable[[], tuple]) -> tuple:
        fault = self.drive.fault(kind)
        self.altered = fault.alter if fault else None
        self.broken = fault.part if fault else None
        if fault and fault.seconds and not fault.after:
            time.sleep(fault.seconds)
        if fault and not fault.after:
            self.fail(fault)
        if kind != "login" and self.headers.get("Authorization", "").removeprefix("Bearer ") not in self.drive.tokens:
            raise Problem(401, "authError", "Invalid Credentials")
        answer = work()
        if fault and fault.after:
            time.sleep(fault.seconds)
            self.fail(fault)
        return answer

    def fail(self, fault: Fault) -> None:
        if fault.problem or fault.reset:
            self.read()
            raise fault.problem or Reset

    def read(self) -> bytes:
        if self.body is None:
            length = int(self.headers.get("Content-Length", 0))
            self.body = self.rfile.read(length)
            if len(self.body) != length:
                raise Reset
        return self.body

    def json(self) -> dict:
        return json.loads(self.read() or b"{}")

    def answer(self, body: Any = None, status: int = 200, **headers: str) -> tuple:
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return status, headers, content

    @property
    def all_drives(self) -> bool:
        return self.query.get("supportsAllDrives") == "true"

    def shown(self, file: Any) -> tuple:
        return self.answer(self.drive.store.shown(file, self.query.get("fields")))

    def range(self) -> str:
        return self.headers.get("Content-Range", "")

    def do_login(self) -> tuple:
        """https://developers.google.com/identity/protocols/oauth2/web-server#offline."""
        form = {name: given[0] for name, given in parse_qs(self.read().decode()).items()}
        if form.get("grant_type") == "authorization_code" and self.drive.authority:
            status, told = self.drive.authority.exchange(self.read().decode())
            return self.answer(told, status)
        known = (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        who, error = "ann@example.test", ""
        if form.get("grant_type") == "refresh_token":
            error = "" if known else "invalid_client"
            error = error or ("" if form.get("refresh_token") in self.drive.refresh else "invalid_grant")
        else:
            who, error = self.assertion(form.get("assertion", ""))
        if error:
            return self.answer({"error": error, "error_description": "No."}, 401 if error == "invalid_client" else 400)
        return self.answer({"access_token": self.drive.token(who), "expires_in": 3599, "token_type": "Bearer"})

    def assertion(self, signed: str) -> tuple[str, str]:
        import jwt

        try:
            claims = jwt.decode(
                signed, self.drive.service_key, ["RS256"], audience=f"{self.drive.url}/token",
                options={"require": ["iss", "scope", "aud", "exp", "iat"]},
            )  # fmt: skip
        except jwt.PyJWTError:
            return "", "invalid_grant"
        who = claims.get("sub", claims["iss"])
        allowed = who == claims["iss"] or who in self.drive.subjects
        long = claims["exp"] - claims["iat"] > 3600
        return who, "" if allowed and not long else "unauthorized_client"

    def do_about(self) -> tuple:
        if "fields" not in self.query:
            raise Problem(400, "required", "The 'fields' parameter is required for this method.")
        store = self.drive.store
        who = self.drive.tokens[self.headers["Authorization"].removeprefix("Bearer ")]
        quota = {"usage": str(store.used())} | ({} if store.limit is None else {"limit": str(store.limit)})
        return self.answer({"user": {"displayName": "Ann", "emailAddress": who}, "storageQuota": quota})

    def do_ids(self) -> tuple:
        return self.answer({"ids": [self.drive.store.new_id() for _ in range(int(self.query.get("count", 10)))]})

    def do_list(self) -> tuple:
        drive = self.query.get("driveId", "")
        shared = self.all_drives and self.query.get("includeItemsFromAllDrives") == "true"
        if drive and (not shared or self.query.get("corpora") != "drive"):
            raise Problem(400, "invalid", "driveId needs corpora=drive and includeItemsFromAllDrives.")
        with self.drive.lock:
            found = self.drive.store.search(self.query.get("q", ""), drive=drive)
        start = int(self.query.get("pageToken", 0))
        stop = start + min(int(self.query.get("pageSize", 100)), self.drive.store.page)
        fields = re.search(r"files\(([^)]*)\)", self.query.get("fields", ""))
        files = [self.drive.store.shown(one, fields[1] if fields else None) for one in found[start:stop]]
        more = {"nextPageToken": str(stop)} if stop < len(found) and "nextPageToken" in self.query["fields"] else {}
        return self.answer({"files": files, **more})

    def do_create(self) -> tuple:
        with self.drive.lock:
            return self.shown(self.drive.store.add(self.json()))

    def do_get(self, file_id: str) -> tuple:
        return self.shown(self.drive.store.find(file_id, all_drives=self.all_drives))

    def do_content(self, file_id: str) -> tuple:
        return self.answer(self.drive.store.find(file_id, all_drives=self.all_drives).content)

    def do_patch(self, file_id: str) -> tuple:
        with self.drive.lock:
            file, asked = self.drive.store.find(file_id, all_drives=self.all_drives), self.json()
            self.drive.store.may(file, "trash" if "trashed" in asked else "write")
            file.name, file.trashed = asked.get("name", file.name), asked.get("trashed", file.trashed)
            return self.shown(file)

    def do_delete(self, file_id: str) -> tuple:
        with self.drive.lock:
            self.drive.store.delete(self.drive.store.find(file_id, all_drives=self.all_drives))
        return self.answer(status=204)

    def do_revision(self, file_id: str, revision: str) -> tuple:
        with self.drive.lock:
            self.drive.store.drop_revision(self.drive.store.find(file_id, all_drives=True), revision)
        return self.answer(status=204)

    def log_message(self, *args: object) -> None:
        """Silence."""


__all__ = ["CLIENT_ID", "CLIENT_SECRET", "FOLDER", "REFRESH", "Drive", "Fault", "Problem"]
