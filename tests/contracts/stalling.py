"""A line to a local server that stops moving when told to, as a bad network does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

PIECE = 16 * 1024


class Line:
    """Forwards from `port` to `backend`. `stalled` is set while it holds bytes back; `go()` lets everything pass.

    `after`: stop once so many bytes went to the server. `before_answer`: stop before an answer, where this says so.
    """

    def __init__(self, backend: int, after: int | None = None, before_answer: Callable[[], bool] = lambda: False):
        self._backend, self._after, self._before_answer = backend, after, before_answer
        self._sent = 0
        self._open = threading.Event()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.stalled = threading.Event()
        self.port = 0

    def go(self) -> None:
        self._after, self._before_answer = None, lambda: False
        self._open.set()

    @contextmanager
    def running(self) -> Iterator[Line]:
        server = socket.create_server(("127.0.0.1", 0))
        self.port = server.getsockname()[1]
        self._sockets.append(server)
        self._start(self._accept, server)
        try:
            yield self
        finally:
            self.go()
            for one in self._sockets:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            for thread in self._threads:
                thread.join()
            for one in self._sockets:
                one.close()

    def _start(self, work: Callable[..., None], *given: Any) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
                self._sockets.append(client)
                behind = socket.create_connection(("127.0.0.1", self._backend))
                self._sockets.append(behind)
                self._start(self._pump, client, behind, self._up)
                self._start(self._pump, behind, client, self._down)

    def _pump(self, source: socket.socket, target: socket.socket, look: Callable[[int], None]) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE):
                look(len(piece))
                target.sendall(piece)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _up(self, size: int) -> None:
        self._sent += size
        if self._after is not None and self._sent > self._after:
            self._hold()

    def _down(self, _size: int) -> None:
        if self._before_answer():
            self._hold()

    def _hold(self) -> None:
        self.stalled.set()
        self._open.wait(60)
