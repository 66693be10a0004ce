from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime, time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from longshore import db, models, queue, settings

NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found or os.geteuid() != 0:
        pytest.skip("no PostgreSQL")
    home = Path(subprocess.run(["mktemp", "-d"], check=True, capture_output=True, text=True).stdout.strip())
    shutil.chown(home, "postgres")

    def run(*command: str) -> None:
        subprocess.run(["runuser", "-u", "postgres", "--", *command], check=True, capture_output=True, cwd="/")

    run(str(found[-1]), "-D", f"{home}/data", "-A", "trust", "-U", "postgres", "--no-sync")
    pg_ctl = str(found[-1].with_name("pg_ctl"))
    run(pg_ctl, "-D", f"{home}/data", "-w", "-l", f"{home}/log", "-o", f"-k {home} -c listen_addresses= -F", "start")
    try:
        yield f"host={home}"
    finally:
        run(pg_ctl, "-D", f"{home}/data", "-m", "immediate", "stop")
        shutil.rmtree(home)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/longshore.db"
    server = request.getfixturevalue("postgresql_server").removeprefix("host=")
    name = f"t{next(NUMBERS)}"
    admin = sa.create_engine(f"postgresql+psycopg://postgres@/postgres?host={server}", isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"create database {name}"))
    admin.dispose()
    return f"postgresql+psycopg://postgres@/{name}?host={server}"


@pytest.fixture
def database(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty database that this process, and every process it starts, is set to use."""
    monkeypatch.setenv("LONGSHORE_HOME", str(tmp_path))
    monkeypatch.setenv("LONGSHORE_DATABASE_URL", database_url)
    settings.settings.cache_clear()
    db.Base.metadata.create_all(db.engine())
    yield database_url
    db.engine().dispose()
    settings.settings.cache_clear()


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids that workers were told of."""
    ids: list[str] = []
    monkeypatch.setattr(queue, "send", lambda _queue, row_id, _seconds=None: ids.append(row_id) or True)
    return ids


@pytest.fixture
def schedule(database: str) -> Callable[..., str]:
    """Adds a schedule, with a document and a connection of its own, and returns its id. Due when `next_run_at` says."""

    def add(next_run_at: datetime | None, **columns: Any) -> str:
        now = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
        with db.transaction() as session:
            file = models.File(
                owner="ann", name="Plan", kind="mermaid", version=1, listed=True, created_at=now, updated_at=now
            )
            connection = models.Connection(
                owner="ann",
                name="Folder",
                destination="folder",
                options={},
                secret=b"",
                one_off=False,
                created_at=now,
                updated_at=now,
            )
            session.add_all([file, connection])
            session.flush()
            values = {
                "owner": "ann",
                "file_id": file.id,
                "user_id": "ann",
                "schedule_type": "daily",
                "schedule_time": time(9),
                "timezone": "UTC",
                "export_format": "svg",
                "export_settings": {"scale": 2},
                "destination_type": "folder",
                "destination_config": {},
                "connection_id": connection.id,
                "folder": "plans",
                "is_active": True,
                "next_run_at": next_run_at,
                "created_at": now,
                "updated_at": now,
                "created_by": "ann",
            }
            row = models.ScheduledExport(**(values | columns))
            session.add(row)
            session.flush()
            return row.id

    return add
