"""Hold uploads to a rate: the worker's over all its processes, and the connection's over all machines.

Both limits pace the same reader. What the provider has already is read again without waiting, and what must be sent a
second time is paced a second time.
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


class Known:
    """Up to which byte the provider has the file, by what its destination has done so far: what is below is not sent.

    `claimed` is what an earlier attempt had sent, where the destination goes on with that. A destination that asks the
    provider first tells the truth before it reads anything. One that begins anew keeps another session in its
    checkpoint, and then nothing is known but what was read before it saved that one again.
    """

    def __init__(self, claimed: int, checkpoint: dict[str, Any] | None) -> None:
        self.until = claimed
        self._session = _session(checkpoint)
        self._read = 0

    def told(self, total: int) -> None:
        """The destination reported so many bytes."""
        if not self._read:
            self.until = total

    def read(self, at: int) -> None:
        """The bytes up to this one were read."""
        self._read = max(self._read, at)

    def saved(self, checkpoint: dict[str, Any]) -> None:
        """The destination kept this checkpoint."""
        session = _session(checkpoint)
        anew = any(session.get(name) != value for name, value in self._session.items())
        if anew:
            self._read = 0
        self.until = self._read if anew else max(self.until, self._read)
        self._session = session


def _session(checkpoint: dict[str, Any] | None) -> dict[str, str]:
    """What a checkpoint names: addresses and ids, which stay as long as an upload goes on; not how far it is."""
    return {name: value for name, value in (checkpoint or {}).items() if isinstance(value, str)}


class Throttled:
    """A reader that waits its turn, but for what is `known`."""

    def __init__(
        self,
        reader: BinaryIO,
        paces: Sequence[Pace],
        known: Known,
        check: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._reader, self._paces, self._known, self._check = reader, paces, known, check
        self._clock, self._sleep = clock, sleep

    def read(self, size: int = -1) -> bytes:
        """At most a piece, when it may be sent. Raises what `check` raises."""
        at, known = self._reader.tell(), self._known.until
        free = at < known
        most = known - at if free else PIECE
        chunk = self._reader.read(most if size < 0 else min(size, most))
        self._known.read(at + len(chunk))
        if free:
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
