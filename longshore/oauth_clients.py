"""The operator's OAuth clients.

Neither a client's secret nor its id is stored with a connection: they are read from the settings at each use, so the
operator changes them in one place, and no user's endpoint is ever told them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from longshore.errors import Permanent, Refused
from longshore.settings import settings


@dataclass(frozen=True, slots=True)
class Client:
    """An OAuth client of the operator. `endpoint` is a gateway in the provider's place; empty: the provider itself."""

    id: str
    secret: str = field(repr=False)
    endpoint: str = ""


def configured(provider: str) -> bool:
    """Whether the operator has a client of this provider."""
    return bool(getattr(settings(), f"{provider}_client_id"))


def client(provider: str) -> Client:
    """The operator's client of a provider. Raises Permanent where there is none."""
    config = settings()
    found: str = getattr(config, f"{provider}_client_id")
    if not found:
        raise Permanent(
            f"This server has no OAuth client for {provider}. The operator sets LONGSHORE_{provider.upper()}_CLIENT_ID"
            " and its secret; or store the credentials of a client of your own with POST /api/connections."
        )
    secret: str = getattr(config, f"{provider}_client_secret").get_secret_value()
    endpoint: str = getattr(config, f"{provider}_endpoint")
    return Client(found, secret, endpoint.rstrip("/"))


def completed(secrets: dict[str, Any], provider: str, names: tuple[str, str], endpoint_url: str) -> dict[str, Any]:
    """The secrets of a connection with the operator's client, whose id and secret have these names.

    Raises Permanent where there is no such client any more, Refused where the connection goes to another endpoint.
    """
    known = client(provider)
    if endpoint_url.rstrip("/") != known.endpoint:
        raise Refused(
            "A connection made with this server's OAuth client may not have an endpoint of its own. Store the"
            " credentials of a client of your own instead."
        )
    given = dict(zip(names, (known.id, known.secret), strict=True))
    return secrets | {name: value for name, value in given.items() if value}
