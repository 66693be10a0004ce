"""Who is calling: an API key or a JWT, with scopes.

A key is `lsk_<prefix>_<secret>`, 256 random bits; only its SHA-256 is kept. A JWT is HS256 and accepted only where
`LONGSHORE_JWT_SECRET` is set: `sub` is the owner, `exp` and `aud` are required, `scope` lists scopes by blanks (without
it: `read write`).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from flask import Request, g
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from longshore.db import clock, reading, transaction
from longshore.errors import Invalid
from longshore.models import ApiKey
from longshore.settings import settings

SCOPES = ("read", "write", "admin")
"""`read`: every GET. `write`: everything but keys. `admin`: keys, too."""
KEY_START = "lsk_"
SEEN_EVERY = timedelta(minutes=1)
"""`last_used_at` is not written more often, so that reading stays reading."""
LEEWAY = 10
"""Seconds that the clocks of whoever made a JWT and of this machine may differ."""
OWNER_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Caller:
    """The owner that a request acts for, and what it may do."""

    owner: str
    scopes: frozenset[str]

    def require(self, scope: str) -> None:
        """Raises Forbidden where the scope is missing; `admin` holds every scope, `write` holds `read`."""
        held = set(self.scopes)
        if "admin" in held:
            held |= {"read", "write"}
        if "write" in held:
            held.add("read")
        if scope not in held:
            raise Forbidden(f"This key lacks the scope `{scope}`. Use or make a key that has it.")


def caller() -> Caller:
    """Who the current request was authenticated as."""
    found: Caller = g.caller
    return found


def owner() -> str:
    """The owner that the current request acts for; every query is filtered by it."""
    return caller().owner


def create_key(session: Session, owner: str, name: str, scopes: Sequence[str], now: datetime) -> tuple[ApiKey, str]:
    """A new key and its token, which is shown this once and kept nowhere. Raises Invalid for an unknown scope."""
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise Invalid(f"scopes must be some of: {', '.join(SCOPES)}", field="scopes")
    prefix = secrets.token_hex(4)
    token = f"{KEY_START}{prefix}_{secrets.token_urlsafe(32)}"
    row = ApiKey(
        owner=owner,
        name=name,
        prefix=prefix,
        digest=_digest(token),
        scopes=[scope for scope in SCOPES if scope in scopes],
        created_at=now,
        last_used_at=None,
        revoked_at=None,
    )
    session.add(row)
    session.flush()
    return row, token


def authenticate(request: Request) -> Caller:
    """Who sent this request. Raises Unauthorized, with words on what to send."""
    token = _token(request)
    if not token:
        raise _unauthorized("Send an API key: `Authorization: Bearer lsk_...` or `X-API-Key: lsk_...`.")
    if token.startswith(KEY_START):
        return _by_key(token)
    if settings().jwt_secret.get_secret_value():
        return _by_jwt(token)
    raise _unauthorized("This is not an API key: keys begin with `lsk_`.")


def _token(request: Request) -> str:
    header: str = request.headers.get("Authorization", "")
    scheme, _, token = header.partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return str(request.headers.get("X-API-Key", "")).strip()


def _by_key(token: str) -> Caller:
    digest = _digest(token)
    with reading() as session:
        row = session.scalar(select(ApiKey).where(ApiKey.digest == digest))
        now = clock(session)
    if row is None or not hmac.compare_digest(row.digest, digest):
        raise _unauthorized("There is no such API key.")
    if row.revoked_at is not None:
        raise _unauthorized("This API key was revoked. Make a new one.")
    if row.last_used_at is None or now - row.last_used_at >= SEEN_EVERY:
        due = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now - SEEN_EVERY)
        with transaction() as session:
            session.execute(update(ApiKey).where(ApiKey.id == row.id, due).values(last_used_at=now))
    return Caller(row.owner, frozenset(row.scopes))


def _by_jwt(token: str) -> Caller:
    config = settings()
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            config.jwt_secret.get_secret_value(),
            algorithms=["HS256"],
            audience=config.jwt_audience,
            leeway=LEEWAY,
            options={"require": ["sub", "exp", "aud"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise _unauthorized("The token has expired. Get a new one.") from error
    except jwt.InvalidTokenError as error:
        raise _unauthorized("The token is not valid here: wrong signature, audience, or a claim is missing.") from error
    owner = claims["sub"]
    if not isinstance(owner, str) or not 0 < len(owner) <= OWNER_LENGTH or "\0" in owner:
        raise _unauthorized("The token's `sub` must be a text of 1 to 200 characters.")
    scopes = claims.get("scope", "read write")
    if not isinstance(scopes, str):
        raise _unauthorized("The token's `scope` must be a text with scopes separated by blanks.")
    return Caller(owner, frozenset(scopes.split()) & frozenset(SCOPES))


def _unauthorized(message: str) -> Unauthorized:
    return Unauthorized(message, www_authenticate=WWWAuthenticate("bearer", {"realm": "longshore"}))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
