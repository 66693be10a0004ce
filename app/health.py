"""Whether the process is up, and whether every part really works. Outside `/api`, without a key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from apiflask import APIBlueprint
from pydantic import BaseModel
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from longshore import VERSION, lateness, pulses
from longshore.artifacts import store
from longshore.db import clock, reading
from longshore.errors import LongshoreError
from longshore.queue import QUEUES
from longshore.settings import settings

blueprint = APIBlueprint("health", __name__, tag="Health")
TIMEOUT = 2
"""Seconds for Redis to answer."""
SCHEDULES = "schedules"

log = structlog.get_logger(__name__)


class Alive(BaseModel):
    """The process answers."""

    status: str
    version: str


class Check(BaseModel):
    """One part; `message` says what to do where it does not work."""

    ok: bool
    message: str


class Ready(BaseModel):
    """Every part."""

    status: str
    checks: dict[str, Check]


@blueprint.get("/healthz")
@blueprint.output(Alive)
@blueprint.doc(security=[{}])
def healthz() -> Any:
    """Tell that this process is up, and nothing else."""
    return Alive(status="ok", version=VERSION)


@blueprint.get("/readyz")
@blueprint.output(Ready)
@blueprint.doc(security=[{}], responses={503: "Something does not work"})
def readyz() -> Any:
    """Tell whether the database, Redis, the artifact store, the workers and beat work right now."""
    checks = {"database": _database(), "redis": _redis(), "store": _store()} | _parts()
    ok = all(check.ok for check in checks.values())
    return Ready(status="ok" if ok else "failing", checks=checks), 200 if ok else 503


def _try(part: str, work: Callable[[], object], remedy: str) -> Check:
    """The reason goes to the log: whoever asks here has shown no key."""
    try:
        work()
    except (SQLAlchemyError, RedisError, LongshoreError, OSError, ValueError) as error:
        log.warning("not_ready", part=part, error=type(error).__name__, detail=str(getattr(error, "orig", error)))
        return Check(ok=False, message=remedy)
    return Check(ok=True, message="works")


def _database() -> Check:
    def work() -> None:
        with reading() as session:
            session.execute(text("SELECT count(*) FROM exports WHERE id = ''"))

    return _try("database", work, "The database does not answer, or was not migrated: see LONGSHORE_DATABASE_URL.")


def _redis() -> Check:
    def work() -> None:
        url = settings().redis_url.get_secret_value()
        client = Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
        try:
            client.ping()
        finally:
            client.close()

    return _try("redis", work, "Redis does not answer: see LONGSHORE_REDIS_URL.")


def _store() -> Check:
    return _try("store", lambda: store().check(), "The artifact store cannot be written: see LONGSHORE_STORE_URL.")


def _parts() -> dict[str, Check]:
    """Beat and one worker of each queue, by their signs of work."""
    wanted = [pulses.BEAT, *map(pulses.queue_name, QUEUES)]
    try:
        with reading() as session:
            seen, beats, now = pulses.read(session), pulses.beats(session), clock(session)
            lag, late = lateness.longest_late(session, now)
    except SQLAlchemyError:
        unknown = Check(ok=False, message="Unknown: the database does not answer.")
        return dict.fromkeys([*wanted, SCHEDULES], unknown)
    parts = {name: _part(name, seen.get(name), now) for name in wanted}
    if parts[pulses.BEAT].ok:
        parts[pulses.BEAT].message += _others(beats, now)
    return parts | {SCHEDULES: _lateness(lag, late=bool(late))}


def _others(beats: dict[str, datetime], now: datetime) -> str:
    """One of them is enough; how many are silent. Which ones is in the metrics: whoever asks here has shown no key."""
    silent = sum((now - at).total_seconds() > pulses.STALE for at in beats.values())
    return f"; {silent} of {len(beats)} beats silent, see /metrics" if silent else ""


def _lateness(lag: float, *, late: bool) -> Check:
    """Whether each schedule is taken up within its own grace."""
    if late:
        message = f"The first one that is due has waited for {lag:.0f} s. See whether celery beat runs, and its log."
        return Check(ok=False, message=message)
    return Check(ok=True, message="none is late")


def _part(name: str, at: datetime | None, now: datetime) -> Check:
    start = f"Start {'celery beat' if name == pulses.BEAT else f'a worker of the {name}'.replace('queue:', 'queue ')}."
    if at is None:
        return Check(ok=False, message=f"Never seen. {start}")
    silent = (now - at).total_seconds()
    if silent > pulses.STALE:
        return Check(ok=False, message=f"Silent for {silent:.0f} s. {start}")
    return Check(ok=True, message=f"worked {max(silent, 0):.0f} s ago")
