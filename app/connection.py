"""A connection changed, tried, renewed and taken away: what its calls and a consent in the browser have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy import delete, exists, func, or_, select
from sqlalchemy.orm import Session

from app import endpoints, places, rows
from app.api.problems import fields_of
from longshore import circuit, connections, release
from longshore.errors import Conflict, Invalid, LongshoreError, NotFound, Permanent, Refused
from longshore.models import Connection, Delivery, Leftover, ScheduleDelivery, ScheduledExport
from longshore.states import SETTLED
from workers.connect import complete, open_destination
from workers.destinations import named, names
from workers.destinations.base import Destination, Lifetime, TestReport

NAMED = 5
"""Rows that a refusal names."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tried:
    """What a test of a connection saw, or why it failed."""

    report: TestReport | None = None
    error: LongshoreError | None = None
    renewed: dict[str, str] = field(default_factory=dict)
    """Secrets of an unstored connection that the provider replaced meanwhile."""

    @property
    def message(self) -> str:
        """For people."""
        if self.error is not None:
            return self.error.message
        report = self.report
        return (report.note or f"Works: {', '.join(report.rights)}.") if report else ""


def attempt(row: Connection, *, stored: bool = True) -> Tried:
    """Write, read back and delete a marker, outside of any transaction. A failure is an answer; a bug is raised.

    What the provider renews is written into a stored connection; of one that is not, `Tried` has it.
    """
    destination: Destination | None = None
    renewed: dict[str, str] = {}
    try:
        destination = open_destination(row, None if stored else renewed.update)
        return Tried(destination.test(), renewed=renewed)
    except Exception as error:
        known = error if destination is None else destination.classify(error)
        if not isinstance(known, LongshoreError):
            raise
        log.info("connection_test_failed", connection_id=row.id, code=known.code, detail=known.detail)
        return Tried(error=known)


def note(session: Session, row: Connection, tried: Tried, *, now: datetime) -> int:
    """Keep what a test saw; what waited for a connection that works goes on. The count of those deliveries."""
    # A test asks for more than a delivery does, so its failure blocks nothing, and what was refused stays so.
    if tried.error is None or row.health != connections.NEEDS_RECONNECT:
        row.health = connections.OK if tried.error is None else connections.FAILED
    row.last_tested_at = now
    row.last_error = tried.error.message if tried.error else None
    if tried.report is None:
        return 0
    report = tried.report
    row.seen = {"account": report.account, "rights": list(report.rights), "free_bytes": report.free_bytes}
    _close_circuit(session, row, now=now)
    return release.release_blocked(session, row.id, now=now)


def changed(
    row: Connection,
    options: dict[str, Any] | None,
    secrets: dict[str, Any] | None,
    expires_at: datetime | None,
    *,
    now: datetime,
) -> Connection:
    """The connection as it would be, in no session: to be tried, or to be taken over. Raises Invalid, Refused.

    Sent secrets go over the old ones, null removes one. Whoever sends a refresh token brings its OAuth client along.
    """
    given = secrets or {}
    kept = {name: value for name, value in (connections.open_secrets(row) | given).items() if value is not None}
    candidate = Connection(
        id=row.id,
        owner=row.owner,
        name=row.name,
        destination=row.destination,
        options=row.options if options is None else options,
        oauth=row.oauth and not given,
        expires_at=row.expires_at if secrets is None else expires_at or ending(row.destination, kept, now=now),
    )
    kind = named(row.destination)
    try:
        kind.Options.model_validate(candidate.options)
        whole = complete(candidate, kept)
    except ValidationError as error:
        raise fields_of(error, "options", missing=places.MISSING) from None
    places.check(kind, candidate.options, whole)
    if options is not None:
        check_endpoint(options)
    connections.seal_secrets(candidate, kept)
    return candidate


def check_endpoint(options: dict[str, Any]) -> None:
    """Refuse an endpoint that the operator's rules forbid, before it is stored. Raises Invalid."""
    try:
        endpoints.check(options)
    except Refused as error:
        raise Invalid(error.message, field="options.endpoint_url", detail=error.detail) from error


def take_over(session: Session, row: Connection, candidate: Connection, *, now: datetime) -> None:
    """Make a changed connection the stored one. What waited for it goes on; of its health nothing is known."""
    for name in ("options", "secret", "oauth", "expires_at"):
        setattr(row, name, getattr(candidate, name))
    connections.drop_token(row)
    row.health, row.last_error, row.last_tested_at, row.seen = "untested", None, None, None
    row.updated_at = now
    _close_circuit(session, row, now=now)
    release.release_blocked(session, row.id, now=now)


def _close_circuit(session: Session, row: Connection, *, now: datetime) -> None:
    """What was broken is another connection now, or works again: nothing has to wait for a pause to end."""
    session.flush()
    if circuit.succeeded(session, row.id, now=now):
        session.refresh(row)


def find(session: Session, owner: str, connection_id: Any) -> Connection:
    """A connection that is to be changed, locked. Raises NotFound, also where it was deleted and must be cleaned up."""
    found = rows.find(session, Connection, owner, connection_id, lock=True)
    if found.health == connections.CLOSED:
        raise NotFound("There is no such connection.")
    return found


def close(session: Session, row: Connection, *, now: datetime) -> bool:
    """Delete a connection that nothing needs, the history of its deliveries excepted.

    True where its secrets stay until workers have removed what its uploads left at the provider, or given that up.
    """
    mine = Delivery.connection_id == row.id
    left = or_(exists().where(mine, Delivery.checkpoint.is_not(None)), exists().where(Leftover.connection_id == row.id))
    unclean = bool(session.scalar(select(left)))
    if not unclean and not session.scalar(select(exists().where(mine))):
        session.execute(delete(Connection).where(Connection.id == row.id))
        return False
    # The history of its deliveries refers to it, so a shell stays, which no list shows.
    row.name, row.one_off, row.retention = f"{row.name[:190]} (deleted)", True, []
    row.last_error, row.seen, row.updated_at = None, None, now
    if unclean:
        row.health = connections.CLOSED
    else:
        connections.empty(row)
    return unclean


def lifetime(row: Connection) -> Lifetime | None:
    """What is known of how long its credentials last."""
    if row.destination not in names():
        return None
    try:
        return named(row.destination).lifetime(frozenset(connections.open_secrets(row)))
    except Permanent as error:  # the vault's key is gone, which must not hide the connection
        return Lifetime(error.message, "")


def ending(destination: str, secrets: dict[str, Any], *, now: datetime) -> datetime | None:
    """When credentials that are stored now end, used or not; None where they last."""
    known = named(destination).lifetime(frozenset(secrets))
    return now + timedelta(seconds=known.seconds) if known and known.seconds else None


def refuse_while_needed(session: Session, connection_id: str) -> None:
    """Raises Conflict, naming the schedules and open deliveries that need the connection."""
    further = exists().where(
        ScheduleDelivery.schedule_id == ScheduledExport.id, ScheduleDelivery.connection_id == connection_id
    )
    schedules = select(ScheduledExport.id).where(or_(ScheduledExport.connection_id == connection_id, further))
    ended = [str(state) for state in SETTLED]
    waiting = select(Delivery.id).where(Delivery.connection_id == connection_id, Delivery.state.not_in(ended))
    for query, what, remedy in (
        (schedules, "schedule(s) deliver with this connection", "Change or delete them first."),
        (waiting, "delivery(s) are on their way with this connection", "Cancel them, or wait."),
    ):
        count = session.scalar(select(func.count()).select_from(query.subquery())) or 0
        if count:
            named_here = ", ".join(session.scalars(query.limit(NAMED)))
            more = f" and {count - NAMED} more" if count > NAMED else ""
            raise Conflict(f"{count} {what}: {named_here}{more}. {remedy}")
