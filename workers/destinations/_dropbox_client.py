"""The connection to Dropbox: its SDK over a transport that reports progress and checks what it dials."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from workers.destinations._dialled import checked_pools
from workers.destinations._dropbox_errors import classified, unwilling
from workers.destinations.base import Grant, Tokens

if TYPE_CHECKING:
    import requests

CONNECT_SECONDS = 10
READ_SECONDS = 100
"""Silence after which a request is given up; the SDK's own figure, as Dropbox may take long to commit a large file."""
LOGIN_SECONDS = 20
"""The same for a login, which others wait for."""
LOGIN = "/oauth2/token"
EARLY = 300.0
"""Seconds before its end at which a token is renewed; the SDK's own figure."""
PIECE = 1024 * 1024
"""Bytes between two reports of progress."""


@dataclass(slots=True)
class Wire:
    """What goes over the connection now. `report` is told how many bytes of the present payload have left."""

    report: Callable[[int], None] | None = None


def sdk() -> Any:
    """The SDK, without its module for the audit log of teams: 120,000 generated lines that no delivery calls.

    They cost a worker 115 MB of memory and a second. Import nothing of `dropbox` but through this.
    """
    sys.modules.setdefault("dropbox.team_log", ModuleType("dropbox.team_log"))
    import dropbox

    return dropbox


def connect(
    *,
    access_token: str | None,
    refresh_token: str | None,
    app: tuple[str | None, str | None],
    endpoint_url: str,
    check: Callable[[str], None],
    wire: Wire,
    tokens: Tokens,
) -> Any:
    """A client for an access token, or for a refresh token with its app's key and secret, whose tokens `tokens` keeps.

    Nothing is repeated by the SDK, whose waits nobody could cancel; a refused access token is renewed once. Raises
    Refused where the endpoint may not be reached.
    """
    if endpoint_url:
        check(endpoint_url)
    return _client(tokens)(
        oauth2_access_token=access_token,
        oauth2_refresh_token=refresh_token,
        app_key=app[0],
        app_secret=app[1],
        max_retries_on_error=0,
        max_retries_on_rate_limit=0,
        user_agent="longshore",
        timeout=(CONNECT_SECONDS, READ_SECONDS),
        session=_session(endpoint_url.rstrip("/"), check, wire),
    )


def _client(tokens: Tokens) -> Any:
    """The SDK's client, which gets its access tokens from elsewhere than itself."""
    base: Any = sdk().Dropbox
    exceptions = sdk().exceptions

    class Client(base):  # type: ignore[misc]  # the SDK has no types
        def check_and_refresh_access_token(self) -> None:
            if self._oauth2_refresh_token:
                self._oauth2_access_token = tokens.get(self._sign_in)

        def refresh_access_token(self, *_given: Any, **_named: Any) -> None:
            """What the SDK calls where its access token has expired."""
            if self._oauth2_refresh_token:
                self._oauth2_access_token = tokens.get(self._sign_in, refused=self._oauth2_access_token)

        def request_json_string(self, *given: Any, **named: Any) -> Any:
            """One request; repeated once where the token that was kept is not merely old but no longer known."""
            try:
                return super().request_json_string(*given, **named)
            except exceptions.AuthError as error:
                if not self._oauth2_refresh_token or not error.error or not error.error.is_invalid_access_token():
                    raise
            self.refresh_access_token()
            return super().request_json_string(*given, **named)

        def _sign_in(self, _younger: dict[str, str]) -> Grant:
            """Dropbox replaces none of the secrets. Raises LongshoreError and requests' errors."""
            try:
                super().refresh_access_token()
            except exceptions.DropboxException as error:
                raise classified(error, sdk()) from error
            lasts = self._oauth2_access_token_expiration - datetime.now(UTC).replace(tzinfo=None)
            return Grant(self._oauth2_access_token, lasts.total_seconds() - EARLY)

    return Client


def _session(endpoint_url: str, check: Callable[[str], None], wire: Wire) -> requests.Session:
    """An HTTP session that raises Transient, NeedsReconnect and Permanent for answers the SDK would tell less of.

    With an endpoint all requests go there, with Dropbox's host names in `Host`.
    """
    import requests
    from requests.adapters import HTTPAdapter
    from requests.utils import get_environ_proxies

    class Transport(HTTPAdapter):
        def send(self, request: requests.PreparedRequest, *given: Any, **options: Any) -> requests.Response:
            if endpoint_url:
                request.headers["Host"] = urlsplit(request.url or "").netloc
                request.url = endpoint_url + request.path_url
                options["proxies"] = get_environ_proxies(endpoint_url)
            if request.path_url == LOGIN:
                options["timeout"] = (CONNECT_SECONDS, LOGIN_SECONDS)
            payload: Any = request.body
            if wire.report and isinstance(payload, bytes) and payload:
                sent: Any = _told(payload, wire.report)
                request.body = sent
            response = super().send(request, *given, **options)
            error = unwilling(response.status_code, response.headers)
            if error:
                response.close()
                raise error
            return response

    transport = Transport()
    if endpoint_url:
        transport.poolmanager.pool_classes_by_scheme = checked_pools(check)
    session = requests.Session()
    session.mount("https://", transport)
    session.mount("http://", transport)
    session.max_redirects = 0
    session.auth = _unchanged
    return session


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep the SDK's Authorization header: without an `auth`, requests puts a line of ~/.netrc into its place."""
    return request


def _told(payload: bytes, report: Callable[[int], None]) -> Iterator[memoryview]:
    """The payload in pieces; each is reported after it has left."""
    whole = memoryview(payload)
    for start in range(0, len(whole), PIECE):
        yield whole[start : start + PIECE]
        report(min(start + PIECE, len(whole)))
