"""One way into the database, for SQLite (WAL) and PostgreSQL alike.

`transaction()` is for anything that may write, `reading()` for what does not. On SQLite a writing transaction begins
IMMEDIATE, so two writers queue at its start instead of failing in its middle.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from longshore.settings import settings

BUSY_MS = 15_000
"""How long a SQLite writer waits for another one; far above any transaction of ours."""


class UTCDateTime(TypeDecorator[datetime]):
    """An aware instant. SQLite has no zones, so it is kept there as UTC and handed back aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Raises ValueError for a naive instant: nobody can know what it means."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime: {value}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Always UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


Json = JSON().with_variant(JSONB(), "postgresql")
BigId = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only where the type is exactly INTEGER."""


class Base(DeclarativeBase):
    """All rows. `dict` and `list` columns are JSON."""

    type_annotation_map = {datetime: UTCDateTime, dict[str, Any]: Json, list[Any]: Json}  # noqa: RUF012 - SQLAlchemy's API


_lock = threading.Lock()
_engines: dict[str, Engine] = {}


def engine() -> Engine:
    """The engine of this process, made at the first call."""
    url = settings().database
    with _lock:
        if url not in _engines:
            _engines[url] = open_engine(url)
        return _engines[url]


def open_engine(url: str) -> Engine:
    """A new engine with the settings that every process of ours shares."""
    if url.startswith("sqlite"):
        settings().home.mkdir(parents=True, exist_ok=True)
        made = create_engine(url, connect_args={"check_same_thread": False, "timeout": BUSY_MS / 1000})
        event.listen(made, "connect", _prepare_sqlite)
        event.listen(made, "begin", _begin_sqlite)
        return made
    # A row lock is held for milliseconds; whoever waits ten seconds for one has met a fault, not a queue.
    options = "-c lock_timeout=10s -c statement_timeout=60s -c idle_in_transaction_session_timeout=60s"
    return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 5, "options": options})


def forget_engines() -> None:
    """Start anew in a forked child: the parent's connections are neither used nor closed."""
    global _lock  # noqa: PLW0603 - the parent's lock may be held by a thread that the child does not have
    _lock = threading.Lock()
    for one in _engines.values():
        one.dispose(close=False)
    _engines.clear()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # BEGIN is ours, see _begin_sqlite
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_MS}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reading_only = connection.get_execution_options().get("longshore_reading", False)
    connection.exec_driver_sql("BEGIN" if reading_only else "BEGIN IMMEDIATE")


@contextmanager
def transaction() -> Iterator[Session]:
    """One unit of work: committed at its end, rolled back by any exception."""
    with Session(engine(), expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def reading() -> Iterator[Session]:
    """A session for queries; nothing done in it is kept."""
    with Session(engine().execution_options(longshore_reading=True), expire_on_commit=False) as session:
        yield session


def clock(session: Session) -> datetime:
    """Now, by the clock that all machines share: the database's. On SQLite that is this machine's own."""
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)
    now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return now.astimezone(UTC)
