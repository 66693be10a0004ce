"""Give a running server deliveries to do, and time them, in a process of its own in the server's home.

`python -m benchmarks.fill ENDPOINT COUNT SIZE` prints the seconds from the commit to the last receipt.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import timedelta

from sqlalchemy import func, select

from longshore import connections, files
from longshore.artifacts import store
from longshore.db import clock, reading, transaction
from longshore.exports import DeliveryRequest, ExportRequest, submit
from longshore.models import Artifact, Connection, Delivery, Receipt
from longshore.states import ExportState, move
from workers import admission

MIB = 1024 * 1024
LIMIT = 600.0
KEY_ID, SECRET = "AKIDBENCHMARK", "secret-of-the-benchmark"
OWNER = "bench"


def main(endpoint: str, count: int, size: int) -> float:
    """Seconds from the commit of so many deliveries of so many bytes to the last receipt."""
    before = _receipts()
    ids = _deliveries(endpoint, count, size)
    began = time.perf_counter()
    with transaction() as session:
        admission.ring(session, Delivery.id.in_(ids), now=clock(session))
    while (arrived := _receipts() - before) < count:
        if time.perf_counter() - began > LIMIT:
            raise SystemExit(f"only {arrived} of {count} arrived")
        time.sleep(0.05)
    return time.perf_counter() - began


def _deliveries(endpoint: str, count: int, size: int) -> list[str]:
    """Exports whose artifacts wait, each for a delivery of its own; the deliveries' ids."""
    ids = []
    stamp = time.monotonic_ns()
    with transaction() as session:
        now = clock(session)
        ours = select(Connection).where(Connection.owner == OWNER, Connection.name == endpoint)
        bucket = session.scalar(ours) or connections.create(
            session,
            owner=OWNER,
            name=endpoint,
            destination="s3",
            options={"bucket_name": "exports", "endpoint_url": endpoint},
            secrets={"access_key_id": KEY_ID, "secret_access_key": SECRET},
            now=now,
        )
        file = files.create(session, owner=OWNER, name="a", kind="file", content=[b"a"], now=now, listed=False)
        for number in range(count):
            key = f"artifacts/{stamp}-{number}"
            pieces = (os.urandom(min(MIB, size - start)) for start in range(0, size, MIB))
            stored = store().write(key, pieces)
            request = DeliveryRequest(bucket, folder=str(stamp), name=f"file-{number}")
            now += timedelta(microseconds=1)  # as of exports that are sent one after the other
            export = submit(session, ExportRequest(file, "original", deliveries=[request]), now=now)
            session.info["messages"].clear()  # nothing is to be rendered
            move(session, export.id, ExportState.PROCESSING, now=now, phase="delivering", lease_until=None)
            session.add(
                Artifact(
                    export_id=export.id,
                    owner=OWNER,
                    key=key,
                    filename="file.bin",
                    media_type="application/octet-stream",
                    size=stored.size,
                    sha256=stored.sha256,
                    created_at=now,
                    expires_at=now + timedelta(days=1),
                )
            )
            delivery = session.scalars(select(Delivery).where(Delivery.export_id == export.id)).one()
            ids.append(delivery.id)
        return ids


def _receipts() -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(Receipt)) or 0


if __name__ == "__main__":
    sys.stdout.write(f"{main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])):.4f}")
