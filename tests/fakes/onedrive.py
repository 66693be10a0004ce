"""Microsoft Graph's drives and Microsoft's login on loopback, strict about tokens, hosts, names, ranges and sizes.

Written from Microsoft's public pages:
- https://learn.microsoft.com/en-us/graph/api/resources/driveitem and .../resources/drive
- .../graph/api/driveitem-put-content, -createuploadsession, -get, -update, -delete, -createlink, -post-children
- .../graph/api/driveitemversion-restore and .../graph/errors, .../graph/throttling
- https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow
- https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow
- https://support.microsoft.com/office/restrictions-and-limitations-in-onedrive-and-sharepoint-64883a5d

What the pages leave open is decided as real clients report it: a session that is finished answers 404 like one that
never was; a taken name is told at the start (`early`) or only when the last chunk has come.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes.authority import Authority
from tests.fakes.onedrive_extras import Extras
from tests.fakes.onedrive_logins import CLIENT_ID, CLIENT_SECRET, GRAPH, LOGIN, REFRESH, Logins
from tests.fakes.onedrive_store import Item, Problem, Store
from tests.fakes.onedrive_uploads import Reset, Session, Uploads

SIMPLE = 4 * 1024 * 1024
DRIVE = "/v1.0/drives/drive-1/(root|items/[^/:]+)"
BELOW = DRIVE + ":/([^:]+)"
ROUTES = [
    ("GET", LOGIN, "/([^/]+)/v2.0/.well-known/openid-configuration", "discover"),
    ("POST", LOGIN, "/([^/]+)/oauth2/v2.0/token", "login"),
    ("GET", GRAPH, "/v1.0/(me|drives|users|sites)((?:/.*)?)/drive", "drive"),
    ("GET", GRAPH, "/v1.0/(drives)/([^/]+)", "drive"),
    ("PUT", GRAPH, BELOW + ":/content", "put"),
    ("POST", GRAPH, BELOW + ":/createUploadSession", "session"),
    ("GET", GRAPH, BELOW + ":?", "look"),
    ("GET", GRAPH, DRIVE, "get"),
    ("PATCH", GRAPH, BELOW + ":?", "date"),
    ("PATCH", GRAPH, DRIVE, "rename"),
    ("DELETE", GRAPH, DRIVE, "delete"),
    ("POST", GRAPH, DRIVE + "/children", "folder"),
    ("GET", GRAPH, DRIVE + "/children", "children"),
    ("GET", GRAPH, DRIVE + "/content", "content"),
    ("POST", GRAPH, DRIVE + "/createLink", "link"),
    ("GET", GRAPH, DRIVE + "/versions", "versions"),
    ("POST", GRAPH, DRIVE + r"/versions/(\d+)\.0/restoreVersion", "restore"),
    ("GET", "", "/up/([^/]+)", "ask"),
    ("PUT", "", "/up/([^/]+)", "chunk"),
    ("DELETE", "", "/up/([^/]+)", "end"),
    ("GET", "", "/down/([^/]+)", "download"),
]
UNSIGNED = {"discover", "login", "ask", "chunk", "end", "download"}


@dataclass
class Fault:
    """What goes wrong with the requests of a kind: the first `times` of them, once `skip` have passed.

    `problem` is answered, or `reset` ends the connection: before anything is done, or with `after` when it is done.
    `half` ends it in the middle of a chunk, of which nothing is kept then. `alter` changes what is stored.
    """

    kind: str
    problem: Problem | None = None
    reset: bool = False
    after: bool = False
    half: bool = False
    alter: Callable[[bytes], bytes] | None = None
    seconds: float = 0.0
    skip: int = 0
    times: int = 1


@dataclass
class FakeOneDrive:
    """`seen` lists the kinds of the requests in order; `received` counts the bytes of content that were kept."""

    store: Store = field(default_factory=Store)
    tokens: dict[str, str] = field(default_factory=dict)
    refresh: set[str] = field(default_factory=lambda: {REFRESH})
    sessions: dict[str, Session] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    authority: Authority | None = None
    early: bool = True
    received: int = 0
    port: int = 0
    shown_port: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.shown_port or self.port}"

    def token(self, who: str = "ann") -> str:
        made = f"canary-access-{next(self.store.numbers)}"
        self.tokens[made] = who
        return made

    def fault(self, kind: str) -> Fault | None:
        with self.lock:
            self.seen.append(kind)
            for one in self.faults:
                if one.kind == kind and one.skip > 0:
                    one.skip -= 1
                elif one.kind == kind and one.times > 0:
                    one.times -= 1
                    return one
        return None

    @contextmanager
    def running(self) -> Iterator[FakeOneDrive]:
        server = ThreadingHTTPServer(("127.0.0.1", self.port), type("Bound", (Handler,), {"fake": self}))
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


class Handler(Uploads, Logins, Extras, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    fake: FakeOneDrive

    def handle_any(self) -> None:
        self.body: bytes | None = None
        self.store = self.fake.store
        parts = urlsplit(self.path)
        self.route, self.query = parts.path, {name: given[0] for name, given in parse_qs(parts.query).items()}
        try:
            kind, work = self.work()
            status, headers, answer = self.with_faults(kind, work)
        except Problem as problem:
            self.read()
            status, headers, answer = problem.status, problem.headers, json.dumps(problem.body()).encode()
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
        here = f"127.0.0.1:{self.fake.shown_port or self.fake.port}"
        for verb, host, pattern, kind in ROUTES:
            found = re.fullmatch(pattern, self.route)
            named = self.headers["Host"] == (host or here) or (host == LOGIN and self.fake.authority)
            if found and verb == self.command and named:
                given = [unquote(one) for one in found.groups()]
                if pattern.startswith(BELOW):
                    given[1] = [unquote(one) for one in found[2].split("/")]
                return kind, partial(getattr(self, f"do_{kind}"), *given)
        raise Problem(400, "BadRequest", f"{self.command} {self.headers['Host']} {self.route}")

    def with_faults(self, kind: str, work: Callable[[], tuple]) -> tuple:
        fault = self.fake.fault(kind)
        self.altered = fault.alter if fault else None
        self.half = bool(fault and fault.half)
        if fault and not fault.after:
            time.sleep(fault.seconds)
            self.fail(fault)
        self.who = self.fake.tokens.get(self.headers.get("Authorization", "").removeprefix("Bearer "), "")
        if kind not in UNSIGNED and not self.who:
            raise Problem(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.")
        try:
            return work()
        finally:
            if fault and fault.after:
                time.sleep(fault.seconds)
                self.fail(fault)

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
        if self.headers.get("Content-Type") != "application/json":
            raise Problem(400, "BadRequest", "Content-Type")
        return json.loads(self.read())

    def answer(self, body: Any = None, status: int = 200, **headers: str) -> tuple:
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return status, headers, content

    def shown(self, item: Item, status: int = 200) -> tuple:
        told, wanted = self.store.shown(item), self.query.get("$select")
        return self.answer({k: v for k, v in told.items() if not wanted or k in wanted.split(",")}, status)

    def matching(self, item: Item) -> Item:
        if self.headers.get("If-Match", item.etag) != item.etag:
            raise Problem(412, "resourceModified", "ETag does not match current item's value.")
        return item

    def do_drive(self, kind: str, which: str) -> tuple:
        if kind == "me" and self.who == "app":
            raise Problem(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
        known = {
            "me": "",
            "drives": "drive-1",
            "users": "/ann@example.com",
            "sites": "/contoso.sharepoint.com:/sites/team:",
        }
        if which != known[kind]:
            raise Problem(404, "itemNotFound", "The resource could not be found.")
        total, used = self.store.total, self.store.used()
        quota = {"total": total, "used": used, "remaining": max(0, total - used), "state": "normal"}
        owner = {"user": {"displayName": "Ann Ship", "email": "ann@example.com"}}
        return self.answer({"id": "drive-1", "driveType": self.store.kind, "owner": owner, "quota": quota})

    def do_look(self, parent: str, path: list[str]) -> tuple:
        with self.fake.lock:
            return self.shown(self.store.at(parent, path))

    def do_get(self, item_id: str) -> tuple:
        return self.shown(self.store.find(item_id))

    def do_put(self, parent: str, path: list[str]) -> tuple:
        body = self.read()
        if len(body) > SIMPLE:
            raise Problem(413, "invalidRequest", "Use an upload session.", inner="maxFileSizeExceeded")
        with self.fake.lock:
            place = self.store.at(parent, path[:-1])
            behavior = self.query.get("@microsoft.graph.conflictBehavior", "replace")
            content = self.altered(body) if self.altered else body
            file = self.store.write(place.id, path[-1], content, behavior)
            self.fake.received += len(body)
            return self.shown(file, 201)

    def do_folder(self, parent: str) -> tuple:
        asked = self.json()
        with self.fake.lock:
            behavior = asked.get("@microsoft.graph.conflictBehavior", "fail")
            return self.shown(self.store.make_folder(parent, asked["name"], behavior), 201)

    def do_children(self, parent: str) -> tuple:
        with self.fake.lock:
            place = self.store.find(parent)
            return self.answer({"value": [self.store.shown(one) for one in self.store.below(place)]})

    def do_date(self, parent: str, path: list[str]) -> tuple:
        assert set(self.json()) <= {"fileSystemInfo"}
        return self.shown(self.store.at(parent, path))

    def do_rename(self, item_id: str) -> tuple:
        asked = self.json()
        with self.fake.lock:
            item = self.matching(self.store.find(item_id))
            if "name" in asked:
                self.store.rename(item, asked["name"])
            return self.shown(item)

    def do_delete(self, item_id: str) -> tuple:
        with self.fake.lock:
            del self.store.items[self.matching(self.store.find(item_id)).id]
        return self.answer(status=204)

    def log_message(self, *args: object) -> None:
        """Silence."""


__all__ = ["CLIENT_ID", "CLIENT_SECRET", "REFRESH", "FakeOneDrive", "Fault", "Problem"]
