"""From the HTTP request to the delivered file, with real processes: what is added to the rendering itself."""

from __future__ import annotations

import statistics
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from app.client import Client
from app.demo import running_server
from benchmarks.figures import Figure
from longshore.settings import ROOT

SAMPLES = ROOT / "tests" / "samples"
CASES = (("plotly", "png"), ("svg", "png"), ("canvas", "svg"))
WARM_UP = 5


def measure(n: int) -> list[Figure]:
    """For each case the median of (delivered - request sent - rendering), in milliseconds."""
    with tempfile.TemporaryDirectory() as home, running_server(Path(home), Console(stderr=True)) as client:
        available = {(c["kind"], c["format"]) for c in client.call("GET", "/api/formats")["formats"] if c["available"]}
        return [_case(client, *case, n) for case in CASES if case in available]


def _case(client: Client, kind: str, form: str, n: int) -> Figure:
    path = next((SAMPLES / kind).glob("showcase.*"))
    with path.open("rb") as file:
        fields = {"kind": kind, "name": kind}
        document = client.call("POST", "/api/files", data=fields, files={"file": (path.name, file)})
    samples = [_one(client, document["id"], form) for _ in range(WARM_UP + n)][WARM_UP:]
    added, rendering = (statistics.median(column) for column in zip(*samples, strict=True))
    name = f"{kind} to {form}: submit to delivered file, without the rendering ({rendering:.0f} ms)"
    return Figure(name, "ms", added, None, "", None, 60, n)


def _one(client: Client, file_id: str, form: str) -> tuple[float, float]:
    body = {"file_id": file_id, "format": form, "deliveries": [{"destination": "folder"}]}
    sent = datetime.now(UTC)
    export: dict[str, Any] = client.call("POST", "/api/export", json=body)
    ended = client.watch(export["id"], lambda _export: None, 60)
    delivered = datetime.fromisoformat(ended["deliveries"][0]["finished_at"])
    rendering = float(ended["report"]["render_ms"])
    return 1000 * (delivered - sent).total_seconds() - rendering, rendering
