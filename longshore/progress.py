"""How long what is left will take."""

from __future__ import annotations

MOST = 365 * 24 * 3600
"""Seconds; beyond them nobody knows anything."""


def eta(sent: int, size: int | None, rate: float | None) -> int | None:
    """Whole seconds until all is sent at this rate in bytes a second; None where that is not known."""
    if size is None or not rate or rate <= 0:
        return None
    seconds = max(0, size - sent) / rate
    return round(seconds) if seconds < MOST else None
