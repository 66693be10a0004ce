"""Real processes of ours for tests of behaviour: workers and beat, killed and started like on a bad day."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Processes:
    """Starts `celery -A workers …` with the test's own environment; stops whatever is left."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._logs.mkdir(parents=True, exist_ok=True)
        self._running: list[subprocess.Popen[bytes]] = []

    def worker(
        self, queue: str, number: int = 0, concurrency: int = 1, inside: Sequence[str] = ()
    ) -> subprocess.Popen[bytes]:
        """A worker of one queue, in a process group of its own; `inside` is a command that runs another."""
        return self.start(
            f"{queue}-{number}",
            *("worker", "-Q", queue, "-n", f"{queue}{number}@%h", "-c", str(concurrency)),
            *("--without-gossip", "--without-mingle", "-l", "INFO"),
            inside=inside,
        )

    def beat(self, number: int = 0) -> subprocess.Popen[bytes]:
        """A beat that reads the schedules' table."""
        return self.start(f"beat-{number}", "beat", "--scheduler", "schedules.beat:DatabaseScheduler", "-l", "INFO")

    def start(self, name: str, *arguments: str, inside: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """Any command of Celery's own."""
        with (self._logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*inside, sys.executable, "-m", "celery", "-A", "workers", *arguments],
                cwd=ROOT,
                env=os.environ | {"LONGSHORE_LOG_FORMAT": "text"},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """`kill -9` of the worker and its children at once: the machine is gone."""
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait(10)

    def stop_all(self) -> None:
        """SIGTERM, then what is needed."""
        for process in self._running:
            if process.poll() is None:
                process.terminate()
        for process in self._running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                pass
            self.kill(process)

    def log(self, name: str) -> str:
        """What a process wrote."""
        path = self._logs / f"{name}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
