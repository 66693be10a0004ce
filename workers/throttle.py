"""Hold uploads to a rate: the worker's over all its processes, and the connection's over all machines.

Both limits pace the same reader. What its destination says that the provider has is read without waiting, and what must
be sent a second time is paced a second time.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol, Self

PIECE = 64 * 1024
"""Bytes read at once under a limit: what may be sent too early."""
LONGEST_SLEEP = 0.25
"""Seconds after which a waiting upload looks whether it was stopped, and whether its rate changed."""
FURTHEST = 600.0
"""Seconds of waiting that no queue of readers makes: each reserves one piece at a time."""
SLOT = struct.Struct("d")


class Pace(Protocol):
    """A limit."""

    def reserve(self, size: int, now: float) -> float:
        """Take room for so many bytes; the seconds to wait before they are sent. `now` is a steady clock's."""


class Alone:
    """A limit of this upload's own. `rate` is asked each time: bytes a second, None for none."""

    def __init__(self, rate: Callable[[], float | None]) -> None:
        self._rate = rate
        self._free_at = 0.0

    def reserve(self, size: int, now: float) -> float:
        """See Pace."""
        wait, self._free_at = _reserved(self._free_at, size, self._rate(), now)
        return wait


class Shared:
    """A limit that all processes share which name the same file: it holds the instant from which there is room.

    The lock ends with its process, so one that is killed holds up nobody. The clock counts from the machine's start: an
    instant too far ahead is from before that, and is brought near.
    """

    def __init__(self, path: Path, rate: Callable[[], float | None]) -> None:
        self._rate = rate
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._handle)

    def reserve(self, size: int, now: float) -> float:
        """See Pace."""
        rate = self._rate()
        if rate is None:
            return 0.0
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        try:
            held = os.pread(self._handle, SLOT.size, 0)
            free_at = SLOT.unpack(held)[0] if len(held) == SLOT.size else 0.0
            wait, free_at = _reserved(min(free_at, now + FURTHEST), size, rate, now)
            os.pwrite(self._handle, SLOT.pack(free_at), 0)
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_UN)
        return wait


def _reserved(free_at: float, size: int, rate: float | None, now: float) -> tuple[float, float]:
    """The wait, and the instant from which there is room again."""
    if rate is None:
        return 0.0, now
    begin = max(now, free_at)
    return begin - now, begin + size / rate


class Throttled:
    """A reader that waits its turn, but for its first `held` bytes, which are not sent."""

    def __init__(
        self,
        reader: BinaryIO,
        paces: Sequence[Pace],
        held: int,
        check: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._reader, self._paces, self._held, self._check = reader, paces, held, check
        self._clock, self._sleep = clock, sleep

    def read(self, size: int = -1) -> bytes:
        """At most a piece, when it may be sent. Raises what `check` raises."""
        free = self._held - self._reader.tell()
        most = free if free > 0 else PIECE
        chunk = self._reader.read(most if size < 0 else min(size, most))
        if free > 0:
            return chunk
        for pace in self._paces:
            self._wait(pace.reserve(len(chunk), self._clock()))
        return chunk

    def _wait(self, seconds: float) -> None:
        until = self._clock() + seconds
        while (left := until - self._clock()) > 0:
            self._check()
            self._sleep(min(left, LONGEST_SLEEP))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)
