"""Fetch a document from a user's URL: checked, dialled as checked, within limits, into a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import httpx

from longshore import VERSION
from longshore.egress import Resolver, resolve
from longshore.errors import Permanent, Refused, Transient
from longshore.pinned import client
from longshore.retry_after import retry_after

SECONDS = 25.0
"""Longest fetch of one document; below the grace that a render task has beside its own deadline."""
MAX_REDIRECTS = 5
HEADERS = {
    "User-Agent": f"Longshore/{VERSION}",
    "Accept": "*/*",
    "Accept-Encoding": "identity",  # nothing is unpacked, so nothing explodes
}
PASSES = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers after which the same request may succeed (RFC 9110 section 15, RFC 6585, RFC 8470)."""
LATE = f"The document's address did not deliver it within {SECONDS:g} s."


def fetch(
    url: str,
    target: Path,
    *,
    max_bytes: int,
    allow_private: Iterable[str],
    alive: Callable[[], None],
    resolver: Resolver = resolve,
    seconds: float = SECONDS,
) -> None:
    """Write what the URL has to a file.

    `alive` is called with each piece and stops the fetch by raising. Raises Refused where the address or a redirect
    may not be reached or the answer is longer than `max_bytes`, Permanent where the server refuses, Transient where it
    may answer later. No message holds more of the URL than its host: the rest may be a capability.
    """
    ends = time.monotonic() + seconds
    with client(allow_private=allow_private, resolver=resolver, seconds=min(10.0, seconds)) as http:
        try:
            request = http.build_request("GET", url, headers=HEADERS)
            for _ in range(MAX_REDIRECTS + 1):
                response = http.send(request, stream=True)
                http.cookies.clear()
                try:
                    if response.next_request is None:
                        _save(response, target, max_bytes, ends, alive)
                        return
                    request = response.next_request
                finally:
                    response.close()
        except httpx.InvalidURL as error:
            raise Refused("The document's address is not a URL that can be read.", detail=repr(error)) from error
        except httpx.TimeoutException as error:
            raise Transient(LATE, detail=repr(error)) from error
        except httpx.HTTPError as error:
            message = f"{httpx.URL(url).host} cannot be reached, or does not speak HTTP."
            raise Transient(message, detail=repr(error)) from error
    raise Refused(f"The document's address leads on more than {MAX_REDIRECTS} times. Use the last one.")


def _save(response: httpx.Response, target: Path, max_bytes: int, ends: float, alive: Callable[[], None]) -> None:
    host, status = response.request.headers["host"], response.status_code
    if status in PASSES:
        raise Transient(f"{host} answers {status} instead of the document.", retry_after=_wait(response))
    if status != httpx.codes.OK:
        raise Permanent(f"{host} answers {status} instead of the document. Check the address and who may read it.")
    if int(response.headers.get("content-length") or 0) > max_bytes:
        raise Refused(f"The document has more than {max_bytes:,} bytes, which is what LONGSHORE_MAX_BODY allows.")
    written = 0
    with target.open("wb") as file:
        for piece in response.iter_raw():
            alive()
            written += len(piece)
            if written > max_bytes:
                raise Refused(
                    f"The document has more than {max_bytes:,} bytes, which is what LONGSHORE_MAX_BODY allows."
                )
            if time.monotonic() > ends:
                raise Transient(LATE)
            file.write(piece)


def _wait(response: httpx.Response) -> float | None:
    return retry_after(response.headers.get("retry-after", ""), datetime.now(UTC))
