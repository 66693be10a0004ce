from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from longshore.settings import ROOT
from tests.contracts.s3_servers import Proxy, rclone

MB = 1_000_000
SIZE = 300 * MB
PART = 8 * 1024 * 1024
LIMIT = 150 * MB


@pytest.fixture
def artifact(tmp_path):
    path = tmp_path / "artifact"
    with path.open("wb") as file:
        for _ in range(SIZE // (10 * MB)):
            file.write(os.urandom(10 * MB))
    return path


def start(port: int, artifact: Path, state: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.workers.destinations.s3_uploader", f"http://127.0.0.1:{port}", artifact, state],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_a_large_upload_survives_kill_9_in_little_memory_and_sends_no_part_again(tmp_path, artifact):
    store, state = tmp_path / "store", tmp_path / "state.json"
    (store / "exports").mkdir(parents=True)
    with rclone(store) as backend, Proxy(backend).running() as proxy:
        first = start(proxy.port, artifact, state)
        try:
            deadline = time.monotonic() + 60
            while not state.exists() or json.loads(state.read_text())["checkpoint"].get("parts", 0) < 15:
                assert first.poll() is None, first.returncode
                assert time.monotonic() < deadline
                time.sleep(0.01)
        finally:
            first.send_signal(signal.SIGKILL)
            first.communicate()
        assert first.returncode == -signal.SIGKILL
        saved = json.loads(state.read_text())
        acknowledged = saved["checkpoint"]["parts"]
        assert saved["peak"] < LIMIT
        second = start(proxy.port, artifact, state)
        output, _ = second.communicate(timeout=90)
        assert second.returncode == 0
        answer = json.loads(output)
    assert answer["peak"] < LIMIT
    assert (answer["size"], answer["verified"]) == (SIZE, "checksum")
    with (store / "exports/large.zip").open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == answer["sha256"]
    parts, total = proxy.parts(), -(-SIZE // PART)
    assert sorted(set(parts)) == list(range(1, total + 1))
    twice = {number for number in parts if parts.count(number) > 1}
    assert not {number for number in twice if number <= acknowledged}
    assert len(twice) <= 1, "only the part that was in the air may travel twice"
