"""The operator's OAuth clients, and the code of RFC 6749 with PKCE (RFC 7636) for tokens that last.

Neither a client's secret nor its id is stored with a connection: they are read from the settings at each use, so the
operator changes them in one place, and no user's endpoint is ever told them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
import structlog
from oauthlib.oauth2 import OAuth2Error, WebApplicationClient

from longshore import pinned
from longshore.errors import NeedsReconnect, Permanent, Refused, Transient
from longshore.settings import settings

SERVER_ERROR, TOO_MANY = 500, 429
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Client:
    """An OAuth client of the operator. `endpoint` is a gateway in the provider's place; empty: the provider itself."""

    id: str
    secret: str = field(repr=False)
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a code was exchanged for. `seconds` is how long the refresh token lasts, where the provider says so."""

    refresh_token: str = field(repr=False)
    scope: str
    seconds: float | None


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


def authorization_url(
    address: str, known: Client, *, scope: str, state: str, verifier: str, redirect_uri: str, parameters: dict[str, str]
) -> str:
    """Where the person is sent to consent."""
    flow = WebApplicationClient(known.id)
    url: str = flow.prepare_request_uri(
        address,
        redirect_uri=redirect_uri,
        scope=scope or None,
        state=state,
        code_challenge=flow.create_code_challenge(verifier, "S256"),
        code_challenge_method="S256",
        **parameters,
    )
    return url


def new_verifier() -> str:
    """A PKCE code verifier: 128 characters, the most that RFC 7636 allows."""
    made: str = WebApplicationClient("").create_code_verifier(128)
    return made


def exchange(address: str, known: Client, *, code: str, verifier: str, redirect_uri: str) -> Tokens:
    """A refresh token for a code. Raises NeedsReconnect, Refused, and Transient where the provider cannot answer."""
    flow = WebApplicationClient(known.id)
    # an empty client_secret is left out
    body = flow.prepare_request_body(
        code=code, redirect_uri=redirect_uri, code_verifier=verifier, client_secret=known.secret
    )
    try:
        with pinned.client(allow_private=settings().allow_private_networks) as http:
            answer = http.post(address, content=body, headers=FORM)
    except httpx.HTTPError as error:
        raise Transient("The provider cannot be reached now. Connect again.", detail=type(error).__name__) from None
    if answer.status_code >= SERVER_ERROR or answer.status_code == TOO_MANY:
        raise Transient("The provider cannot answer now. Connect again.", detail=f"token: HTTP {answer.status_code}")
    try:
        given: dict[str, Any] = flow.parse_request_body_response(answer.text)
    except OAuth2Error as error:
        raise NeedsReconnect(_refusal(error.error or ""), detail=f"token: {type(error).__name__}") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise Transient("The provider's answer cannot be read. Connect again.", detail=type(error).__name__) from None
    if not given.get("refresh_token"):
        raise NeedsReconnect(
            "The provider gave no refresh token, so the connection would end within hours. Remove this app's access in"
            " your account's settings, then connect again."
        )
    lasts = given.get("refresh_token_expires_in")
    seconds = float(lasts) if isinstance(lasts, (int, float)) and lasts > 0 else None
    return Tokens(str(given["refresh_token"]), " ".join(given.get("scope") or []), seconds)


def _refusal(code: str) -> str:
    if code == "invalid_grant":
        return "The provider no longer accepts this consent: its code was used, has expired, or is another's."
    if code in {"invalid_client", "unauthorized_client"}:
        return "The provider refuses this server's OAuth client. The operator must correct its id and secret."
    return "The provider refused the consent. Connect again; if that fails, too, tell the operator."
