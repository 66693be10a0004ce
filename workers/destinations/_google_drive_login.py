"""Access tokens for Google: the one that was given, one for a refresh token, or one for a service account's key.

https://developers.google.com/identity/protocols/oauth2/web-server#offline
https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workers.destinations.base import Grant, NeedsReconnect, Tokens, Transient, retry_after

if TYPE_CHECKING:
    import httpx

SCOPE = "https://www.googleapis.com/auth/drive"
"""What a service account asks for: the narrower drive.file shows it none of the folders that people share with it."""
EARLY = 120.0
"""Seconds before its end at which a token is renewed."""
PATIENCE = 20.0
"""Seconds of silence after which a login is given up: others wait for it."""
RENEWING = ("refresh_token", "client_id", "client_secret")
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFETIME = 3600
"""Seconds that a service account's assertion holds: the longest that Google takes."""
TOO_MANY, SERVER_ERROR = 429, 500
OVER = "Google no longer accepts the access token of the connection. Connect again, or store a refresh_token as well."


class Login:
    """The credentials of one connection, and the access token that `tokens` keeps for them."""

    def __init__(
        self, http: httpx.Client, url: str, *, given: dict[str, str], tokens: Tokens, subject: str = ""
    ) -> None:
        self._http = http
        self._url = url
        self._given = given
        self._tokens = tokens
        self._subject = subject
        self._lasting = bool(given.get("service_account")) or all(given.get(name) for name in RENEWING)
        self._token = given.get("access_token", "")

    def header(self) -> dict[str, str]:
        """What signs a request. Raises what `renew` raises, and NeedsReconnect where there is nothing to sign with."""
        if self._lasting:
            self._token = self._tokens.get(self._sign_in, given=self._given.get("access_token", ""))
        if not self._token:
            raise NeedsReconnect(OVER)
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> bool:
        """Get another access token than the last one, which was refused. False where only an access token was given.

        Raises NeedsReconnect where Google refuses the credentials, Transient where it cannot answer now, and
        httpx.TransportError.
        """
        if self._lasting:
            given = self._given.get("access_token", "")
            self._token = self._tokens.get(self._sign_in, given=given, refused=self._token)
        return self._lasting

    def _sign_in(self, _younger: dict[str, str]) -> Grant:
        """Google replaces none of the secrets."""
        form = self._form()
        response = self._http.post(self._url, data=form, timeout=PATIENCE)
        if response.status_code >= SERVER_ERROR or response.status_code == TOO_MANY:
            told = response.headers.get("retry-after", "")
            raise Transient(
                "Google cannot sign the connection in now. It will be tried again.",
                retry_after=retry_after(told, datetime.now(UTC)),
                detail=f"token: HTTP {response.status_code}",
            )
        answer = _answer(response)
        if response.is_error or "access_token" not in answer:
            code = str(answer.get("error", response.status_code))
            raise NeedsReconnect(_refusal(code, "assertion" in form), detail=f"token: {code}")
        return Grant(str(answer["access_token"]), float(answer.get("expires_in", LIFETIME)) - EARLY)

    def _form(self) -> dict[str, str]:
        given = self._given
        if given.get("service_account"):
            return {"grant_type": BEARER, "assertion": self._assertion(given["service_account"])}
        return {"grant_type": "refresh_token", **{name: given[name] for name in RENEWING}}

    def _assertion(self, text: str) -> str:
        """What a service account signs. The key's own `token_uri` is not used: it may name any address."""
        import jwt

        key, now = json.loads(text), int(time.time())
        claims = {"iss": key["client_email"], "scope": SCOPE, "aud": self._url, "iat": now, "exp": now + LIFETIME}
        if self._subject:
            claims["sub"] = self._subject
        headers = {"kid": str(key.get("private_key_id", ""))}
        try:
            return jwt.encode(claims, key["private_key"], algorithm="RS256", headers=headers)
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise NeedsReconnect(
                "The service account's private key cannot be read. Store the JSON file again as Google gave it.",
                detail=type(error).__name__,
            ) from None


def _answer(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _refusal(code: str, service_account: bool) -> str:  # noqa: FBT001 - read at one place
    if service_account:
        return (
            f"Google refuses the service account ({code}). Check that its key was not deleted and, where the connection"
            " has a subject, that domain-wide delegation is granted for the scope drive."
        )
    if code == "invalid_grant":
        return "Google no longer accepts the refresh token: it was revoked or has expired. Connect the account again."
    return f"Google refuses the client of the connection ({code}). Correct client_id and client_secret, and reconnect."
