"""HTTP to Microsoft: one session of `requests` for tokens, for Graph and for what upload sessions are sent to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from workers.destinations._dialled import checked_pools

if TYPE_CHECKING:
    import requests

CONNECT_SECONDS = 10.0
SILENCE = 120.0
"""Seconds without an answer: the last chunk of a large file is answered when OneDrive has put it together."""
PIECE = 1024 * 1024
"""Bytes between two reports of progress."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """One of Microsoft's: https://learn.microsoft.com/en-us/graph/deployments."""

    graph: str
    login: str


CLOUDS = {
    "global": Cloud("https://graph.microsoft.com", "https://login.microsoftonline.com"),
    "us": Cloud("https://graph.microsoft.us", "https://login.microsoftonline.us"),
    "us_dod": Cloud("https://dod-graph.microsoft.us", "https://login.microsoftonline.us"),
    "china": Cloud("https://microsoftgraph.chinacloudapi.cn", "https://login.partner.microsoftonline.cn"),
}


def connected(endpoint_url: str, check: Callable[[str], None]) -> requests.Session:
    """A session that sends no credentials of the environment. Close it; follow no redirect.

    With an endpoint everything goes there, with the name of the host that was meant in `Host`: whatever address an
    answer names, only the endpoint is dialled. Raises Refused where it may not be reached.
    """
    import requests
    from requests.adapters import HTTPAdapter
    from requests.utils import get_environ_proxies

    if endpoint_url:
        check(endpoint_url)

    class Transport(HTTPAdapter):
        def send(self, request: requests.PreparedRequest, *given: Any, **options: Any) -> requests.Response:
            options["timeout"] = options.get("timeout") or (CONNECT_SECONDS, SILENCE)
            if endpoint_url:
                request.headers["Host"] = urlsplit(request.url or "").netloc
                request.url = endpoint_url.rstrip("/") + request.path_url
                options["proxies"] = get_environ_proxies(endpoint_url)
            return super().send(request, *given, **options)

    transport = Transport()
    if endpoint_url:
        transport.poolmanager.pool_classes_by_scheme = checked_pools(check)
    session = requests.Session()
    session.mount("https://", transport)
    session.mount("http://", transport)
    session.auth = _unchanged
    session.headers["User-Agent"] = "longshore"
    session.headers["Accept-Encoding"] = "identity"
    return session


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave the headers alone: without an `auth`, requests adds a line of ~/.netrc, to upload sessions, too."""
    return request


class Told:
    """A payload that reports how many of its bytes have left, and can be sent again. `requests` asks its length."""

    def __init__(self, payload: bytes, report: Callable[[int], None]) -> None:
        self._payload = payload
        self._report = report

    def __len__(self) -> int:
        return len(self._payload)

    def __iter__(self) -> Iterator[memoryview]:
        whole = memoryview(self._payload)
        for start in range(0, len(whole), PIECE):
            yield whole[start : start + PIECE]
            self._report(min(start + PIECE, len(whole)))
