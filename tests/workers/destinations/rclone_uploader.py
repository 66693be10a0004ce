"""A worker process reduced to one upload through rclone: `rclone_uploader.py <port> <artifact> <state file>`.

The state file holds the checkpoint, as the database would, and the ids of rclone's processes; the last line of output
is the receipt and the peak memory of the worker and of rclone.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

import psutil

from tests.contracts.rclone_servers import PASSWORD, USER
from tests.workers.destinations.s3_uploader import peak
from workers.destinations import _rclone_daemon
from workers.destinations.base import Place, Upload
from workers.destinations.rclone import Rclone, RcloneOptions, RcloneSecrets


def check(url: str) -> None:
    """Loopback is allowed here."""


def family() -> list[int]:
    """rclone's processes."""
    shell = _rclone_daemon.daemon(check)._process.pid
    return [shell, *(one.pid for one in psutil.Process(shell).children(recursive=True))]


def peak_of(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def main(port: str, artifact: Path, state: Path) -> None:
    def write(checkpoint: dict[str, object] | None, sent: int) -> None:
        fresh = state.with_suffix(".new")
        fresh.write_text(json.dumps({"checkpoint": checkpoint, "sent": sent, "family": family()}))
        fresh.replace(state)

    known: dict[str, object] | None = json.loads(state.read_text())["checkpoint"] if state.exists() else None

    def save(checkpoint: dict[str, object]) -> None:
        nonlocal known
        known = checkpoint
        write(known, 0)

    with artifact.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    options = RcloneOptions(backend="webdav", url=f"http://127.0.0.1:{port}", user=USER, vendor="other")
    receipt = Rclone(options, RcloneSecrets(password=PASSWORD), Place("", check)).upload(
        Upload(
            key="large",
            open=lambda: artifact.open("rb"),
            size=artifact.stat().st_size,
            sha256=sha256,
            media_type="application/zip",
            folder="",
            name="large.zip",
            conflict="fail",
            save=save,
            sent=lambda total: write(known, total),
            checkpoint=known,
        )
    )
    rclone = max(map(peak_of, family()))
    answer = {"path": receipt.path, "verified": receipt.verified, "size": receipt.size, "sha256": sha256}
    sys.stdout.write(json.dumps({**answer, "peak": peak(), "rclone": rclone, "pid": os.getpid()}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
