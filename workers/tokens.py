"""The access token of a stored connection, shared by all workers: kept in its row, and renewed by one at a time.

Who renews holds a short lease in the row, taken under its lock: the lock itself is never held while a provider is
waited for, which on SQLite would stop every writer. The others wait until the token is there or the lease has ended.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from longshore.connections import keep_token, kept_token, open_secrets, renew_secrets
from longshore.db import clock, reading, transaction
from longshore.errors import NeedsReconnect
from longshore.models import Connection
from longshore.redaction import hide_while_alive
from workers.destinations.base import Grant, SignIn, Tokens
from workers.interrupt import held

LEASE = timedelta(seconds=60)
"""How long one may take to sign in: longer than any destination waits for its provider then."""
LOOK = 0.2
"""Seconds between two looks at a token that another worker renews."""
GIVEN = 60.0
"""Seconds after which one that was given with the secrets is looked for anew: another may have had to renew it."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """The right to sign in with these secrets. `until` is the lease; None where the token is not to be kept."""

    secrets: dict[str, Any] = field(repr=False)
    until: datetime | None


class SharedTokens(Tokens):
    """The token of the connection as it was given, with its secrets in the clear.

    Where the user has changed the connection since, its row is left alone but for a secret that only this login knows.
    """

    def __init__(self, connection: Connection, known: dict[str, Any]) -> None:
        super().__init__()
        self._id, self._edition = connection.id, connection.edition
        self._known = dict(known)

    def _find(self, login: SignIn, given: str, refused: str) -> tuple[str, float]:
        found = None
        while found is None:
            found = self._look(given, refused) or self._sign_in(login, refused)
        hide_while_alive(self, [found[0]])
        return found

    def _look(self, given: str, refused: str) -> tuple[str, float] | None:
        """What is there, waited for while another signs in; None where this one has to."""
        while True:
            with reading() as session:
                row, now = session.get(Connection, self._id), clock(session)
            if row is None or row.edition != self._edition:
                return None
            if found := _good(row, refused, now):
                return found
            if given and given != refused and row.token is None:
                return given, GIVEN
            if not _taken(row, now):
                return None
            time.sleep(LOOK)

    def _sign_in(self, login: SignIn, refused: str) -> tuple[str, float] | None:
        """A new token; None where another was faster, or has replaced the secrets that were refused here."""
        turn = self._take(refused)
        if turn is None:
            return None
        try:
            with held():  # a refresh token that was replaced and not stored would be lost
                grant = login(dict(turn.secrets))
                self._keep(turn, grant)
        except NeedsReconnect:
            if self._let_go(turn):
                return None
            raise
        except BaseException:
            self._let_go(turn)
            raise
        return grant.token, grant.seconds

    def _take(self, refused: str) -> _Turn | None:
        with transaction() as session:
            row, now = self._locked(session), clock(session)
            if row is None or row.edition != self._edition:
                return _Turn({**self._known, **self._replaced}, None)
            if _good(row, refused, now) or _taken(row, now):
                return None
            row.renewing_until = now + LEASE
            return _Turn(open_secrets(row), row.renewing_until)

    def _keep(self, turn: _Turn, grant: Grant) -> None:
        """Store the token and what was replaced together, unless others than the secrets of this turn stand there."""
        self._replaced.update(grant.replaced)
        hide_while_alive(self, grant.replaced.values())
        with transaction() as session:
            row = self._locked(session)
            if row is None:
                return
            stored = open_secrets(row)
            if any(stored.get(name) != turn.secrets.get(name) for name in grant.replaced):
                return
            if grant.replaced:
                renew_secrets(row, {**stored, **grant.replaced})
            if row.edition == self._edition:
                keep_token(row, grant.token, clock(session) + timedelta(seconds=grant.seconds))
                _end(row, turn)

    def _let_go(self, turn: _Turn) -> bool:
        """End the lease without a token; whether another has replaced the secrets meanwhile."""
        if turn.until is None:
            return False
        with suppress(SQLAlchemyError), transaction() as session:  # the lease ends by itself
            row = self._locked(session)
            if row is not None and row.edition == self._edition:
                _end(row, turn)
                return open_secrets(row) != turn.secrets
        return False

    def _locked(self, session: Session) -> Connection | None:
        # Not as strong as FOR UPDATE: new deliveries may refer to the connection meanwhile.
        return session.get(Connection, self._id, with_for_update={"key_share": True})


def _good(row: Connection, refused: str, now: datetime) -> tuple[str, float] | None:
    token, until = kept_token(row)
    return (token, (until - now).total_seconds()) if token and token != refused and until > now else None


def _taken(row: Connection, now: datetime) -> bool:
    return row.renewing_until is not None and row.renewing_until > now


def _end(row: Connection, turn: _Turn) -> None:
    if row.renewing_until == turn.until:
        row.renewing_until = None
