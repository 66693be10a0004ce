"""Connecting an account in a browser: the address to consent at, and what becomes of the consent.

The `state` is 256 random bits that only the browser carries: its SHA-256 is a row, which one callback takes out before
anything else, and which ends after ten minutes. The PKCE verifier lies sealed in that row.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel, ValidationError
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from werkzeug.exceptions import TooManyRequests

from app import connection, places, rows
from app.api.problems import fields_of
from app.api.schemas_connection import AuthorizeIn
from app.connection import Tried
from app.places import MISSING
from longshore import connections, oauth, oauth_clients
from longshore.db import clock, reading, transaction
from longshore.errors import Invalid, LongshoreError, NeedsReconnect, NotFound, Permanent, Transient
from longshore.models import Connection, OAuthState, new_id
from longshore.vault import vault
from workers.destinations import named
from workers.destinations.base import Consent, Destination

LIFETIME = timedelta(minutes=10)
"""How long a consent may take."""
MOST_OPEN = 50
"""Consents of one owner that may be on their way at once."""
PURPOSE = "oauth"
SPENT = "This address was used already, or is older than ten minutes. Start the connection again."
REFUSALS = {
    "access_denied": "The access was not allowed, so nothing was connected. Start again if that was a mistake.",
    "temporarily_unavailable": "The provider cannot do this now. Start again in a few minutes.",
    "server_error": "The provider failed at this. Start again in a few minutes.",
    "invalid_scope": "The provider does not know the rights that were asked for. Tell the operator of this server.",
    "unauthorized_client": "The provider refuses this server's OAuth client. Tell its operator.",
}
"""In words, by the `error` of RFC 6749 section 4.1.2.1."""
OTHER_REFUSAL = "The provider did not connect the account. Start again; if that fails, too, tell the operator."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a consent, for whoever sits before the browser."""

    ok: bool
    message: str
    owner: str = ""
    name: str = ""
    label: str = ""
    account: str = ""


def begin(session: Session, owner: str, body: AuthorizeIn, *, redirect_uri: str, now: datetime) -> tuple[str, datetime]:
    """The address at which a person consents, and until when. Raises Invalid, NotFound, Permanent, TooManyRequests."""
    row = _renewed(session, owner, body)
    destination, kind = places.destination_named(row.destination if row else body.destination or "")
    options = body.options if row is None or body.options else row.options
    consent, known, options = _consent(destination, kind, options)
    if _open(session, owner) >= MOST_OPEN:
        raise TooManyRequests("Too many connections of yours wait for a consent. Wait ten minutes.", retry_after=600)
    state, verifier = secrets.token_urlsafe(32), oauth.new_verifier()
    digest, until = _digest(state), now + LIFETIME
    session.add(
        OAuthState(
            digest=digest,
            owner=owner,
            destination=destination,
            name=row.name if row else body.name or kind.label,
            options=options,
            connection_id=row.id if row else None,
            redirect_uri=redirect_uri,
            secret=vault().seal({"verifier": verifier}, owner, digest, PURPOSE),
            expires_at=until,
        )
    )
    url = oauth.authorization_url(
        consent.authorize_url,
        known,
        scope=consent.scope,
        state=state,
        verifier=verifier,
        redirect_uri=redirect_uri,
        parameters=consent.parameters,
    )
    return url, until


def finish(state: str, code: str, error: str) -> Outcome:
    """Take a consent out of its row, and make or renew the connection that it is for. Every failure is an outcome."""
    with transaction() as session:
        # Gone before anything is done with it: of two callbacks one finds it.
        taken = delete(OAuthState).where(OAuthState.digest == _digest(state)).returning(OAuthState)
        asked, now = session.scalars(taken).one_or_none(), clock(session)
        if asked is not None:
            session.expunge(asked)
    if asked is None or asked.expires_at <= now:
        return Outcome(ok=False, message=SPENT)
    try:
        if error or not code:
            raise Permanent(REFUSALS.get(error, OTHER_REFUSAL))
        return _connect(asked, code)
    except LongshoreError as failure:
        return Outcome(ok=False, message=failure.message, owner=asked.owner, name=asked.name)


def _connect(asked: OAuthState, code: str) -> Outcome:
    kind = named(asked.destination)
    consent, known, _options = _consent(asked.destination, kind, asked.options)
    verifier = vault().open(asked.secret, asked.owner, asked.digest, PURPOSE)["verifier"]
    tokens = oauth.exchange(consent.token_url, known, code=code, verifier=verifier, redirect_uri=asked.redirect_uri)
    # Google tells which boxes were ticked; others name their scopes in ways of their own.
    lacking = [one for one in consent.scope.split() if "://" in one and one not in tokens.scope.split()]
    if lacking:
        raise NeedsReconnect("The right to write files was not granted. Start again, and tick it.")
    given = {"refresh_token": tokens.refresh_token}
    with reading() as session:
        now = clock(session)
    candidate = Connection(
        id=asked.connection_id or new_id(),
        owner=asked.owner,
        name=asked.name,
        destination=asked.destination,
        options=asked.options,
        oauth=True,
        expires_at=now + timedelta(seconds=tokens.seconds) if tokens.seconds else None,
    )
    connections.seal_secrets(candidate, given)
    tried = connection.attempt(candidate, stored=False)
    connections.seal_secrets(candidate, given | tried.renewed)
    if asked.connection_id and tried.error is not None and not isinstance(tried.error, Transient):
        raise Permanent(f"The account was allowed, but does not work: {tried.message} The old credentials are kept.")
    with transaction() as session:
        _store(session, candidate, tried, renews=asked.connection_id is not None)
    account = tried.report.account if tried.report else ""
    return Outcome(tried.error is None, tried.message, asked.owner, asked.name, kind.label, account)


def _store(session: Session, candidate: Connection, tried: Tried, *, renews: bool) -> None:
    """Raises NotFound where the connection was deleted while the person was asked."""
    now = clock(session)
    if renews:
        row = rows.find(session, Connection, candidate.owner, candidate.id, lock=True)
        connection.take_over(session, row, candidate, now=now)
    else:
        row = candidate
        row.one_off, row.enabled, row.health, row.created_at, row.updated_at = False, True, "untested", now, now
        session.add(row)
        session.flush()
    connection.note(session, row, tried, now=now)


def _renewed(session: Session, owner: str, body: AuthorizeIn) -> Connection | None:
    """The connection that is to be renewed. Raises NotFound, Invalid."""
    if body.connection_id is None:
        if not body.destination:
            raise Invalid("Send `destination`, or the `connection_id` of a connection to renew.", field="destination")
        return None
    row = rows.find(session, Connection, owner, body.connection_id)
    if row.one_off:
        raise NotFound("There is no such connection.")
    if body.destination not in {None, row.destination}:
        raise Invalid(f"This is a connection to {row.destination}.", field="destination")
    return row


def _consent(
    destination: str, kind: type[Destination], options: dict[str, object]
) -> tuple[Consent, oauth_clients.Client, dict[str, object]]:
    """How to consent, as which client, and the options with the operator's endpoint. Raises Invalid, Permanent."""
    first = kind.consent(_checked(kind, options), "")
    if first is None:
        raise Invalid(f"{destination} is not connected in a browser. Store its credentials.", field="destination")
    known = oauth_clients.client(first.provider)
    endpoint = {"endpoint_url": known.endpoint} if known.endpoint else {}
    if options.get("endpoint_url", known.endpoint) not in {"", known.endpoint}:
        raise Invalid("A connection made in a browser has no endpoint of its own.", field="options.endpoint_url")
    whole = options | endpoint
    final = kind.consent(_checked(kind, whole), known.endpoint)
    return final or first, known, whole


def _checked(kind: type[Destination], options: dict[str, object]) -> BaseModel:
    try:
        return kind.Options.model_validate(options)
    except ValidationError as error:
        raise fields_of(error, "options", missing=MISSING) from None


def _open(session: Session, owner: str) -> int:
    here = OAuthState.owner == owner, OAuthState.expires_at > clock(session)
    return session.scalar(select(func.count()).select_from(OAuthState).where(*here)) or 0


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
