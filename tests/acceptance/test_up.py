"""`longshore up` as a user starts it: everything answers, exports work through it, Ctrl-C ends all of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pyrage
import pytest

from app.embedded import free_port
from tests.conftest import wait_until
from tests.processes import ROOT

DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20"/></svg>'


class Up:
    """A running `longshore up` in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_port()
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("LONGSHORE_")}
        self.env |= {"LONGSHORE_HOME": str(home), "PORT": str(self.port), "LONGSHORE_FLOWER_PORT": "0"}
        home.mkdir(parents=True, exist_ok=True)
        self.log = home / "log.txt"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "up"],
                cwd=ROOT,
                env=self.env,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"{self.url}/readyz", trust_env=False, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "app.cli", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def up(home: Path) -> Iterator[Up]:
    running = Up(home)
    try:
        wait_until(running.ready, seconds=60, every=0.2)
        yield running
    finally:
        if running.process.poll() is None:
            running.process.terminate()
            running.process.wait(30)


def test_everything_comes_up_exports_and_goes_down_with_ctrl_c(up: Up, tmp_path: Path):
    mine = psutil.Process(up.process.pid).children(recursive=True)
    assert len(mine) > 8
    for process in mine:
        key = (up.home / "api-key").read_text().strip()
        redis_password = next(
            line for line in (up.home / "redis/redis.conf").read_text().splitlines() if "pass" in line
        )
        arguments = " ".join(process.cmdline())
        assert key not in arguments
        assert redis_password.split()[-1] not in arguments
    assert (up.home / "api-key").stat().st_mode & 0o777 == 0o600

    source = tmp_path / "plan.svg"
    source.write_text(DRAWING)
    done = up.run(
        "export", str(source), "--to", "png", "--output", str(tmp_path / "out.png"), "--settings", '{"scale": 1}'
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
    assert str(tmp_path / "out.png") in done.stdout

    connection = httpx.post(
        f"{up.url}/api/connections",
        trust_env=False,
        headers={"Authorization": f"Bearer {key}"},
        json={"name": "Proof", "destination": "folder"},
    ).json()
    identity, receipt = pyrage.x25519.Identity.generate(), str(tmp_path / "receipt.json")
    there = ("--connection", connection["id"], "--folder", "{year}", "--name", "{name} {date}", "--receipt", receipt)
    done = up.run("export", str(source), "--to", "svg", *there, "--encrypt-to", str(identity.to_public()))
    assert done.returncode == 0, done.stderr
    (sealed,) = (up.home / "deliveries").rglob("plan *.svg.age")
    assert pyrage.decrypt(sealed.read_bytes(), [identity]).startswith(b"<")
    done = up.run("verify", receipt, str(sealed))
    assert (done.returncode, "as it was sent" in done.stdout) == (0, True), done.stdout
    assert up.run("verify", receipt, str(source)).returncode == 3

    (tmp_path / "broken.svg").write_text("<svg")
    done = up.run("export", str(tmp_path / "broken.svg"), "--to", "png")
    assert done.returncode == 1
    assert "failed" in done.stderr
    assert "Traceback" not in done.stderr

    unknown = up.run("export", str(source), "--to", "docx")
    assert unknown.returncode == 1
    assert "one of" in unknown.stderr

    os.killpg(up.process.pid, signal.SIGINT)  # what a terminal does
    assert up.process.wait(40) == 0, up.log.read_text()[-3000:]
    time.sleep(1)
    assert [process for process in mine if process.is_running() and process.status() != psutil.STATUS_ZOMBIE] == []
