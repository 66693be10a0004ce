"""Connections of `requests` that check the address which they really dialled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket


def checked_pools(check: Callable[[str], None]) -> dict[str, Any]:
    """Connection pools that hand each address they reached to `check` before a byte is sent.

    A name that changes its address after the first check gains nothing. Behind a proxy of the environment it is the
    proxy that dials, so there only the first check holds.
    """
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    def inspect(connected: socket.socket, scheme: str) -> socket.socket:
        host, port = connected.getpeername()[:2]
        try:
            check(f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}")
        except BaseException:
            connected.close()
            raise
        return connected

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return inspect(super()._new_conn(), "http")

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return inspect(super()._new_conn(), "https")

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
