"""What a running upload tells: how far it is, how fast, and how long it will take. At most once a second."""

from __future__ import annotations

import math
from typing import Any

from longshore.progress import eta

EVERY = 1.0
"""Seconds between two reports of one delivery."""
SMOOTHING = 5.0
"""Seconds after which an old rate counts for a third: parts arrive in leaps, and an ETA should not."""


class Meter:
    """Bytes and steady seconds in, reports out. `known` bytes were there already, from an earlier attempt."""

    def __init__(self, size: int, known: int, now: float) -> None:
        self.size = size
        self.rate: float | None = None
        self._bytes, self._then = known, now

    def due(self, now: float) -> bool:
        """Whether a report may be made."""
        return now - self._then >= EVERY

    def report(self, total: int, now: float) -> dict[str, Any]:
        """`bytes_sent`, `size`, `percent`, `rate` in bytes a second, `eta_seconds`: None where it is not known."""
        passed = max(now - self._then, 1e-3)
        fresh = max(0, total - self._bytes) / passed
        weight = 1 - math.exp(-passed / SMOOTHING)
        self.rate = fresh if self.rate is None else self.rate + weight * (fresh - self.rate)
        self._bytes, self._then = total, now
        return {
            "bytes_sent": total,
            "size": self.size,
            "percent": round(100 * total / self.size, 1) if self.size else 100.0,
            "rate": round(self.rate),
            "eta_seconds": eta(total, self.size, self.rate),
        }
