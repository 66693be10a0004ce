"""One line of the benchmark table, and how a median is taken."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`ours` and `peer` are medians over `n`; `target` is the most that `ratio` (without a peer: `ours`) may be."""

    name: str
    unit: str
    ours: float
    peer: float | None
    peer_name: str
    ratio: float | None
    target: float
    n: int

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return (self.ours if self.ratio is None else self.ratio) <= self.target


def timed(work: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


PAUSE = 0.15
"""Seconds before each call: what either side tidies up or makes ready after its answer is not the other's burden."""


def interleaved(
    ours: Callable[[], object], peer: Callable[[], object], n: int, warm_up: int = 3
) -> tuple[float, float]:
    """Medians of both in milliseconds, taken in turn so that a noisy minute hits both alike."""
    for _ in range(warm_up):
        ours()
        peer()
    pairs = [(_rested(ours), _rested(peer)) for _ in range(n)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def _rested(work: Callable[[], object]) -> float:
    time.sleep(PAUSE)
    return timed(work)
