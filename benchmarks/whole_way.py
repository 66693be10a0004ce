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
        cases = [case for case in CASES if case in available]
        return [*(_case(client, *case, n) for case in cases), *(_again(client, *case, n) for case in cases[:1])]


def _case(client: Client, kind: str, form: str, n: int) -> Figure:
    content = next((SAMPLES / kind).glob("showcase.*")).read_bytes()
    samples = []
    for number in range(WARM_UP + n):
        # a blank line more each time: the same document again would be copied, not rendered
        fields = {"kind": kind, "name": kind}
        files = {"file": (kind, content + b"\n" * number)}
        document = client.call("POST", "/api/files", data=fields, files=files)
        samples.append(_one(client, document["id"], form))
    added, rendering = (statistics.median(column) for column in zip(*samples[WARM_UP:], strict=True))
    name = f"{kind} to {form}: submit to delivered file, without the rendering ({rendering:.0f} ms)"
    return Figure(name, "ms", added, None, "", None, 60, n)


def _again(client: Client, kind: str, form: str, n: int) -> Figure:
    """The same work again: submit to delivered file, the copy of the artifact included."""
    path = next((SAMPLES / kind).glob("showcase.*"))
    with path.open("rb") as file:
        document = client.call("POST", "/api/files", data={"kind": kind}, files={"file": (path.name, file)})
    samples = [sum(_one(client, document["id"], form)) for _ in range(WARM_UP + n)][WARM_UP:]
    name = f"{kind} to {form} again: submit to delivered file, copied"
    return Figure(name, "ms", statistics.median(samples), None, "", None, 60, n)


def _one(client: Client, file_id: str, form: str) -> tuple[float, float]:
    body = {"file_id": file_id, "format": form, "deliveries": [{"destination": "folder"}]}
    sent = datetime.now(UTC)
    export: dict[str, Any] = client.call("POST", "/api/export", json=body)
    ended = client.watch(export["id"], lambda _export: None, 60)
    delivered = datetime.fromisoformat(ended["deliveries"][0]["finished_at"])
    rendering = float(ended["report"]["render_ms"])
    return 1000 * (delivered - sent).total_seconds() - rendering, rendering
