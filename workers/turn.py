"""Take turns: what any one process of a machine does for all of them, now and then."""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

TAKEN = struct.Struct("d")


def take_turn(path: Path, every: float, now: float) -> bool:
    """Whether the caller is the one to do it: of all that name the same file, nobody has within `every` seconds.

    `now` is a steady clock's that counts from the machine's start; an instant too far ahead is from before that. The
    lock ends with its process, so one that is killed holds up nobody. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        held = os.pread(handle, TAKEN.size, 0)
        if len(held) == TAKEN.size and abs(now - TAKEN.unpack(held)[0]) < every:
            return False
        os.pwrite(handle, TAKEN.pack(now), 0)
        return True
    finally:
        os.close(handle)
