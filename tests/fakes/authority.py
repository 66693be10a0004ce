"""An authorisation server of OAuth 2, as strict as RFC 6749, RFC 7636 and RFC 9700 ask: a person's browser and the
exchange of codes. The fake providers hand it the grant `authorization_code`.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit


@dataclass
class Code:
    """One consent that was given."""

    redirect_uri: str
    challenge: str
    scope: str
    offline: bool
    used: bool = False
    expired: bool = False
    refresh_token: str = ""


@dataclass
class Authority:
    """`needs` are the parameters without which no refresh token is given; `refresh` are those that are valid."""

    path: str
    client: tuple[str, str]
    redirect_uris: set[str]
    needs: dict[str, str]
    refresh: set[str] = field(default_factory=set)
    codes: dict[str, Code] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    scope: str | None = None
    """What is ticked, where it is not all that was asked for."""
    down: bool = False

    def browse(self, url: str, *, allow: bool = True) -> str:
        """What the provider's page does with the address: where it sends the browser back to."""
        parts = urlsplit(url)
        assert parts.path == self.path
        asked = self._once(parts.query)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == self.client[0]
        assert asked["redirect_uri"] in self.redirect_uris
        assert asked["code_challenge_method"] == "S256"
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", asked["code_challenge"])
        assert len(asked["state"]) >= 32
        assert "client_secret" not in asked
        assert "code_verifier" not in asked
        back = {"state": asked["state"]}
        if allow:
            code = f"canary-code-{secrets.token_urlsafe(12)}"
            offline = self.needs.items() <= asked.items()
            granted = asked.get("scope", "") if self.scope is None else self.scope
            self.codes[code] = Code(asked["redirect_uri"], asked["code_challenge"], granted, offline)
            back |= {"code": code, "iss": "https://issuer.example"}
        else:
            back |= {"error": "access_denied", "error_description": "<script>alert(1)</script>"}
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def exchange(self, body: str) -> tuple[int, dict[str, Any]]:
        """POST to the token endpoint."""
        if self.down:
            return 503, {"error": "temporarily_unavailable"}
        form = self._once(body)
        assert form["grant_type"] == "authorization_code"
        if (form.get("client_id"), form.get("client_secret")) != self.client:
            return 401, {"error": "invalid_client"}
        code = self.codes.get(form.get("code", ""))
        if code is None or code.expired:
            return 400, {"error": "invalid_grant", "error_description": f"canary-echo {form}"}
        if code.used:
            self.refresh.discard(code.refresh_token)
            return 400, {"error": "invalid_grant", "error_description": "The code was used."}
        verifier = form.get("code_verifier", "")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if not 43 <= len(verifier) <= 128 or challenge != code.challenge or form["redirect_uri"] != code.redirect_uri:
            return 400, {"error": "invalid_grant", "error_description": "Not yours."}
        code.used = True
        answer = {"access_token": "canary-access", "token_type": "Bearer", "expires_in": 3599, "scope": code.scope}
        if code.offline:
            code.refresh_token = f"canary-refresh-{secrets.token_urlsafe(12)}"
            self.refresh.add(code.refresh_token)
            answer["refresh_token"] = code.refresh_token
        return 200, answer | self.extra

    @staticmethod
    def _once(query: str) -> dict[str, str]:
        """Parameters, each of which may come once (RFC 6749 section 3.1)."""
        found = parse_qs(query, strict_parsing=True)
        assert all(len(values) == 1 for values in found.values())
        return {name: values[0] for name, values in found.items()}
