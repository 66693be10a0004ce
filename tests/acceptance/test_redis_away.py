"""Redis is only a doorbell: what is accepted while it is away is done when it is back."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from app.embedded import RedisServer, redis_server
from tests.conftest import forget, wait_until
from tests.processes import Processes
from tests.rows import export_row, submitted


class Doorbell:
    """A Redis of one test, on one port, that can go away and come back empty."""

    def __init__(self, server: RedisServer, folder: Path) -> None:
        self._server, self._folder = server, folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._server.command, stdout=subprocess.DEVNULL)
        client = redis.Redis.from_url(self._server.url)

        def answers() -> bool:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

        wait_until(answers, seconds=10)
        client.close()

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(10)

    def lose_everything(self) -> None:
        for path in self._folder.glob("appendonly*"):
            path.unlink()


@pytest.fixture
def doorbell(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doorbell]:
    server = redis_server(tmp_path / "redis")
    monkeypatch.setenv("LONGSHORE_REDIS_URL", server.url)
    monkeypatch.setenv("LONGSHORE_LEASE", "3")
    monkeypatch.setenv("LONGSHORE_HEARTBEAT", "1")
    forget()
    running = Doorbell(server, tmp_path / "redis")
    running.start()
    yield running
    running.stop()


def test_what_was_accepted_while_redis_was_away_is_done_when_it_is_back(doorbell: Doorbell, database: str, home: Path):
    processes = Processes(home / "logs")
    try:
        processes.worker("render")
        processes.worker("upload")
        first = submitted(deliveries=1)
        wait_until(lambda: export_row(first).state == "completed", seconds=40)
        doorbell.stop()
        doorbell.lose_everything()
        accepted = [submitted(deliveries=1) for _ in range(5)]
        assert {export_row(one).state for one in accepted} == {"initiated"}
        doorbell.start()
        wait_until(lambda: {export_row(one).state for one in accepted} == {"completed"}, seconds=60, every=0.2)
    finally:
        processes.stop_all()
