"""From a connection's row to a destination that can be talked to."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from types import TracebackType
from typing import Any

from pydantic import ValidationError

from longshore import egress, oauth_clients
from longshore.connections import FORGOTTEN, open_secrets
from longshore.errors import NeedsReconnect, Permanent
from longshore.models import Connection
from longshore.names import directory_of
from longshore.redaction import hide_while_alive
from longshore.settings import settings
from workers.destinations import named
from workers.destinations.base import Destination, Place, Tokens
from workers.tokens import SharedTokens

KEPT = 4
"""Destinations that a process keeps open for the next delivery: making one costs as much as sending a small file."""
KEPT_SECONDS = 60.0
"""How long: what changes at the provider without our knowledge, as an address, is then looked up again."""

_kept: OrderedDict[tuple[str, str, bytes], tuple[float, Destination]] = OrderedDict()


def place(owner: str, tokens: Tokens) -> Place:
    """What the operator's settings allow a destination of this owner, with what keeps its access token."""
    allowed, root = settings().allow_private_networks, settings().deliveries

    def check_url(url: str) -> None:
        egress.check_url(url, allow_private=allowed)

    return Place(str(root / directory_of(owner)), check_url, tokens, shared_root=str(root))


def complete(connection: Connection, secrets: dict[str, Any]) -> dict[str, Any]:
    """Its secrets as its destination wants them: with the operator's OAuth client where they came through that one.

    Raises Permanent, Refused, ValidationError.
    """
    if not connection.oauth:
        return secrets
    kind = named(connection.destination)
    options = kind.Options.model_validate(connection.options)
    consent = kind.consent(options, "")
    if consent is None:
        return secrets
    return oauth_clients.completed(secrets, consent.provider, consent.client, getattr(options, "endpoint_url", ""))


def open_destination(connection: Connection, renewed: Callable[[dict[str, str]], None] | None = None) -> Destination:
    """The destination of a connection, with its secrets in the clear: make it for one use and let it go.

    Its access token is that of all workers, and is kept in its row with the secrets that the provider replaces. Of a
    connection that has no row, `renewed` is told these.

    Raises Permanent for a destination or an OAuth client that is no longer there, NeedsReconnect where its settings no
    longer fit.
    """
    if connection.health == FORGOTTEN:
        raise Permanent(
            "The credentials that came with the request were forgotten when nothing needed them any more. Send the"
            " request again, or store a connection."
        )
    try:
        kind = named(connection.destination)
    except KeyError as error:
        raise Permanent(f"There is no destination {connection.destination!r} in this version.") from error
    try:
        options = kind.Options.model_validate(connection.options)
        known = open_secrets(connection)
        whole = complete(connection, known)
        secrets = kind.Secrets.model_validate(whole)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, one["loc"])) for one in error.errors(include_input=False))
        raise NeedsReconnect(f"The connection {connection.name!r} lacks or has wrong: {fields}. Edit it.") from None
    tokens = Tokens(renewed) if renewed else SharedTokens(connection, known)
    found = kind(options, secrets, place(connection.owner, tokens))
    hide_while_alive(found, whole.values())
    return found


class Borrowed:
    """`with Borrowed(connection) as destination:` the destination of a connection, kept for the next delivery.

    For one thread: a process of workers delivers one thing at a time. It is kept only where the block ends well, and
    used again only while nothing of the connection has changed: options, and secrets as they are encrypted. Raises
    what `open_destination` raises.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._key = (connection.id, repr(sorted(connection.options.items())), connection.secret)

    def __enter__(self) -> Destination:
        since, destination = _kept.pop(self._key, (0.0, None))
        if destination is None or time.monotonic() - since > KEPT_SECONDS:
            since, destination = time.monotonic(), open_destination(self._connection)
        self._since, self._destination = since, destination
        return destination

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            _kept[self._key] = self._since, self._destination
            while len(_kept) > KEPT:
                _kept.popitem(last=False)
