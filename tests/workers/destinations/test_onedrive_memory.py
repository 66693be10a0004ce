from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from longshore.settings import ROOT
from tests.fakes.onedrive import FakeOneDrive

MB = 1_000_000
SIZE = 200 * MB
CHUNK = 10 * 1024 * 1024
LIMIT = 150 * MB


def start(url: str, artifact: Path, state: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.workers.destinations.onedrive_uploader", url, artifact, state],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_a_large_upload_survives_kill_9_in_little_memory_and_sends_no_chunk_again(tmp_path, record_property):
    artifact, state = tmp_path / "artifact", tmp_path / "state.json"
    artifact.write_bytes(os.urandom(SIZE))
    with FakeOneDrive().running() as drive:
        first = start(drive.url, artifact, state)
        try:
            deadline = time.monotonic() + 60
            while not state.exists() or json.loads(state.read_text())["checkpoint"].get("offset", 0) < 5 * CHUNK:
                assert first.poll() is None, first.returncode
                assert time.monotonic() < deadline
                time.sleep(0.005)
        finally:
            first.send_signal(signal.SIGKILL)
            first.communicate()
        assert first.returncode == -signal.SIGKILL
        assert json.loads(state.read_text())["peak"] < LIMIT
        second = start(drive.url, artifact, state)
        output, _ = second.communicate(timeout=90)
        assert second.returncode == 0
        answer = json.loads(output)
        assert drive.store.items[answer["id"]].content == artifact.read_bytes()
    record_property("target", "peak below 150 MB, no kept byte sent twice")
    record_property("figure", f"{answer['peak'] / MB:.0f} MB, {drive.received - SIZE} bytes twice")
    assert answer["verified"] == "checksum"
    assert answer["peak"] < LIMIT
    assert drive.received == SIZE
