"""`longshore demo`: the whole way with real parts, from samples to verified files, then everything stopped again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.client import Client, ClientError
from app.embedded import free_port
from longshore.settings import ROOT, Settings, environment

SAMPLES = ROOT / "tests" / "samples"
SHOWCASE = "showcase"

WANTED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("canvas", ("svg", "png", "pdf")),
    ("tldraw", ("svg", "png")),
    ("excalidraw", ("svg", "png")),
    ("mermaid", ("svg", "pdf")),
    ("graphviz", ("svg", "png")),
    ("plotly", ("png", "pdf", "html", "csv", "xlsx")),
    ("vega", ("svg", "png")),
    ("markdown", ("pdf", "html")),
    ("html", ("pdf",)),
    ("svg", ("png",)),
    ("image", ("webp",)),
    ("file", ("zip",)),
)
"""What is exported: every kind at least once."""

UNAVAILABLE = "unavailable"
"""Status of what this machine cannot make; the command that gets what is missing follows."""

START = 90.0
"""Seconds until every part must work; a cold machine needs about ten."""
LOG_WIDTH = 110
"""Columns where nobody looks on: a log has no edge to wrap at."""
LIMIT = 180.0
"""Seconds until every export must have ended."""
AHEAD = timedelta(seconds=5)
"""How far ahead the schedule is due: far enough to be written before, near enough to be waited for."""


@dataclass(slots=True)
class Row:
    """One line of the summary. `path` is where the file is, `ms` from submit to delivered."""

    kind: str
    format: str
    destination: str
    path: str
    size: int
    sha256: str
    verified: bool
    ms: int
    status: str


def run(settings: Settings) -> int:
    """Run the demo; 0 where every file that this machine can make has arrived unharmed."""
    plain = Console()
    console = plain if plain.is_terminal else Console(width=LOG_WIDTH)
    began = time.monotonic()
    home = settings.home.resolve() / "demo"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    with running_server(home, console) as client:
        rows = _exports(client, console)
        rows.append(_schedule(client, console))
    seconds = round(time.monotonic() - began, 1)
    summary = {"rows": [asdict(row) for row in rows], "seconds": seconds}
    (home / "summary.json").write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    console.print(_table(rows, home / "deliveries"))
    failed = [row for row in rows if row.status != "completed" and not row.status.startswith(UNAVAILABLE)]
    missing = [row for row in rows if row.status.startswith(UNAVAILABLE)]
    console.print(f"\n{sum(row.verified for row in rows)} files delivered and verified in {seconds:g} s.", style="bold")
    for row in missing:
        console.print(
            f"not made here: {row.kind} to {row.format}{row.status.removeprefix(UNAVAILABLE)}", style="yellow"
        )
    for row in failed:
        console.print(f"FAILED {row.kind} to {row.format}: {row.status}", style="bold red")
    console.print(f"Summary: {home / 'summary.json'}", soft_wrap=True)
    return 1 if failed else 0


@contextmanager
def running_server(home: Path, console: Console, more: dict[str, str] | None = None) -> Iterator[Client]:
    """`longshore up` in a home of its own, on free ports, stopped at the end with all that it started.

    `more`: further variables of its environment.
    """
    port = free_port()
    env = {name: value for name, value in environment().items() if not name.startswith("LONGSHORE_")}
    env |= {
        "LONGSHORE_HOME": str(home),
        "PORT": str(port),
        "LONGSHORE_FLOWER_PORT": "0",
        "LONGSHORE_LOG_FORMAT": "text",
        **(more or {}),
    }
    for name in ("LONGSHORE_ASSETS", "LONGSHORE_BROWSER"):
        if name in environment():
            env[name] = environment()[name]
    log = home / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "up"],
            env=env,
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        with console.status("Starting Redis, API, workers, beat and Flower …"):
            client = _wait_ready(home, port, process, log)
        console.print(f"Longshore is up at {client.url} (log: {log})")
        with client:
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_ready(home: Path, port: int, process: subprocess.Popen[bytes], log: Path) -> Client:
    deadline = time.monotonic() + START
    report = "not started"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ClientError(f"The server ended at once; see {log}")
        if (home / "api-key").is_file():
            client = Client(f"http://127.0.0.1:{port}", (home / "api-key").read_text(encoding="ascii").strip())
            ready, report = client.ready()
            if ready:
                return client
        time.sleep(0.2)
    raise ClientError(f"The server was not ready after {START:g} s: {report}. See {log}")


def _exports(client: Client, console: Console) -> list[Row]:
    """Submit every wanted pair, watch them with bars, verify what arrived."""
    cells = {(cell["kind"], cell["format"]): cell for cell in client.call("GET", "/api/formats")["formats"]}
    rows: list[Row] = []
    running: dict[str, tuple[Row, TaskID]] = {}
    columns = (
        TextColumn("{task.description:<20}"),
        BarColumn(),
        TextColumn("{task.fields[phase]:<12}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bars:
        for kind, forms in WANTED:
            file = _upload(client, kind)
            for form in forms:
                row = Row(kind, form, "folder", "", 0, "", verified=False, ms=0, status="submitted")
                rows.append(row)
                cell = cells[kind, form]
                if not cell["available"]:
                    row.status = f"{UNAVAILABLE}: get what it needs with {cell['remedy']}"
                    continue
                body = {
                    "file_id": file["id"],
                    "format": form,
                    "deliveries": [{"destination": "folder", "folder": kind, "conflict": "overwrite"}],
                }
                export = client.call("POST", "/api/export", json=body)
                running[export["id"]] = (row, bars.add_task(f"{kind} → {form}", total=100, phase="waiting"))
        deadline = time.monotonic() + LIMIT
        while running and time.monotonic() < deadline:
            for export_id, (row, bar) in list(running.items()):
                export = client.call("GET", f"/api/export/{export_id}")
                bars.update(bar, completed=export["progress"], phase=export["phase"])
                if export["state"] in {"completed", "partial", "failed", "cancelled"}:
                    _finish(row, export)
                    del running[export_id]
            time.sleep(0.1)
    for row, _bar in running.values():
        row.status = f"not done after {LIMIT:g} s"
    return rows


def _upload(client: Client, kind: str) -> dict[str, Any]:
    path = next((SAMPLES / kind).glob(f"{SHOWCASE}.*"))
    fields = {"kind": kind, "name": kind.capitalize()}
    with path.open("rb") as file:
        answer: dict[str, Any] = client.call("POST", "/api/files", data=fields, files={"file": (path.name, file)})
    return answer


def _finish(row: Row, export: dict[str, Any]) -> None:
    """Fill a row from a finished export: the file is opened where it was delivered and hashed again."""
    row.status = export["state"]
    if export["state"] != "completed":
        row.status = f"{export['state']}: {export['error']['message'] if export.get('error') else 'no reason given'}"
        return
    delivery = export["deliveries"][0]
    row.path = delivery["receipt"]["path"]
    content = Path(row.path).read_bytes()
    row.size, row.sha256 = len(content), hashlib.sha256(content).hexdigest()
    row.verified = row.sha256 == export["artifact"]["sha256"]
    row.ms = round(_seconds(export["created_at"], delivery["finished_at"]) * 1000)
    if not row.verified:
        row.status = f"{row.path} is not what was rendered"


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def _schedule(client: Client, console: Console) -> Row:
    """A daily schedule that is due in a few seconds, fired by the real beat."""
    row = Row("canvas", "svg", "folder", "", 0, "", verified=False, ms=0, status="not fired")
    file = _upload(client, "canvas")
    due = datetime.now(UTC).replace(microsecond=0) + AHEAD
    body = {
        "file_id": file["id"],
        "user_id": "demo",
        "schedule_type": "daily",
        "schedule_time": due.strftime("%H:%M:%S"),
        "timezone": "UTC",
        "export_format": "svg",
        "destination_type": "local",
        "destination_config": {"folder": "scheduled"},
    }
    schedule = client.call("POST", "/api/scheduled-exports", json=body)
    with console.status(f"Waiting for the schedule that is due at {body['schedule_time']} UTC …"):
        deadline = time.monotonic() + AHEAD.total_seconds() + 30
        while time.monotonic() < deadline:
            runs = client.call("GET", f"/api/scheduled-exports/{schedule['id']}/runs")["runs"]
            if runs and runs[0]["export_id"]:
                _finish(row, client.watch(runs[0]["export_id"], lambda _export: None, LIMIT))
                break
            time.sleep(0.2)
    client.call("DELETE", f"/api/scheduled-exports/{schedule['id']}")
    row.kind = "canvas (scheduled)"
    return row


def _table(rows: list[Row], root: Path) -> Table:
    table = Table(title=f"What arrived in {root}", title_justify="left", show_edge=False)
    for name, justify in (
        ("Document", "left"),
        ("Format", "left"),
        ("Where", "left"),
        ("Size", "right"),
        ("ms", "right"),
    ):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    table.add_column("SHA-256")
    for row in rows:
        proof = f"{row.sha256[:12]} ✔" if row.verified else row.status.partition(":")[0]
        where = str(Path(row.path).relative_to(root)) if row.path else ""
        table.add_row(row.kind, row.format, where, f"{row.size:,}", str(row.ms), proof)
    return table
