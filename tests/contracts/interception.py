"""A CONNECT proxy that ends TLS itself and hands the requests to a fake: for clients that know one endpoint only.

Requests keep their `Host`. A chunked body becomes one with a Content-Length, which is all that the fakes read.
"""

from __future__ import annotations

import http.client
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.contracts.certificate import certificate


@contextmanager
def intercepted(folder: Path, port: int, *hosts: str) -> Iterator[tuple[str, Path]]:
    """The proxy's URL and the certificate to trust; `port` is the fake's, `hosts` are the names that it answers to."""
    trusted, key = certificate(folder, *hosts)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"backend": port, "context": context}))
    server.daemon_threads, server.block_on_close = True, False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", trusted
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    backend = 0
    context: ssl.SSLContext

    def do_CONNECT(self) -> None:
        self.send_response_only(200)
        self.end_headers()
        self.connection = self.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def handle_any(self) -> None:
        body = self._body()
        backend = http.client.HTTPConnection("127.0.0.1", self.backend, timeout=60)
        try:
            path = re.sub("^http://[^/]+", "", self.path)
            backend.putrequest(self.command, path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                    backend.putheader(name, value)
            backend.putheader("Content-Length", str(len(body)))
            backend.endheaders(body)
            answer = backend.getresponse()
            told = answer.read()
        finally:
            backend.close()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"content-length", "connection", "transfer-encoding"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815 - names that http.server calls

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def log_message(self, *args: object) -> None:
        """Silence."""
