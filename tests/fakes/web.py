"""A server that answers each path with the very bytes it was told, well-formed or not, and remembers what was asked."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

Answer = Callable[[socket.socket], None]


def answer(body: bytes, status: str = "200 OK", *headers: str) -> Answer:
    """A whole answer of HTTP/1.1."""
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers))
    return lambda connection: connection.sendall(f"{head}\r\n".encode() + body)


def drip(start: bytes) -> Answer:
    """A byte every 0.05 s, for ever."""

    def send(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(b"a")
            time.sleep(0.05)

    return send


class Server:
    """A server that answers each path as told, all others with `otherwise`, and records the paths."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.asked: list[str] = []
        self.answers: dict[str, Answer] = {}
        self.otherwise: Answer | None = None
        self._host = host
        self._socket = socket.create_server((host, 0))
        self.at = f"http://{host}:{self._socket.getsockname()[1]}"
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with connection:
                head = connection.recv(65536).decode()
                if not head:
                    return
                path = head.split()[1]
                self.asked.append(path)
                try:
                    (self.answers.get(path) or self.otherwise or self.answers[path])(connection)
                except OSError:  # the other side has had enough
                    continue

    def close(self) -> None:
        """Stop."""
        with socket.create_connection((self._host, self.port)):
            pass
        self._thread.join()
        self._socket.close()
