"""Beat with 100 schedules due among a thousand and a million, chores and all, and the same with other schedulers."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass

from benchmarks.figures import Figure
from longshore.settings import ROOT

TIMES = 5
"""Ticks of ours after one to warm up; each has its 100 due."""

LEAST, MOST = 1_000, 1_000_000
PEERS = (
    # who, among how many, how often, and the most that ours may take of theirs
    ("sqlalchemy-celery-beat", 10_000, 3, 1.0),
    ("sqlalchemy-celery-beat", 100_000, 1, 0.2),
    # it calls a task and no more, where ours commits a run, an export and a delivery for each
    ("redbeat", 10_000, 3, 25.0),
    ("redbeat", 100_000, 1, 25.0),
)


@dataclass(frozen=True, slots=True)
class Tick:
    """Median milliseconds, and the memory of the process in MiB."""

    ms: float
    mib: float


def measure(_n: int) -> list[Figure]:
    """Time and memory at a thousand and a million; a line for each peer that is installed."""
    mine = {many: _run("ours", many, TIMES) for many in (LEAST, 10_000, 100_000, MOST)}
    few, lots = mine[LEAST], mine[MOST]
    if few is None or lots is None:
        raise RuntimeError("our own beat could not be measured; see above")
    figures = [
        Figure(
            f"100 due among {MOST:,} schedules", "ms", lots.ms, few.ms, f"among {LEAST:,}", lots.ms / few.ms, 1.5, TIMES
        ),
        Figure(
            f"memory with {MOST:,} schedules", "MiB", lots.mib, few.mib, f"with {LEAST:,}", lots.mib / few.mib, 1.5, 1
        ),
    ]
    for who, many, times, target in PEERS:
        found = [one for one in (_run(who, many, 1) for _ in range(times)) if one]
        ours = mine[many]
        if found and ours:
            theirs = statistics.median(one.ms for one in found)
            figures.append(
                Figure(f"100 due among {many:,} schedules", "ms", ours.ms, theirs, who, ours.ms / theirs, target, times)
            )
    return figures


def _run(who: str, many: int, times: int) -> Tick | None:
    """A process of its own, so that each has its memory for itself; None where the peer is not installed."""
    command = [sys.executable, "-m", "benchmarks.beats", who, str(many), str(times)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{who} among {many:,}: left out. {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    last = json.loads(done.stdout.strip().splitlines()[-1])
    return Tick(statistics.median(last["ms"]), last["mib"])
