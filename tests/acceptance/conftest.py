from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import forget
from tests.processes import Processes


@pytest.fixture
def short_lease(monkeypatch: pytest.MonkeyPatch) -> float:
    """A lease that a test can wait for; its seconds."""
    monkeypatch.setenv("LONGSHORE_LEASE", "3")
    monkeypatch.setenv("LONGSHORE_HEARTBEAT", "1")
    monkeypatch.setenv("LONGSHORE_SWEEP", "0.5")
    forget()
    return 3.0


@pytest.fixture
def processes(database: str, broker: str, home: Path) -> Iterator[Processes]:
    """Real workers and beat on a real broker and database; everything is stopped at the end."""
    running = Processes(home / "logs")
    yield running
    running.stop_all()
