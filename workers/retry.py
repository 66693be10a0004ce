"""When to try again. Pure: time and chance are arguments."""

from __future__ import annotations

from collections.abc import Callable

from longshore.errors import LongshoreError, Transient

FIRST = 2.0
LONGEST = 60.0


def delay(attempt: int, chance: Callable[[], float]) -> float:
    """Seconds before the next attempt: 2, 4, 8, 16, 32, then 60, each times 0.75 to 1.25 by `chance()` in [0, 1)."""
    return float(min(LONGEST, FIRST * 2 ** (attempt - 1)) * (0.75 + 0.5 * chance()))


def again(error: LongshoreError, attempt: int, max_attempts: int, chance: Callable[[], float]) -> float | None:
    """Seconds until the next attempt after attempt number `attempt` failed, or None to give up.

    Only what is Transient passes by itself. A time that the other side named is kept, and never shortened (how long it
    may be at most, `Transient` decides).
    """
    if not isinstance(error, Transient) or attempt >= max_attempts:
        return None
    wait = delay(attempt, chance)
    if error.retry_after is not None:
        return max(wait, error.retry_after)
    return wait
