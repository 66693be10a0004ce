"""`longshore up`: every process of the Procfile in the foreground, on embedded parts where none were named."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from honcho.environ import parse_procfile
from honcho.manager import Manager

from app.auth import create_key
from app.embedded import free_port, redis_server
from longshore.db import clock, transaction
from longshore.schema import upgrade
from longshore.settings import ROOT, Settings, environment

OWNER = "local"
"""Owner of what is made with the key that `longshore up` prints."""

STOPPED = frozenset({130, 143})
"""What honcho answers after SIGINT and SIGTERM."""


def run(settings: Settings) -> int:
    """Start everything and stay until a signal or until one process ends; the exit code."""
    home = settings.home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    upgrade()
    key = local_key(home)
    port, flower = free_port(settings.port), free_port(settings.flower_port)
    url = f"http://{settings.host}:{port}"
    (home / "url").write_text(url, encoding="utf-8")
    env = {
        **environment(),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment().get('PATH', os.defpath)}",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "PORT": str(port),
        "LONGSHORE_HOST": settings.host,
        "LONGSHORE_HOME": str(home),
        "LONGSHORE_FLOWER_PORT": str(flower),
    }
    with _redis(home, env):
        return _run_processes(
            env,
            f"""
  API      {url}/api   (docs: {url}/docs)
  Flower   http://127.0.0.1:{flower}
  Key      {key}
  Home     {home}

  curl -H 'Authorization: Bearer {key}' {url}/api/formats

  Ctrl-C stops everything.

""",
        )


@contextmanager
def _redis(home: Path, env: dict[str, str]) -> Iterator[None]:
    """A Redis of our own where none is named. It outlives the processes that use it, so their last words are heard."""
    if env.get("LONGSHORE_REDIS_URL") or env.get("LONGSHORE_REDIS_URL_FILE"):
        yield
        return
    server = redis_server(home / "redis")
    env["LONGSHORE_REDIS_URL"] = server.url
    with (home / "redis" / "log.txt").open("ab") as log:
        # In a session of its own: Ctrl-C is for the processes, and Redis is stopped after them.
        process = subprocess.Popen(server.command, stdout=log, stderr=log, start_new_session=True)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def _run_processes(env: dict[str, str], greeting: str) -> int:
    """All of the Procfile but `release`, until a signal or until one of them ends; the exit code."""
    manager = Manager()
    for name, command in parse_procfile((ROOT / "Procfile").read_text(encoding="utf-8")).processes.items():
        if name != "release":
            manager.add_process(name, f"exec {command}", env=env, cwd=str(ROOT))
    sys.stdout.write(greeting)
    sys.stdout.flush()
    manager.loop()
    # Whoever stopped it meant to; a process that ended by itself is a failure, whatever it says.
    return 0 if manager.returncode in STOPPED else (manager.returncode or 1)


def local_key(home: Path) -> str:
    """The key in `api-key` of this home, made at the first start."""
    path = home / "api-key"
    if path.is_file():
        return path.read_text(encoding="ascii").strip()
    with transaction() as session:
        _row, token = create_key(session, OWNER, "longshore up", ["read", "write", "admin"], clock(session))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(token)
    return token
