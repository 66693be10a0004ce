from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from longshore import db, models, queue


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids that workers were told of."""
    ids: list[str] = []
    monkeypatch.setattr(queue, "send", lambda _queue, row_id, _seconds=None: ids.append(row_id) or True)
    return ids


@pytest.fixture
def schedule(database: str) -> Callable[..., str]:
    """Adds a schedule, with a document and a connection of its own, and returns its id. Due when `next_run_at` says."""

    def add(next_run_at: datetime | None, **columns: Any) -> str:
        now = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
        with db.transaction() as session:
            file = models.File(
                owner="ann", name="Plan", kind="mermaid", version=1, listed=True, created_at=now, updated_at=now
            )
            connection = models.Connection(
                owner="ann",
                name="Folder",
                destination="folder",
                options={},
                secret=b"",
                one_off=False,
                created_at=now,
                updated_at=now,
            )
            session.add_all([file, connection])
            session.flush()
            values = {
                "owner": "ann",
                "file_id": file.id,
                "user_id": "ann",
                "schedule_type": "daily",
                "schedule_time": time(9),
                "timezone": "UTC",
                "export_format": "svg",
                "export_settings": {"scale": 2},
                "destination_type": "folder",
                "destination_config": {},
                "connection_id": connection.id,
                "folder": "plans",
                "is_active": True,
                "next_run_at": next_run_at,
                "fire_at": next_run_at,
                "late_at": next_run_at and next_run_at + timedelta(seconds=300),
                "created_at": now,
                "updated_at": now,
                "created_by": "ann",
            }
            row = models.ScheduledExport(**(values | columns))
            session.add(row)
            session.flush()
            return row.id

    return add
