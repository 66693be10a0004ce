"""Microsoft's login, as far as tokens go.

- https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc
- https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow
- https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

GRAPH, LOGIN = "graph.microsoft.com", "login.microsoftonline.com"
CLIENT_ID, CLIENT_SECRET, REFRESH = "client-id", "canary-client-secret", "canary-refresh-0"


class Logins:
    """What the handler does about tokens."""

    fake: Any

    def do_discover(self, tenant: str) -> tuple:
        base = f"https://{LOGIN}/{tenant}"
        ends = {
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
        }
        return self.answer({**ends, "issuer": f"{base}/v2.0"})

    def do_login(self, tenant: str) -> tuple:
        """Refresh tokens are replaced at each use; the old ones are not revoked by that."""
        form = {name: given[0] for name, given in parse_qs(self.read().decode()).items()}
        if self.fake.authority and form.get("grant_type") == "authorization_code":
            status, told = self.fake.authority.exchange(self.read().decode())
            return self.answer(told, status)
        app = form.get("grant_type") == "client_credentials"
        scopes = form.get("scope", "").split()
        error = ""
        if (
            form.get("client_id") != CLIENT_ID
            or form.get("client_secret", CLIENT_SECRET if not app else "") != CLIENT_SECRET
        ):
            error = "invalid_client"
        elif app and (tenant in {"common", "consumers", "organizations"} or scopes != [f"https://{GRAPH}/.default"]):
            error = "invalid_request"
        elif not app and form.get("refresh_token") not in self.fake.refresh:
            error = "invalid_grant"
        elif not app and scopes and f"https://{GRAPH}/Files.ReadWrite.All" not in scopes:
            error = "invalid_scope"
        if error:
            told = {"error": error, "error_description": f"AADSTS7000000: No. Trace ID: canary-{error}"}
            return self.answer(told, 401 if error == "invalid_client" else 400)
        made = {"token_type": "Bearer", "expires_in": 3599, "access_token": self.fake.token("app" if app else "ann")}
        if not app:
            made["refresh_token"] = f"canary-refresh-{next(self.store.numbers)}"
            self.fake.refresh.add(made["refresh_token"])
        return self.answer(made)
