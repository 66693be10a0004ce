"""The only way out for rclone: a SOCKS 5 server (RFC 1928, 1929) on loopback that checks every address it dials.

A look at the options is not enough: names may answer differently a moment later, servers redirect, FTP servers name
addresses of their own. Here the address is checked that is dialled.
"""

from __future__ import annotations

import ipaddress
import secrets
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import closing, suppress

from workers.destinations.base import LongshoreError, Refused

VERSION, BY_PASSWORD, NO_AUTH, CONNECT = 5, 2, 0, 1
IPV4, NAME, IPV6 = 1, 3, 4
DONE, FAILED, NOT_ALLOWED, UNREACHABLE = 0, 1, 2, 4
NOT_ALLOWED_TEXT = "connection not allowed by ruleset"
"""What rclone's clients say for NOT_ALLOWED."""
UNPRIVILEGED = 1024
OTHER_PORTS = frozenset({21, 22, 139, 445, 990})
"""Below 1024 and not HTTP's: FTP, SSH, SMB, FTPS. The check of URLs knows HTTP's only, so they pass as HTTPS=443."""
HTTPS = 443
SECONDS = 15
"""Longest wait for one address to take a connection."""
CHUNK = 256 * 1024


def checked(host: str, port: int, check: Callable[[str], None]) -> list[str]:
    """The host's addresses, each of which may be dialled. Raises Refused, Transient, OSError for a name without any."""
    known = port if port >= UNPRIVILEGED or port not in OTHER_PORTS else HTTPS
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found))
    for address in addresses:
        check(f"https://[{address}]:{known}/" if ":" in address else f"https://{address}:{known}/")
    return addresses


class Guard:
    """Listens from the moment it is made; `check` raises Refused for addresses that may not be reached."""

    def __init__(self, check: Callable[[str], None]) -> None:
        self.check = check
        self.password = secrets.token_hex(16)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        threading.Thread(target=self._listen, name="rclone-guard", daemon=True).start()

    @property
    def place(self) -> str:
        """`user:password@host:port`, as rclone's options want it."""
        return f"rclone:{self.password}@127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                inner, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(inner,), daemon=True).start()

    def _serve(self, inner: socket.socket) -> None:
        with closing(inner), suppress(OSError, EOFError):
            inner.settimeout(SECONDS)
            host, port = greet(inner, self.password)
            try:
                outer = self._dial(host, port)
            except LongshoreError as error:
                inner.sendall(_reply(NOT_ALLOWED if isinstance(error, Refused) else UNREACHABLE))
                return
            except OSError:
                inner.sendall(_reply(UNREACHABLE))
                return
            with closing(outer):
                inner.sendall(_reply(DONE))
                inner.settimeout(None)
                outer.settimeout(None)
                back = threading.Thread(target=_pour, args=(outer, inner), daemon=True)
                back.start()
                _pour(inner, outer)
                back.join()

    def _dial(self, host: str, port: int) -> socket.socket:
        failure: OSError | None = None
        for address in checked(host, port, self.check):
            try:
                return socket.create_connection((address, port), timeout=SECONDS)
            except OSError as error:
                failure = error
        raise failure or OSError(f"{host} has no address")


def greet(inner: socket.socket, password: str) -> tuple[str, int]:
    """Read the client's greeting up to its request: where it wants to go. Raises EOFError, OSError."""
    version, count = _read(inner, 2)
    methods = _read(inner, count)
    if version != VERSION or BY_PASSWORD not in methods:
        inner.sendall(bytes((VERSION, 0xFF)))
        raise EOFError
    inner.sendall(bytes((VERSION, BY_PASSWORD)))
    _, length = _read(inner, 2)
    _read(inner, length)
    sent = _read(inner, _read(inner, 1)[0])
    if not secrets.compare_digest(sent, password.encode()):
        inner.sendall(bytes((1, FAILED)))
        raise EOFError
    inner.sendall(bytes((1, DONE)))
    _, command, _, kind = _read(inner, 4)
    if kind == NAME:
        host = _read(inner, _read(inner, 1)[0]).decode("ascii", "replace")
    else:
        host = str(ipaddress.ip_address(_read(inner, 4 if kind == IPV4 else 16)))
    (port,) = struct.unpack(">H", _read(inner, 2))
    if command != CONNECT:
        inner.sendall(_reply(FAILED))
        raise EOFError
    return host, port


def welcome(inner: socket.socket) -> None:
    """Say that the way is free."""
    inner.sendall(_reply(DONE))


def _reply(code: int) -> bytes:
    return bytes((VERSION, code, 0, IPV4, 0, 0, 0, 0, 0, 0))


def _read(inner: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        more = inner.recv(count - len(found))
        if not more:
            raise EOFError
        found += more
    return found


def _pour(source: socket.socket, target: socket.socket) -> None:
    """Copy until the source ends, and tell the target so."""
    with suppress(OSError):
        while chunk := source.recv(CHUNK):
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
