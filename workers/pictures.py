"""Pictures that a document refers to by address: fetched before anything is drawn, where the operator allows it.

Nothing here is trusted: each address and each redirect is checked by `longshore.egress` and dialled as checked, time,
bytes, pixels and number are limited, and what comes is a picture by its first bytes, whatever it calls itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import httpx

from longshore import VERSION
from longshore.egress import Resolver, resolve
from longshore.errors import BadDocument, LongshoreError, Refused, Transient
from longshore.pinned import client
from workers.renderers._pixels import MAX_PIXELS, format_of, header_size

MAX_COUNT = 50
"""Addresses that one document may refer to."""
MAX_BYTES = 10_000_000
MAX_BYTES_ALL = 30_000_000
SECONDS = 10.0
"""Longest that all pictures of one document may keep its export waiting."""
MAX_REDIRECTS = 3

HEADERS = {
    "User-Agent": f"Longshore/{VERSION}",
    "Accept": "image/png, image/jpeg, image/gif, image/webp, image/svg+xml",
    "Accept-Encoding": "identity",  # nothing is unpacked, so nothing explodes
}
LATE = f"Fetching the pictures of one document may take {SECONDS:g} s. Embed them, or use fewer."


@dataclass(slots=True)
class _Asking:
    """One fetch on its way; `stop` ends it from another thread, whatever it waits for."""

    sockets: list[Any] = field(default_factory=list)
    stopped: bool = False

    def trace(self, _event: str, info: dict[str, Any]) -> None:
        """Remember each connection that httpcore opens."""
        stream = info.get("return_value")
        if stream is not None and hasattr(stream, "get_extra_info"):
            self.sockets.append(stream.get_extra_info("socket"))
            if self.stopped:
                self.stop()

    def stop(self) -> None:
        """Cut the connections: a server that sends a byte now and then would never run into a timeout."""
        self.stopped = True
        for one in self.sockets:
            try:
                one.shutdown(2)
            except OSError:  # closed already, or wrapped into a TLS one that stands later in the list
                continue


class Pictures:
    """The pictures of one render, each address asked once. Not for two threads; close it."""

    def __init__(self, *, allow_private: Iterable[str], resolver: Resolver = resolve, seconds: float = SECONDS) -> None:
        self._client = client(allow_private=allow_private, resolver=resolver, seconds=seconds)
        self._left = seconds
        self._bytes = MAX_BYTES_ALL
        self._pixels = MAX_PIXELS
        self._known: dict[str, bytes | LongshoreError] = {}

    def fetch(self, url: str, seconds: float) -> bytes:
        """A PNG, JPEG, GIF, WebP or (not yet clean) SVG picture.

        Raises Refused, BadDocument or Transient, with a message that says why there is none.
        """
        if url not in self._known:
            try:
                self._known[url] = self._fetch(url, seconds)
            except LongshoreError as error:
                self._known[url] = error
        known = self._known[url]
        if isinstance(known, LongshoreError):
            raise known
        return known

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _fetch(self, url: str, seconds: float) -> bytes:
        if len(self._known) >= MAX_COUNT:
            raise Refused(f"A document may refer to {MAX_COUNT} pictures elsewhere. Embed the others.")
        if self._left <= 0:
            raise Transient(LATE)
        began = time.monotonic()
        try:
            content = self._in_time(url, min(self._left, seconds))
        finally:
            self._left -= time.monotonic() - began
        self._bytes -= len(content)
        if not is_drawing(content):
            form = format_of(content)
            if form in {"tiff", "avif", "heic"}:
                raise BadDocument(f"It is a picture in {form.upper()}. Use PNG, JPEG, GIF or WebP.")
            width, height = header_size(content)
            self._pixels -= width * height
            if self._pixels < 0:
                raise Refused(f"All pictures together have more than {MAX_PIXELS:,} pixels. Use smaller ones.")
        return content

    def _in_time(self, url: str, seconds: float) -> bytes:
        """`_get` in a thread that is left alone when its time is up: no name server can be told to hurry."""
        asking, future = _Asking(), Future[bytes]()

        def run() -> None:
            try:
                future.set_result(self._get(url, asking))
            except BaseException as error:  # noqa: BLE001 - the caller's thread raises it
                future.set_exception(error)

        threading.Thread(target=run, name="picture", daemon=True).start()
        try:
            return future.result(timeout=seconds)
        except TimeoutError as error:
            raise Transient(LATE) from error
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise Transient("The server cannot be reached, or does not speak HTTP.", detail=repr(error)) from error
        finally:
            asking.stop()

    def _get(self, url: str, asking: _Asking) -> bytes:
        request = self._client.build_request("GET", url, headers=HEADERS, extensions={"trace": asking.trace})
        for _ in range(MAX_REDIRECTS + 1):
            if asking.stopped:
                break
            response = self._client.send(request, stream=True)
            self._client.cookies.clear()
            try:
                if response.next_request is None:
                    return self._body(response, asking)
                request = response.next_request
            finally:
                response.close()
        raise Refused(f"The address leads on more than {MAX_REDIRECTS} times. Use the last one.")

    def _body(self, response: httpx.Response, asking: _Asking) -> bytes:
        if response.status_code != httpx.codes.OK:
            raise Refused(f"The server answers {response.status_code} instead of a picture.")
        most = min(MAX_BYTES, self._bytes)
        content = bytearray()
        for chunk in response.iter_raw():
            content += chunk
            if len(content) > most:
                raise Refused(
                    f"It has more than {MAX_BYTES:,} bytes, or all pictures together have more than {MAX_BYTES_ALL:,}."
                    " Use smaller ones."
                )
            if asking.stopped:
                break
        return bytes(content)


def is_drawing(content: bytes) -> bool:
    """Whether a file is SVG by its beginning."""
    start = content[:1000].removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith((b"<svg", b"<?xml", b"<!--", b"<!DOCTYPE svg")) and b"<svg" in content[:5000]
