"""Requests to Google Drive: signed in, retried once where the access token had run out, never redirected.

Plain HTTP instead of Google's library: that one adds 115 MB on the disk and 13 MB in memory, ignores `Retry-After`,
and hangs when it repeats a chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from workers.destinations._google_drive_login import Login
from workers.destinations.base import Transient, retry_after

if TYPE_CHECKING:
    import ssl

    import httpx

GOOGLE = "https://www.googleapis.com"
TOKENS = "https://oauth2.googleapis.com/token"
CONNECT_SECONDS = 10.0
SILENCE = 120.0
"""Seconds without an answer: the last chunk of a large file is answered when Drive has put it together."""
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY, SERVER_ERROR = 401, 403, 404, 429, 500


class Denied(Exception):
    """Drive answered, and said no. `reason` is its own word for it, as storageQuotaExceeded; empty where it gave none.

    https://developers.google.com/workspace/drive/api/guides/handle-errors
    """

    def __init__(self, asked: str, response: httpx.Response) -> None:
        self.status = response.status_code
        self.reason, self.told = _reason(response)
        self.retry_after = retry_after(response.headers.get("retry-after", ""), datetime.now(UTC))
        super().__init__(f"{asked}: HTTP {self.status} {self.reason}: {self.told}")


class Client:
    """One signed-in connection. Methods raise Denied, NeedsReconnect, Transient and httpx.TransportError."""

    def __init__(self, http: httpx.Client, login: Login, root: str) -> None:
        self.http = http
        self.login = login
        self.root = root

    def call(self, method: str, path: str, json: Any = None, **params: Any) -> dict[str, Any]:
        """One request with a small answer in JSON; an empty answer is an empty dictionary."""
        response = self.send(method, f"{self.root}/drive/v3/{path}", params=_spelled(params), json=json)
        answer: dict[str, Any] = response.json() if response.content else {}
        return answer

    def send(self, method: str, url: str, **request: Any) -> httpx.Response:
        """One request whose body can be sent again. An answer from 400 on is raised."""
        response = self._once(method, url, request)
        if response.status_code == UNAUTHORIZED and self.login.renew():
            response = self._once(method, url, request)
        if response.is_error:
            raise Denied(_asked(method, url), response)
        return response

    def put(self, url: str, body: Iterator[bytes] | bytes, headers: dict[str, str]) -> httpx.Response:
        """One piece of content to a session: a stream, sent once. An answer from 400 on is raised."""
        self.within(url)
        response = self._once("PUT", url, {"content": body, "headers": headers})
        if response.is_error:
            raise Denied(_asked("PUT", url), response)
        return response

    @contextmanager
    def content(self, file_id: str) -> Iterator[Iterator[bytes]]:
        """The bytes of a file, as they come."""
        url, params = f"{self.root}/drive/v3/files/{file_id}", {"alt": "media", "supportsAllDrives": "true"}
        for last in (False, True):
            with self.http.stream("GET", url, params=params, headers=self.login.header()) as response:
                if response.status_code == UNAUTHORIZED and not last and self.login.renew():
                    continue
                if response.is_error:
                    response.read()
                    raise Denied(_asked("GET", url), response)
                yield response.iter_bytes()
                return

    def within(self, url: str) -> None:
        """Raises Transient where the URL of a session is not at the endpoint: it would be told the access token."""
        if not url.startswith(f"{self.root}/"):
            raise Transient("Google Drive named an upload address that is not its own. It will be tried again.")

    def _once(self, method: str, url: str, request: dict[str, Any]) -> httpx.Response:
        headers = {**request.get("headers", {}), **self.login.header()}
        return self.http.request(method, url, **{**request, "headers": headers})


@contextmanager
def connect(endpoint_url: str, check: Callable[[str], None], login: Callable[..., Login]) -> Iterator[Client]:
    """A client for one use.

    An endpoint other than Google's is checked before, and again at each connection by the address that was really
    dialled; no proxy of the environment is used for it. Raises Refused.
    """
    import httpx

    hooks: dict[str, Any] = {}
    if endpoint_url:
        check(endpoint_url)
        hooks = {"request": [lambda request: request.extensions.update(trace=_inspect(request.url.scheme, check))]}
    root = endpoint_url.rstrip("/") or GOOGLE
    with httpx.Client(
        timeout=httpx.Timeout(SILENCE, connect=CONNECT_SECONDS),
        verify=_trusted(environment=not endpoint_url),
        follow_redirects=False,
        trust_env=not endpoint_url,
        event_hooks=hooks,
        headers={"User-Agent": "longshore", "Accept-Encoding": "identity"},
    ) as http:
        yield Client(http, login(http, f"{root}/token" if endpoint_url else TOKENS), root)


@cache
def _trusted(*, environment: bool) -> ssl.SSLContext:
    """The authorities to trust, read once in a process: that takes 60 ms, longer than most requests."""
    import httpx

    return httpx.create_ssl_context(trust_env=environment)


def _inspect(scheme: str, check: Callable[[str], None]) -> Callable[[str, dict[str, Any]], None]:
    """A listener of httpx that hands the address of each new connection to `check` before a byte is sent."""

    def listen(event: str, info: dict[str, Any]) -> None:
        if event != "connection.connect_tcp.complete":
            return
        connected = info["return_value"]
        host, port = connected.get_extra_info("server_addr")[:2]
        try:
            check(f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}")
        except BaseException:
            connected.close()
            raise

    return listen


def _spelled(params: dict[str, Any]) -> dict[str, str]:
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in params.items()}


def _asked(method: str, url: str) -> str:
    """The request for the log: without the query, which may hold the capability of a session."""
    return f"{method} {url.partition('?')[0]}"


def _reason(response: httpx.Response) -> tuple[str, str]:
    """Google's word and sentence for the error, whichever of its two forms the answer has."""
    try:
        error = response.json()["error"]
        first: dict[str, Any] = next(iter(error.get("errors") or ()), {})
        return str(first.get("reason") or error.get("status") or ""), str(error.get("message", ""))[:500]
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", response.text[:200]
