"""How Alembic reaches the database: through our engine, one migrator at a time."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import JSON, Connection, text

import longshore.models  # noqa: F401 - fills the metadata
from longshore.db import Base, engine

LOCK = 0x10465408
"""Key of the PostgreSQL advisory lock that makes concurrent migrators wait for one another."""


def render_type(kind: str, item: Any, _context: Any) -> str | bool:
    """JSON columns by our own name, so that a migration needs no dialect's import."""
    return "longshore.db.Json" if kind == "type" and isinstance(item, JSON) else False


def run(connection: Connection) -> None:
    """Migrate in one transaction; on PostgreSQL a table that is in use makes it fail fast, not queue for ever."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=render_type,
        user_module_prefix="longshore.db.",
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = '30s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        context.run_migrations()
        if connection.dialect.name == "sqlite":
            lost = connection.execute(text("PRAGMA foreign_key_check")).all()
            if lost:
                message = f"The migration would leave {len(lost)} rows that refer to nothing; nothing was changed."
                raise RuntimeError(message)


def migrate(connection: Connection) -> None:
    """Migrate with SQLite's foreign keys off: it alters a table by copying it, and dropping the old one deletes what
    refers to it otherwise. What would refer to nothing afterwards rolls everything back.

    See https://sqlite.org/lang_altertable.html, section 7: the switch has no effect inside a transaction.
    """
    if connection.dialect.name != "sqlite":
        run(connection)
        return
    dbapi: Any = connection.connection.dbapi_connection
    dbapi.execute("PRAGMA foreign_keys=OFF")
    try:
        run(connection)
    finally:
        connection.rollback()
        dbapi.execute("PRAGMA foreign_keys=ON")


with engine().connect() as connection:
    migrate(connection)
