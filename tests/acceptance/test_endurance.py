"""Hundreds of renders in one process, and a worker that is killed in the middle of browser work: nothing is left."""

from __future__ import annotations

import gc
import os
import statistics
import time
from pathlib import Path

import psutil
import pytest

from longshore.settings import settings
from tests.conftest import wait_until
from tests.processes import Processes
from tests.rows import export_row, submitted
from workers import needs
from workers.browser import _pages, _processes, browser
from workers.convert import convert

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
ROUNDS = (
    ("mermaid", "svg"), ("plotly", "png"), ("markdown", "pdf"), ("svg", "png"), ("canvas", "png"),
    ("graphviz", "svg"), ("html", "png"), ("image", "webp"), ("plotly", "svg"), ("tldraw", "pdf"),
    ("excalidraw", "svg"), ("vega", "png"),
)  # fmt: skip
RENDERS, WARM = 520, 100
"""Garbage of the browser's driver comes and goes by 50 MB: over 200 renders that alone looks like a growth of 0.2."""
MB = 1_000_000
GROWTH = 0.1
"""MB a render that may be left after warm-up; a browser is replaced when it holds 1,500 MB."""
WARM_CALLS = 6
"""Calls of warm pages in a round: the garbage of the browser is collected before it is weighed, as Python's is."""
EDGES = ";".join(f"a{one}--a{other}" for one in range(120) for other in range(one))
SLOW_GRAPH = f"graph {{layout=neato;mode=KK;maxiter=999999999;epsilon=0;{EDGES}}}"
"""Browser work without an end, for a kill to interrupt."""


def tree() -> list[psutil.Process]:
    me = psutil.Process()
    return [me, *me.children(recursive=True)]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_hundreds_of_renders_leave_memory_descriptors_and_folders_as_they_were(tmp_path, monkeypatch, record_property):
    monkeypatch.setattr(_pages, "TIDY_EVERY", WARM_CALLS)
    for need in (needs.check(name, settings()) for name in ("browser", *needs.BUNDLES)):
        if not need.available:
            pytest.skip(f"{need.name} is missing on this machine; get it with: {need.remedy}")
    memory, descriptors, folders = [], [], []
    for number in range(RENDERS):
        kind, form = ROUNDS[number % len(ROUNDS)]
        out = tmp_path / str(number)
        out.mkdir()
        convert(next((SAMPLES / kind).glob("showcase.*")), kind, form, title="T", given={}, folder=out, seconds=60)
        if number % len(ROUNDS) == 0 and number >= WARM:
            gc.collect()
            memory.append((number, sum(_processes.private_bytes(tree())) / MB))
            descriptors.append((number, psutil.Process().num_fds()))
            folders.append(sum(owner(folder) == os.getpid() for folder in _processes.root().iterdir()))
    growth, more = (statistics.linear_regression(*zip(*taken, strict=True)).slope for taken in (memory, descriptors))
    browser().close()
    record_property("target", f"<= {GROWTH} MB, 0 descriptors and 0 folders more a render")
    record_property(
        "figure", f"{growth:+.3f} MB a render ({memory[0][1]:.0f} to {memory[-1][1]:.0f} MB), {more:+.3f} descriptors"
    )
    assert growth <= GROWTH
    assert abs(more) < 0.05
    assert max(folders) == 1, "one browser, one folder"
    assert len(tree()) == 1


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_killed_worker_leaves_no_browser_and_no_folder(
    processes: Processes, short_lease: float, home: Path, record_property: pytest.RecordProperty
):
    if not needs.check("viz", settings()).available or not needs.check("browser", settings()).available:
        pytest.skip("no browser")
    worker = processes.worker("render")
    export_id = submitted(SLOW_GRAPH.encode(), "graphviz", "svg")
    wait_until(lambda: export_row(export_id).state == "processing", seconds=60)
    wait_until(lambda: len(family(worker.pid)) > 8, seconds=60)  # worker, child, driver, Chromium and its own
    time.sleep(2)
    victims = family(worker.pid)
    folders = [path for path in _processes.root().iterdir() if owner(path) in {one.pid for one in victims}]
    assert folders
    assert list((home / "scratch").iterdir())
    processes.kill(worker)
    began = time.monotonic()
    wait_until(lambda: not any(map(alive, victims)), seconds=3)
    ended = time.monotonic() - began

    processes.worker("render", 1)
    other = submitted(b"graph { a -- b }", "graphviz", "svg")
    wait_until(lambda: export_row(other).state == "completed", seconds=120)
    assert [path for path in folders if path.exists()] == []
    assert [path.name for path in (home / "scratch").iterdir() if path.name.startswith(f"{export_id}-1-")] == []
    record_property("target", "0 processes after 3 s, 0 folders after the next start")
    record_property("figure", f"0 of {len(victims)} processes after {ended:.2f} s, 0 folders")


def family(pid: int) -> list[psutil.Process]:
    try:
        one = psutil.Process(pid)
        return [one, *one.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def owner(folder: Path) -> int:
    head = folder.name.partition("-")[0]
    return int(head) if head.isdecimal() else 0
