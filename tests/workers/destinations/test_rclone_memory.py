from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from longshore.settings import ROOT
from tests.conftest import wait_until
from tests.contracts.rclone_servers import served

MB = 1_000_000
SIZE = 300 * MB
WORKER, RCLONE = 100 * MB, 170 * MB


def start(port, artifact, state):
    name = "tests.workers.destinations.rclone_uploader"
    return subprocess.Popen(
        [sys.executable, "-m", name, str(port), artifact, state], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_a_large_upload_survives_kill_9_in_little_memory_and_nothing_is_left_over(tmp_path, record_property):
    artifact, state = tmp_path / "artifact", tmp_path / "state.json"
    with artifact.open("wb") as file:
        for _ in range(SIZE // (10 * MB)):
            file.write(os.urandom(10 * MB))
    (tmp_path / "server").mkdir()
    with served("webdav", tmp_path / "server") as server:
        first = start(server.port, artifact, state)
        deadline = time.monotonic() + 60
        while not state.exists() or json.loads(state.read_text())["sent"] < SIZE // 2:
            assert first.poll() is None, first.returncode
            assert time.monotonic() < deadline
            time.sleep(0.01)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        assert first.returncode == -signal.SIGKILL
        left = json.loads(state.read_text())["family"]
        wait_until(lambda: not any(map(psutil.pid_exists, left)), seconds=5)
        assert not (server.folder / "large.zip").exists()
        second = start(server.port, artifact, state)
        output, _ = second.communicate(timeout=120)
        assert second.returncode == 0
        answer = json.loads(output)
        assert [path.name for path in server.folder.iterdir()] == ["large.zip"]
        with (server.folder / "large.zip").open("rb") as file:
            assert hashlib.file_digest(file, "sha256").hexdigest() == answer["sha256"]
    assert (answer["size"], answer["verified"]) == (SIZE, "readback")
    record_property("target", f"300 MB: worker < {WORKER // MB} MB, rclone < {RCLONE // MB} MB, 0 processes left")
    record_property("figure", f"worker {answer['peak'] // MB} MB, rclone {answer['rclone'] // MB} MB, 0 processes left")
    assert answer["peak"] < WORKER
    assert answer["rclone"] < RCLONE
