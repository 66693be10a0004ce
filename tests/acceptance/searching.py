"""Everywhere that a secret might lie: the database, Redis, what processes show; and the search for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import psycopg
import redis


def needles(secrets: dict[str, str]) -> dict[str, str]:
    """What to look for: of a key in PEM, one of its lines."""
    return {name: text.splitlines()[5] if "PRIVATE" in text else text for name, text in secrets.items()}


def dumped(database: str, home: Path) -> bytes:
    """All that the database holds, in the clear."""
    if "postgresql" not in database:
        return b"".join(one.read_bytes() for one in home.glob("longshore.db*"))
    found = b""
    with psycopg.connect(database.replace("+psycopg", "")) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (name,) in tables:
            for (row,) in connection.execute(f'SELECT t::text FROM "{name}" t'):  # noqa: S608 - our own tables
                found += row.encode() + b"\n"
        for name, column in (("connections", "secret"), ("deliveries", "checkpoint"), ("oauth_states", "secret")):
            for (sealed,) in connection.execute(f"SELECT {column} FROM {name} WHERE {column} IS NOT NULL"):  # noqa: S608
                found += bytes(sealed)
    return found


def stored_in_redis(url: str) -> bytes:
    """Every key with its value."""
    with redis.Redis.from_url(url) as client:
        read: dict[bytes, Callable[[bytes], Any]] = {
            b"string": client.get,
            b"list": lambda key: client.lrange(key, 0, -1),
            b"set": client.smembers,
            b"hash": client.hgetall,
            b"zset": lambda key: client.zrange(key, 0, -1),
        }
        return b"".join(repr((key, read[client.type(key)](key))).encode() for key in client.scan_iter())


def told_by_processes() -> bytes:
    """Command lines and environments of everything that this test started, down to the last child."""
    found = b""
    for one in psutil.Process().children(recursive=True):
        for name in ("cmdline", "environ"):
            try:
                found += Path(f"/proc/{one.pid}/{name}").read_bytes()
            except OSError:
                continue  # it has ended meanwhile
    return found


def look(where: dict[str, bytes], secrets: dict[str, str]) -> list[str]:
    """Which secret shows where, plainly or as JSON would write it."""
    return [
        f"{name} in {place}"
        for place, content in where.items()
        for name, secret in needles(secrets).items()
        if secret.encode() in content or json.dumps(secret)[1:-1].encode() in content
    ]
