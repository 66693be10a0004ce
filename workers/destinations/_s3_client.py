"""The connection to an S3 endpoint: botocore's client, with every dialled address checked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakSet

if TYPE_CHECKING:
    import socket

    import botocore.session

CONNECT_SECONDS = 10
READ_SECONDS = 60
"""Silence after which a request is given up; S3 answers the completion of the largest upload within it."""
POOL = 2
"""Connections kept: one for the part that is sent, one for that before it, whose answer is awaited."""
BLOCK = 128 * 1024
"""Bytes handed to the socket at once; 16 KiB, urllib3's own figure, cost a second a gigabyte."""
_building = threading.Lock()
"""botocore's sessions may not build two clients at once; its clients are safe."""


class Http(Protocol):
    """botocore's HTTP session, and what is told it beside. For several threads."""

    def send(self, request: Any, /) -> Any:
        """The answer to a prepared request. Raises BotoCoreError, and what the check of an address raises."""

    def hang_up(self) -> None:
        """End the connections that are open now, in the middle of whatever they do. Later requests get new ones."""


@cache
def _session() -> botocore.session.Session:
    """One session for the process: it keeps the parsed service model, 80 ms of every new client otherwise."""
    import botocore.session

    return botocore.session.get_session()


def connect(
    *,
    endpoint_url: str,
    region: str,
    addressing_style: str,
    keys: tuple[str, str, str | None],
    check: Callable[[str], None],
) -> tuple[Any, Http]:
    """A client for key id, secret key and session token, and what sends its requests.

    A given endpoint is checked before, and again at each connection by the address that was really dialled: a name
    that changes its address in between gains nothing. Behind a proxy of the environment it is the proxy that dials,
    so there only the first check holds. Raises Refused.
    """
    from botocore.config import Config

    if endpoint_url:
        check(endpoint_url)
    chosen: dict[str, Any] = {
        "signature_version": "s3v4",
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        "max_pool_connections": POOL,
        "retries": {"total_max_attempts": 1, "mode": "standard"},
        # each body's Content-MD5 is among the signed headers; its SHA-256 beside that costs a reading more
        "s3": {"addressing_style": addressing_style, "payload_signing_enabled": False},
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
        "ignore_configured_endpoint_urls": True,
        "tcp_keepalive": True,
        "user_agent_extra": "longshore",
    }
    with _building:
        client = _session().create_client(
            "s3",
            region_name=region,
            endpoint_url=endpoint_url or None,
            aws_access_key_id=keys[0],
            aws_secret_access_key=keys[1],
            aws_session_token=keys[2],
            config=Config(**chosen),
        )
    http = session(client, check if endpoint_url else _amazon)

    def send(request: Any, **_: Any) -> Any:
        begin = getattr(request.body, "begin", None)
        if begin:
            begin()
        return http.send(request)

    client.meta.events.register("before-send.s3", send)
    return client, http


def _amazon(_url: str) -> None:
    """Its endpoints are named by no user, and may be private addresses of the operator's network (PrivateLink)."""


def session(client: Any, check: Callable[[str], None]) -> Http:
    """An HTTP session whose connections hand the address they reached to `check` before they send a byte."""
    from botocore.awsrequest import AWSHTTPConnection, AWSHTTPConnectionPool, AWSHTTPSConnection, AWSHTTPSConnectionPool
    from botocore.httpsession import URLLib3Session
    from botocore.utils import get_environ_proxies

    opened: WeakSet[Any] = WeakSet()
    opening = threading.Lock()

    def inspect(connected: socket.socket, scheme: str) -> socket.socket:
        host, port = connected.getpeername()[:2]
        try:
            check(f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}")
        except BaseException:
            connected.close()
            raise
        return connected

    class Plain(AWSHTTPConnection):
        def _new_conn(self) -> socket.socket:
            with opening:
                opened.add(self)
            return inspect(super()._new_conn(), "http")

    class Secure(AWSHTTPSConnection):
        def _new_conn(self) -> socket.socket:
            with opening:
                opened.add(self)
            return inspect(super()._new_conn(), "https")

    class PlainPool(AWSHTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(AWSHTTPSConnectionPool):
        ConnectionCls = Secure

    class Session(URLLib3Session):
        _manager: Any

        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self._manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
            self._manager.connection_pool_kw["blocksize"] = BLOCK

        def hang_up(self) -> None:
            with opening:
                connections = list(opened)
            for connection in connections:
                if found := connection.sock:
                    with suppress(OSError):  # it was ended by the other side, or is only being dialled
                        socket.socket.shutdown(found, socket.SHUT_RDWR)

    import socket

    # What botocore gives its own sessions. Without the first one a request waits 40 ms for the acknowledgement of its
    # headers before its body is sent.
    options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    return Session(
        socket_options=options,
        verify=_session().get_config_variable("ca_bundle") or True,
        proxies=get_environ_proxies(client.meta.endpoint_url),
        timeout=(CONNECT_SECONDS, READ_SECONDS),
        max_pool_connections=POOL,
    )
