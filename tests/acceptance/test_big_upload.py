from __future__ import annotations

import hashlib
import os
import time
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from longshore import connections, files
from longshore.artifacts import store
from longshore.db import clock, transaction
from longshore.exports import DeliveryRequest, ExportRequest, submit
from longshore.models import Artifact, Delivery, Receipt
from longshore.queue import UPLOAD, send_after_commit
from longshore.states import ExportState, move
from tests.conftest import wait_until
from tests.contracts.s3_servers import KEY_ID, SECRET, Proxy, rclone
from tests.processes import Processes
from tests.rows import DRAWING, delivery_rows, export_row

MB = 1_000_000
MIB = 1024 * 1024
SIZE = 2048 * MIB
PART = 8 * MIB
LIMIT = 150 * MB


def rendered_artifact(endpoint: str) -> str:
    """An export whose artifact of 2 GiB waits to be delivered to the bucket; its id."""
    stored = store().write("artifacts/big", (os.urandom(PART) for _ in range(SIZE // PART)))
    with transaction() as session:
        now = clock(session)
        file = files.create(session, owner="ann", name="Plan", kind="svg", content=[DRAWING], now=now)
        bucket = connections.create(
            session,
            owner="ann",
            name="bucket",
            destination="s3",
            options={"bucket_name": "exports", "endpoint_url": endpoint},
            secrets={"access_key_id": KEY_ID, "secret_access_key": SECRET},
            now=now,
        )
        export = submit(session, ExportRequest(file, "svg", deliveries=[DeliveryRequest(bucket)]), now=now)
        move(session, export.id, ExportState.PROCESSING, now=now, phase="delivering")
        session.add(
            Artifact(
                export_id=export.id,
                owner="ann",
                key="artifacts/big",
                filename="big.svg",
                media_type="image/svg+xml",
                size=stored.size,
                sha256=stored.sha256,
                created_at=now,
                expires_at=now + timedelta(days=1),
            )
        )
        delivery = session.query(Delivery).where(Delivery.export_id == export.id).one()
        delivery.sent_at = now
        send_after_commit(session, UPLOAD, delivery.id)
        return export.id


def peak_of_children(pid: int) -> int:
    """The most physical memory that any process of this worker ever had, in bytes."""
    parent = psutil.Process(pid)
    peaks = [0]
    for process in (parent, *parent.children(recursive=True)):
        try:
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        except OSError:
            continue
        peaks += [int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")]
    return max(peaks)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_upload_of_2_gib_by_real_workers_resumes_after_two_kills(
    processes: Processes, short_lease: float, tmp_path: Path, record_property
):
    bucket = tmp_path / "store"
    (bucket / "exports").mkdir(parents=True)
    peaks, kills = [], []
    with rclone(bucket) as backend, Proxy(backend).running() as proxy:
        worker = processes.worker("upload")
        export_id = rendered_artifact(f"http://127.0.0.1:{proxy.port}")
        for number, reached in enumerate((SIZE // PART // 4, SIZE // PART * 5 // 8), 1):
            wait_until(lambda reached=reached: len(set(proxy.parts())) >= reached, seconds=200, every=0.01)
            peaks.append(peak_of_children(worker.pid))
            processes.kill(worker)
            kills.append(len(proxy.parts()))
            worker = processes.worker("upload", number)
        resumed = time.monotonic()

        def done() -> bool:
            peaks.append(peak_of_children(worker.pid))
            return export_row(export_id).state not in {"initiated", "processing"}

        wait_until(done, seconds=300, every=0.1)
        took = time.monotonic() - resumed
        parts, carried = proxy.parts(), proxy.carried()
    row = delivery_rows(export_id)[0]
    assert (export_row(export_id).state, row.state, row.attempt) == ("completed", "completed", 3), row.error_message
    with transaction() as session:
        receipt = session.query(Receipt).one()
    assert receipt.verified == "checksum"
    with (bucket / "exports" / "big.svg").open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == receipt.sha256
    twice = sorted(number for number in set(parts) if parts.count(number) > 1)
    assert set(parts) == set(range(1, SIZE // PART + 1))
    over = (carried - SIZE) / PART
    record_property("target", f"bytes sent <= size + 2 parts; every worker process under {LIMIT // MB} MB")
    record_property(
        "figure",
        f"size + {over:.2f} parts after kills at parts {kills}; parts sent twice: {len(twice)}; "
        f"peak {max(peaks) / MB:.0f} MB; done {took:.0f} s after the second kill",
    )
    assert carried <= SIZE + 2 * PART
    assert max(peaks) < LIMIT
