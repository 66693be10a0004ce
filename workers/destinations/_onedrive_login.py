"""Access tokens for Microsoft Graph, by MSAL: for a refresh token, or for an app that acts as itself.

https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow#refresh-the-access-token
https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workers.destinations.base import Grant, NeedsReconnect, Tokens, Transient, retry_after

if TYPE_CHECKING:
    import requests

    from workers.destinations._onedrive_wire import Cloud

EARLY = 120.0
"""Seconds before its end at which a token is renewed."""
PATIENCE = (5.0, 20.0)
"""Seconds to connect, and of silence, after which a request of a login is given up: others wait for it."""
LIFETIME = 3600
REDIRECT, ERROR, TOO_MANY, SERVER_ERROR = 300, 400, 429, 500
SHARED = frozenset({"common", "organizations", "consumers"})
"""Tenants that stand for many; an app that acts as itself has to name one."""
PASSING = frozenset({"temporarily_unavailable", "server_error"})
OVER = (
    "Microsoft no longer accepts the access token of the connection. Connect again, or store a refresh_token as well."
)


class Login:
    """The credentials of one connection, and the access token that `tokens` keeps for them.

    `given` holds the secrets that are set.
    """

    def __init__(
        self,
        http: requests.Session,
        cloud: Cloud,
        *,
        given: dict[str, str],
        tenant: str,
        scope: str,
        tokens: Tokens,
    ) -> None:
        self._http = http
        self._cloud = cloud
        self._given = given
        self._tenant = tenant
        self._scope = scope
        self._tokens = tokens
        self._lasting = self.app_only or "refresh_token" in given
        self._token = given.get("access_token", "")

    @property
    def app_only(self) -> bool:
        """Whether an app acts as itself: it has no drive of its own then."""
        return "client_secret" in self._given and not {"refresh_token", "access_token"} & self._given.keys()

    def header(self) -> dict[str, str]:
        """What signs a request. Raises what `renew` raises, and NeedsReconnect where there is nothing to sign with."""
        if self._lasting:
            self._token = self._tokens.get(self._sign_in, given=self._given.get("access_token", ""))
        if not self._token:
            raise NeedsReconnect(OVER)
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> bool:
        """Get another access token than the last one, which was refused. False where only an access token was given.

        Raises NeedsReconnect where Microsoft refuses the credentials, Transient where it cannot answer now, and
        errors of requests.
        """
        if self._lasting:
            given = self._given.get("access_token", "")
            self._token = self._tokens.get(self._sign_in, given=given, refused=self._token)
        return self._lasting

    def _sign_in(self, younger: dict[str, str]) -> Grant:
        old = "" if self.app_only else younger.get("refresh_token", self._given["refresh_token"])
        answer = self._ask(old)
        if "access_token" not in answer:
            raise self._refusal(str(answer.get("error", "")), str(answer.get("error_description", "")))
        seconds = float(answer.get("expires_in", LIFETIME)) - EARLY
        fresh = str(answer.get("refresh_token") or old)
        return Grant(str(answer["access_token"]), seconds, {} if fresh == old else {"refresh_token": fresh})

    def _ask(self, refresh_token: str) -> dict[str, Any]:
        import msal

        if self.app_only and self._tenant in SHARED:
            raise NeedsReconnect("An app that acts as itself needs the tenant: set its id or domain in the options.")
        kind = msal.ConfidentialClientApplication if "client_secret" in self._given else msal.PublicClientApplication
        app = kind(
            self._given["client_id"],
            authority=f"{self._cloud.login}/{self._tenant}",
            instance_discovery=False,
            http_client=_Patient(self._http),
            **({"client_credential": self._given["client_secret"]} if "client_secret" in self._given else {}),
        )
        if self.app_only:
            answer = app.acquire_token_for_client([f"{self._cloud.graph}/.default"])
        else:
            scopes = [f"{self._cloud.graph}/{one}" for one in self._scope.split()]
            answer = app.acquire_token_by_refresh_token(refresh_token, scopes)
        return dict(answer or {})

    def _refusal(self, code: str, told: str) -> NeedsReconnect | Transient:
        code = code if re.fullmatch("[a-z_]{1,40}", code) else "without a reason"
        detail = f"token: {code} {''.join(re.findall('AADSTS[0-9]+', told)[:1])}"
        if code in PASSING:
            return Transient("Microsoft cannot sign the connection in now. It will be tried again.", detail=detail)
        if code in {"invalid_grant", "interaction_required", "consent_required"} and not self.app_only:
            return NeedsReconnect(
                "Microsoft no longer accepts the refresh token: it was revoked, has expired, or lacks the permission"
                f" {self._scope}. Connect the account again.",
                detail=detail,
            )
        return NeedsReconnect(
            f"Microsoft refuses the app of the connection ({code}). Correct client_id, client_secret and tenant; a"
            " secret may have expired.",
            detail=detail,
        )


class _Patient:
    """What MSAL speaks through: an answer that it would make a riddle of becomes Transient."""

    def __init__(self, http: requests.Session) -> None:
        self._http = http

    def get(self, url: str, **request: Any) -> requests.Response:
        return self._willing(self._http.get(url, **{**request, "allow_redirects": False, "timeout": PATIENCE}))

    def post(self, url: str, **request: Any) -> requests.Response:
        return self._willing(self._http.post(url, **{**request, "allow_redirects": False, "timeout": PATIENCE}))

    def close(self) -> None:
        """The session is closed by whoever made it."""

    @staticmethod
    def _willing(response: requests.Response) -> requests.Response:
        status = response.status_code
        if REDIRECT <= status < ERROR or status == TOO_MANY or status >= SERVER_ERROR:
            told = response.headers.get("Retry-After", "")
            raise Transient(
                "Microsoft cannot sign the connection in now. It will be tried again.",
                retry_after=retry_after(told, datetime.now(UTC)),
                detail=f"token: HTTP {status}",
            )
        return response
