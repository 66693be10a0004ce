"""`Idempotency-Key`: the same request sent twice, or a hundred times at once, makes one export or schedule.

The key is a row in the transaction that makes it, so either both are there or neither. A key is remembered
for 24 hours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import orjson
from flask import Request
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest

from app import accept
from app.accept import Wish
from longshore.artifacts import store
from longshore.db import clock, reading, transaction
from longshore.errors import Invalid
from longshore.models import IdempotencyKey

LONGEST = 255
Read = Callable[[Session], Wish]
Make = Callable[[Session, datetime, list[str]], str]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The export, or else the schedule, of a request; `replayed` where an earlier one with the same key made it."""

    export_id: str
    replayed: bool = False
    schedule_id: str = ""


def accept_once(request: Request, owner: str, read: Read) -> Accepted:
    """Accept what `read` makes of the request, once per `Idempotency-Key`; without a key, once per request.

    Raises Invalid where the key was used for another request, and what `read` and `accept.submit` raise.
    """
    return once(
        request,
        owner,
        lambda session, now, written: accept.submit(session, owner, read(session), now=now, written=written).id,
    )


def once_for_schedule(request: Request, owner: str, make: Make) -> Accepted:
    """The same for a `make` that makes a schedule and returns its id."""
    return _once(request, owner, make, lambda made: Accepted("", schedule_id=made))


def once(request: Request, owner: str, make: Make) -> Accepted:
    """The same for any `make`, which makes exports in its transaction and returns the id of one that stands for all.

    It tells the keys of the objects that it stored on the way, which are deleted where it fails.
    """
    return _once(request, owner, make, Accepted)


def _once(request: Request, owner: str, make: Make, of: Callable[[str], Accepted]) -> Accepted:
    key = _key(request)
    fingerprint = _fingerprint(request) if key else ""
    written: list[str] = []
    try:
        with transaction() as session:
            earlier = _earlier(session, owner, key, fingerprint)
            if earlier:
                return earlier
            now = clock(session)
            accepted = of(make(session, now, written))
            if key:
                made = {"export_id": accepted.export_id or None, "schedule_id": accepted.schedule_id or None}
                session.add(IdempotencyKey(owner=owner, key=key, fingerprint=fingerprint, created_at=now, **made))
                session.flush()
            return accepted
    except IntegrityError:
        _forget(written)
        with reading() as session:
            earlier = _earlier(session, owner, key, fingerprint)
        if earlier is None:
            raise
        return earlier
    except BaseException:
        _forget(written)
        raise


def _earlier(session: Session, owner: str, key: str, fingerprint: str) -> Accepted | None:
    row = session.get(IdempotencyKey, (owner, key)) if key else None
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise Invalid("This Idempotency-Key was used for another request. Use a new one.", field="Idempotency-Key")
    return Accepted(row.export_id or "", replayed=True, schedule_id=row.schedule_id or "")


def _key(request: Request) -> str:
    """The key, without the quotes that a structured field has. Raises BadRequest."""
    given: str | None = request.headers.get("Idempotency-Key")
    if given is None:
        return ""
    key = given.strip().strip('"')
    if not 0 < len(key) <= LONGEST or not key.isprintable() or not key.isascii():
        raise BadRequest(f"Idempotency-Key must have 1 to {LONGEST} printable ASCII characters.")
    return key


def _fingerprint(request: Request) -> str:
    """What makes two requests the same: the path and the JSON, whatever the order of its keys."""
    try:
        body = orjson.dumps(request.get_json(), option=orjson.OPT_SORT_KEYS) if request.get_data() else b""
    except orjson.JSONEncodeError:
        body = request.get_data()  # nested deeper than the encoder goes
    return hashlib.sha256(request.path.encode() + b"\n" + body).hexdigest()


def _forget(written: list[str]) -> None:
    """Delete the contents that a request stored before it failed or lost the race; no row was committed for them."""
    for key in written:
        store().delete(key)
