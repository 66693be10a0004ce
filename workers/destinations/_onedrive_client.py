"""Requests to Microsoft Graph: signed in, repeated once where the access token had run out, never redirected.

Microsoft's own SDK is 392 MB on the disk; these are eight calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from workers.destinations._onedrive_wire import PIECE
from workers.destinations.base import Transient, retry_after

if TYPE_CHECKING:
    import requests

    from workers.destinations._onedrive_login import Login
    from workers.destinations._onedrive_wire import Told

UNAUTHORIZED, NOT_FOUND, CONFLICT, PRECONDITION, RANGE, FULL = 401, 404, 409, 412, 416, 507
REDIRECT, ERROR = 300, 400


class Denied(Exception):
    """Graph answered, and said no. `codes` are its words for it, the most exact one last, as nameAlreadyExists.

    https://learn.microsoft.com/en-us/graph/errors
    """

    def __init__(self, asked: str, response: requests.Response) -> None:
        self.status = response.status_code
        self.codes, told = _codes(response)
        self.retry_after = retry_after(response.headers.get("Retry-After", ""), datetime.now(UTC))
        request = response.headers.get("request-id", "")
        super().__init__(f"{asked}: HTTP {self.status} {'/'.join(self.codes)}: {told} (request {request})")


class Client:
    """One signed-in connection. Methods raise Denied, NeedsReconnect, Transient and requests' errors."""

    def __init__(self, http: requests.Session, login: Login, graph: str, *, secure: bool) -> None:
        self.http = http
        self.login = login
        self.root = f"{graph}/v1.0"
        self.secure = secure

    def call(self, method: str, path: str, json: Any = None, **request: Any) -> dict[str, Any]:
        """One request with a small answer in JSON; an empty answer is an empty dictionary."""
        response = self.send(method, path, json=json, **request)
        if response.status_code >= REDIRECT:
            raise Denied(f"{method} {path.partition('?')[0]}", response)
        answer: dict[str, Any] = response.json() if response.content else {}
        return answer

    def send(self, method: str, path: str, **request: Any) -> requests.Response:
        """One request whose body can be sent again. Answers that are no success are raised."""
        headers = request.pop("headers", {})
        for last in (False, True):
            signed = {**headers, **self.login.header()}
            response = self.http.request(method, f"{self.root}{path}", headers=signed, allow_redirects=False, **request)
            if response.status_code != UNAUTHORIZED or last or not self.login.renew():
                break
        if response.status_code >= ERROR:
            raise Denied(f"{method} {path.partition('?')[0]}", response)
        return response

    def bare(
        self, method: str, url: str, body: Told | None = None, headers: dict[str, str] | None = None
    ) -> requests.Response:
        """One request to an upload session. Its address is all that it takes: an access token is never sent along."""
        self.within(url)
        response = self.http.request(
            method, url, data=cast("Iterable[bytes]", body), headers=headers, allow_redirects=False
        )
        if response.status_code >= REDIRECT:
            raise Denied(f"{method} upload session", response)
        return response

    @contextmanager
    def content(self, path: str) -> Iterator[Iterator[bytes]]:
        """The bytes of a file, as they come. Graph answers with the address to get them from, without a token."""
        there = self.send("GET", f"{path}/content", stream=True)
        with closing(there):
            if there.status_code < REDIRECT:
                yield there.iter_content(PIECE)
                return
            url = there.headers.get("Location", "")
        self.within(url)
        with closing(self.http.get(url, stream=True, allow_redirects=False)) as response:
            if response.status_code >= REDIRECT:
                raise Denied("GET content", response)
            yield response.iter_content(PIECE)

    def within(self, url: str) -> None:
        """Raises Transient where an address that Microsoft named could be read by others on the way."""
        if self.secure and not url.startswith("https://"):
            raise Transient("OneDrive named an address that is not its own. It will be tried again.")


def _codes(response: requests.Response) -> tuple[tuple[str, ...], str]:
    """Graph's words for the error from the outermost to the innermost, and its sentence."""
    try:
        error = response.json()["error"]
        told = str(error.get("message", ""))[:300]
        found = []
        while isinstance(error, dict):
            found.append(str(error.get("code", "")))
            error = error.get("innerError") or error.get("innererror")
        return tuple(filter(None, found)), told
    except (ValueError, KeyError, TypeError, AttributeError):
        return (), response.text[:200]
