"""The code of RFC 6749 with PKCE (RFC 7636) for tokens that last."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
from oauthlib.oauth2 import OAuth2Error, WebApplicationClient

from longshore import pinned
from longshore.errors import NeedsReconnect, Transient
from longshore.oauth_clients import Client
from longshore.settings import settings

SERVER_ERROR, TOO_MANY = 500, 429
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a code was exchanged for. `seconds` is how long the refresh token lasts, where the provider says so."""

    refresh_token: str = field(repr=False)
    scope: str
    seconds: float | None


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
