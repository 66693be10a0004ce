"""A worker process reduced to one upload: `onedrive_uploader.py <endpoint> <artifact> <state file>`.

The state file holds the checkpoint, as the database would; the last line of output is the receipt and the peak memory.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
from pathlib import Path

from tests.fakes.onedrive import CLIENT_ID, REFRESH
from tests.workers.destinations.s3_uploader import BESIDE, peak
from workers.destinations.base import Place, Upload
from workers.destinations.onedrive import OneDrive, OneDriveOptions, OneDriveSecrets


def main(endpoint: str, artifact: Path, state: Path) -> None:
    for name in BESIDE:
        importlib.import_module(name)

    def save(checkpoint: dict[str, object]) -> None:
        fresh = state.with_suffix(".new")
        fresh.write_text(json.dumps({"checkpoint": checkpoint, "peak": peak()}))
        fresh.replace(state)

    with artifact.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    destination = OneDrive(
        OneDriveOptions(endpoint_url=endpoint),
        OneDriveSecrets(refresh_token=REFRESH, client_id=CLIENT_ID),
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
    sys.stdout.write(json.dumps({"id": receipt.provider_id, "verified": receipt.verified, "peak": peak()}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
