"""S3 servers on loopback, and a proxy before them that counts, and that misbehaves when told to.

moto knows S3's semantics (412, EntityTooSmall) and no authentication; `rclone serve s3` checks signatures and
Content-MD5, keeps objects on the disk, and ignores conditions.
"""

from __future__ import annotations

import http.client
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

KEY_ID, SECRET = "AKIDLONGSHORE", "secret-of-the-tests"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(command: list[str], port: int) -> Iterator[int]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
                assert time.monotonic() < deadline, f"{command[0]} does not listen"
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def rclone(folder: Path, *options: str) -> Iterator[int]:
    """`rclone serve s3`: buckets are the folders in `folder`."""
    beside = Path(sys.executable).parent / "rclone"
    program = str(beside) if beside.exists() else shutil.which("rclone")
    assert program, "rclone is missing: install the dev extra"
    port = _free_port()
    keys = f"{KEY_ID},{SECRET}"
    command = [program, "serve", "s3", str(folder), "--addr", f"127.0.0.1:{port}", "--auth-key", keys, *options]
    with _running(command, port):
        yield port


@contextmanager
def moto() -> Iterator[int]:
    """Moto's server, in a process of its own: it keeps every object in memory."""
    port = _free_port()
    with _running([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], port):
        yield port


def reset_moto(port: int) -> None:
    """Forget all buckets."""
    urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/moto-api/reset", method="POST")).close()


@dataclass
class Seen:
    """One request that came through the proxy."""

    method: str
    path: str
    query: dict[str, list[str]]
    size: int
    headers: dict[str, str]


@dataclass
class Answer:
    """What the proxy answers instead of the server."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Proxy:
    """Counts what passes. `answer` may answer itself, `alter` change a body, `swallow` drop the server's answer.

    `reply` may change the server's answer; `cut` resets the connection in the middle of the request's body.
    """

    backend: int
    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    arrived: list[int] = field(default_factory=list)
    answer: Callable[[Seen], Answer | None] = lambda seen: None
    alter: Callable[[Seen, bytes], bytes] = lambda seen, body: body
    reply: Callable[[Seen, Answer], Answer] = lambda seen, answer: answer
    swallow: Callable[[Seen], bool] = lambda seen: False
    cut: Callable[[Seen], bool] = lambda seen: False

    def payload(self) -> int:
        """Bytes of objects and parts that came through."""
        return sum(one.size for one in self.seen if one.method == "PUT")

    def carried(self) -> int:
        """Bytes of objects and parts that arrived, those of requests that broke off too."""
        return sum(self.arrived)

    def parts(self) -> list[int]:
        """Numbers of the parts that came through, in order."""
        return [
            int(one.query["partNumber"][0]) for one in self.seen if one.method == "PUT" and "partNumber" in one.query
        ]

    @contextmanager
    def running(self) -> Iterator[Proxy]:
        """Listen on `port`, or on a free one."""
        server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        server.daemon_threads = True
        server.block_on_close = False
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - a class in a function, no branches
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen = Seen(self.command, parts.path, parse_qs(parts.query, keep_blank_values=True), length, headers)
            if proxy.cut(seen):
                self._read(length // 2)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                return
            body = self._read(length)
            if len(body) != length:
                self.close_connection = True
                return
            proxy.seen.append(seen)
            answer = proxy.answer(seen) or proxy.reply(seen, self._forward(seen, proxy.alter(seen, body)))
            if proxy.swallow(seen):
                self.close_connection = True
            else:
                self._answer(answer)

        def _read(self, length: int) -> bytes:
            body = self.rfile.read(length)
            if self.command == "PUT":
                proxy.arrived.append(len(body))
            return body

        def _answer(self, answer: Answer) -> None:
            self.send_response_only(answer.status)
            headers = {"Content-Length": str(len(answer.body)), **answer.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_PROPFIND = do_MKCOL = do_MOVE = _pass  # noqa: N815 - names that http.server calls
        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass  # noqa: N815 - names that http.server calls

        def _forward(self, seen: Seen, body: bytes) -> Answer:
            connection = http.client.HTTPConnection("127.0.0.1", proxy.backend, timeout=60)
            try:
                connection.putrequest(seen.method, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    if name.lower() not in {"expect", "connection", "content-length"}:
                        connection.putheader(name, value)
                connection.putheader("Content-Length", str(len(body)))
                connection.putheader("Connection", "close")
                connection.endheaders(body)
                response = connection.getresponse()
                left = {"connection", "transfer-encoding", "keep-alive"}
                headers = {name.title(): value for name, value in response.getheaders() if name.lower() not in left}
                return Answer(response.status, response.read(), headers)
            finally:
                connection.close()

        def log_message(self, *args: object) -> None:
            """Silence."""

    return Handler
