"""`longshore up`: every process of the Procfile in the foreground, on embedded parts where none were named."""

from __future__ import annotations

import os
import sys
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
    manager = Manager()
    if not (env.get("LONGSHORE_REDIS_URL") or env.get("LONGSHORE_REDIS_URL_FILE")):
        server = redis_server(home / "redis")
        env["LONGSHORE_REDIS_URL"] = server.url
        manager.add_process("redis", " ".join(f"'{part}'" for part in server.command), cwd=str(ROOT))
    for name, command in parse_procfile((ROOT / "Procfile").read_text(encoding="utf-8")).processes.items():
        if name != "release":
            manager.add_process(name, f"exec {command}", env=env, cwd=str(ROOT))
    sys.stdout.write(
        f"\n  API      {url}/api   (docs: {url}/docs)\n"
        f"  Flower   http://127.0.0.1:{flower}\n"
        f"  Key      {key}\n"
        f"  Home     {home}\n\n"
        f"  curl -H 'Authorization: Bearer {key}' {url}/api/formats\n\n"
        "  Ctrl-C stops everything.\n\n"
    )
    sys.stdout.flush()
    manager.loop()
    return manager.returncode or 0


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
