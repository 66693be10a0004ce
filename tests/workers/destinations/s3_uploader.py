"""A worker process reduced to one upload: `s3_uploader.py <endpoint> <artifact> <state file>`.

The state file holds the checkpoint, as the database would; the last line of output is the receipt and the peak memory.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sys
from pathlib import Path

from tests.contracts.s3_servers import KEY_ID, SECRET
from workers.destinations._s3_options import S3Options, S3Secrets
from workers.destinations.base import Place, Upload
from workers.destinations.s3 import S3

BESIDE = ("celery", "sqlalchemy.orm", "structlog")
"""What a worker has loaded before it uploads anything."""


def peak() -> int:
    """The most physical memory that this process ever had, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def main(endpoint: str, artifact: Path, state: Path) -> None:
    for name in BESIDE:
        importlib.import_module(name)

    def save(checkpoint: dict[str, object]) -> None:
        fresh = state.with_suffix(".new")
        fresh.write_text(json.dumps({"checkpoint": checkpoint, "peak": peak()}))
        fresh.replace(state)

    with artifact.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    destination = S3(
        S3Options(bucket_name="exports", endpoint_url=endpoint),
        S3Secrets(access_key_id=KEY_ID, secret_access_key=SECRET),
        Place("", lambda url: None),
    )
    receipt = destination.upload(
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
            sent=lambda total: None,
            checkpoint=json.loads(state.read_text())["checkpoint"] if state.exists() else None,
        )
    )
    answer = {"path": receipt.path, "verified": receipt.verified, "size": receipt.size, "sha256": sha256}
    sys.stdout.write(json.dumps({**answer, "peak": peak(), "pid": os.getpid()}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
