"""An upload whose process is really killed, by `kill -9`, and the next attempt of another process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from longshore.settings import ROOT
from tests.contracts.mortal_upload import POINTS
from workers.destinations.base import Receipt

CHUNKS = {"folder": 8 << 20}
"""Where a process of its own has another step than the sites of the tests."""


def killed_and_tried_again(provider: str, stand: Any, point: str, scratch: Path) -> float:
    """Bytes sent by both attempts, by the size: those of a request that broke off count where the server sees them.

    Afterwards the file is there once, whole, and nothing is beside it.
    """
    site, number = stand.site, POINTS.index(point)
    chunk = CHUNKS.get(provider, site.part)
    artifact, state = scratch / f"artifact-{number}", scratch / f"state-{number}.json"
    artifact.write_bytes(os.urandom(4 * chunk + 7))
    destination = site.destination()
    job = {
        "destination": provider,
        "options": _clear(destination.options),
        "secrets": _clear(destination.secrets),
        "root": destination.place.folder_root,
        "artifact": str(artifact),
        "state": str(state),
        "chunk": chunk,
        "name": f"killed-{number}.bin",
        "key": f"killed-{number}",
    }
    arrived = site.proxy.carried if provider == "s3" else site.received
    there, received, moved = set(site.visible()), arrived(), 0
    first = _attempt({**job, "point": point})
    assert first.returncode == -signal.SIGKILL, first.stderr
    moved += _moved(state)
    time.sleep(site.settles)
    second = _attempt({**job, "point": None})
    assert second.returncode == 0, second.stderr
    moved += _moved(state)
    outcome = json.loads(second.stdout)
    assert "receipt" in outcome, outcome
    receipt = Receipt(**outcome["receipt"])
    assert site.read(receipt) == artifact.read_bytes()
    assert receipt.verified in {"checksum", "readback"}
    assert not receipt.skipped
    new = set(site.visible()) - there
    assert [path.rpartition("/")[2] for path in new] == [job["name"]]
    assert site.unfinished() == []
    sent = moved if provider in {"folder", "rclone"} else arrived() - received
    return float(sent / artifact.stat().st_size)


def _attempt(job: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.contracts.mortal_upload"]
    return subprocess.run(
        command, input=json.dumps(job), cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


def _moved(state: Path) -> int:
    return int(json.loads(state.read_text())["moved"]) if state.exists() else 0


def _clear(model: BaseModel) -> dict[str, Any]:
    values = model.model_dump(exclude_unset=True)
    return {name: one.get_secret_value() if isinstance(one, SecretStr) else one for name, one in values.items()}
