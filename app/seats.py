"""How many requests one process holds open at once, so that those who wait leave threads to those who ask."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

SEATS = 16
"""Half of the threads that the Procfile gives a web process."""

_free = threading.BoundedSemaphore(SEATS)


@contextmanager
def seat() -> Iterator[bool]:
    """Whether there is room to wait; where there is none, the caller answers at once with what it has."""
    taken = _free.acquire(blocking=False)
    try:
        yield taken
    finally:
        if taken:
            _free.release()
