from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from sqlalchemy import func, select

from longshore import connections, files
from longshore.db import clock, reading, transaction
from longshore.exports import DeliveryRequest, ExportRequest, submit
from longshore.models import Artifact, Attempt, Delivery, Export, Receipt
from tests.conftest import wait_until
from tests.processes import Processes


def submit_drawings(count: int) -> None:
    """Different drawings into PNG and SVG, each delivered under a name of its own."""
    for number in range(count):
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="240" height="80"><rect width="240" height="80" '
            f'fill="hsl({number},60%,80%)"/><text x="20" y="50" font-size="24">Berth {number}</text></svg>'
        )
        with transaction() as session:
            now = clock(session)
            file = files.create(
                session, owner="ann", name=f"berth-{number}", kind="svg", content=[svg.encode()], now=now, listed=False
            )
            folder = connections.default_folder(session, "ann", now=now)
            form = "png" if number % 2 else "svg"
            submit(session, ExportRequest(file, form, deliveries=[DeliveryRequest(folder)]), now=now)


def states() -> dict[str, int]:
    with reading() as session:
        return {row[0]: row[1] for row in session.execute(select(Export.state, func.count()).group_by(Export.state))}


@pytest.mark.parametrize("count", [100, pytest.param(200, marks=pytest.mark.slow)])
def test_exports_survive_killed_workers_and_a_flushed_redis(
    processes: Processes, short_lease: float, broker: str, home: Path, count: int
):
    render, upload = processes.worker("render"), processes.worker("upload")
    processes.beat()
    submit_drawings(count)
    wait_until(lambda: states().get("completed", 0) >= 20, seconds=60)

    client = redis.Redis.from_url(broker)
    client.flushall()
    client.close()
    processes.kill(render)
    render_died = datetime.now(UTC)
    processes.worker("render", 1)
    wait_until(lambda: states().get("completed", 0) >= 60, seconds=60)
    processes.kill(upload)
    upload_died = datetime.now(UTC)
    time.sleep(1)
    processes.worker("upload", 1)

    wait_until(lambda: states() == {"completed": count}, seconds=90, every=0.2)

    delivered = {path.name: path for path in (home / "deliveries").rglob("*") if path.is_file()}
    with reading() as session:
        rows = session.execute(
            select(Export.name, Receipt.path, Artifact.sha256)
            .join(Artifact, Artifact.export_id == Export.id)
            .join(Delivery, Delivery.export_id == Export.id)
            .join(Receipt, Receipt.delivery_id == Delivery.id)
        ).all()
        lost = session.execute(select(Attempt.delivery_id, Attempt.finished_at).where(Attempt.outcome == "lost")).all()
    assert len(delivered) == count, "one file for each delivery: no double, no leftover"
    assert len(rows) == count
    for name, path, sha256 in rows:
        assert Path(path).name.rpartition(".")[0] == name
        assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == sha256
    for delivery_id, found_at in lost:
        died = upload_died if delivery_id else render_died
        assert found_at - died < timedelta(seconds=3 * short_lease)
