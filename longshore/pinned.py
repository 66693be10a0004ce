"""An HTTP client for URLs that users gave: it dials the addresses that `longshore.egress` checked, and no others."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from functools import cache

import httpx

from longshore.egress import Resolver, check_url, resolve
from longshore.errors import Refused

SECONDS = 10.0
"""Longest wait for a connection, and for each piece of an answer."""


class Pinned(httpx.BaseTransport):
    """Resolves and checks once a request, dials what was checked; `Host` and the TLS name stay those of the URL."""

    def __init__(self, inner: httpx.BaseTransport, *, allow_private: Iterable[str], resolver: Resolver) -> None:
        self._inner = inner
        self._allow_private = tuple(allow_private)
        self._resolver = resolver

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Try the checked addresses in turn. Raises Refused, Transient, httpx.ConnectError of the last one."""
        addresses = check_url(str(request.url), allow_private=self._allow_private, resolver=self._resolver)
        extensions = {**request.extensions, "sni_hostname": request.url.host}
        failure: httpx.ConnectError | httpx.ConnectTimeout | None = None
        for address in addresses:
            dialled = httpx.Request(
                request.method,
                request.url.copy_with(host=str(address)),
                headers=request.headers,
                stream=request.stream,
                extensions=extensions,
            )
            try:
                return self._inner.handle_request(dialled)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure or Refused("The URL leads to no address.")

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def client(
    *,
    allow_private: Iterable[str] = (),
    resolver: Resolver = resolve,
    verify: bool | str = True,
    seconds: float = SECONDS,
) -> httpx.Client:
    """A client that follows no redirect, reads no proxy or credential from the environment and keeps no connection.

    A kept one could serve another name at the same address under the first name's certificate. Close it, or use it
    in `with`. Requests raise Refused, Transient (no address) and httpx.HTTPError.
    """
    context = ssl.create_default_context(cafile=verify) if isinstance(verify, str) else verify and _trusted()
    limits = httpx.Limits(max_connections=20, max_keepalive_connections=0)
    inner = httpx.HTTPTransport(verify=context, limits=limits, trust_env=False)
    return httpx.Client(
        transport=Pinned(inner, allow_private=allow_private, resolver=resolver),
        follow_redirects=False,
        trust_env=False,
        timeout=seconds,
    )


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities that everybody trusts, read once in a process: that takes 60 ms, longer than most requests."""
    return httpx.create_ssl_context(trust_env=False)
