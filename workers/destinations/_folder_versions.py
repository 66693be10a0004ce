"""Keep what had a name, and remove what was delivered: both take a file by one `rename` first, and look at it then.

So whoever puts another file under the same name at the same moment loses nothing: it is not the file that was taken.
"""

from __future__ import annotations

import errno
import os
import stat
import uuid
from datetime import UTC, datetime
from typing import Any

from workers.destinations import _folder_files as files
from workers.destinations.base import dated, numbered


def aside(part: str) -> str:
    """The hidden name that the old file has between its name and its dated one, for the hidden file of a delivery."""
    return f"{part.removesuffix('.part')}.old.part"


def step_aside(directory: int, name: str, hidden: str) -> dict[str, Any] | None:
    """Give what has the name its dated name; as `settle`. Raises OSError: EISDIR for a folder."""
    there = files.look(directory, name)
    if there is not None and stat.S_ISDIR(there.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    try:
        os.rename(name, hidden, src_dir_fd=directory, dst_dir_fd=directory)
    except FileNotFoundError:
        return None
    return settle(directory, name, hidden)


def settle(directory: int, name: str, hidden: str) -> dict[str, Any] | None:
    """Give what was taken aside, now or by a worker that died, its dated name; that `name` and the file's `inode`.

    None where there is nothing.
    """
    there = files.look(directory, hidden)
    if there is None:
        return None
    first = dated(name, datetime.fromtimestamp(there.st_mtime, UTC))
    number, chosen = 1, first
    while not files.claim(directory, hidden, chosen):
        number += 1
        chosen = numbered(first, number)
    return {"name": chosen, "inode": there.st_ino}


def remove_inode(directory: int, name: str, inode: int) -> None:
    """Delete the file of this name if it is this very one."""
    there = files.look(directory, name) if name and inode else None
    if there is not None and there.st_ino == inode and stat.S_ISREG(there.st_mode):
        files.unlink(directory, name)


def restore(directory: int, name: str, hidden: str) -> None:
    """Give what was taken aside its name back, or its dated one where that is taken. Quiet where there is nothing."""
    if files.look(directory, hidden) is not None and not (name and files.claim(directory, hidden, name)):
        settle(directory, name or "file", hidden)


def remove(directory: int, name: str, size: int, sha256: str, inode: int = 0) -> bool:
    """Delete the file if it is these very bytes, and this inode if one is given; whether it was. Raises OSError."""
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
    except OSError as error:
        if error.errno not in {errno.ENOENT, errno.ELOOP, errno.ENXIO}:
            raise
        return False
    hidden = f".longshore-remove-{uuid.uuid4().hex}.part"
    try:
        before = os.fstat(handle)
        if inode not in {0, before.st_ino} or not _is(handle, before, size, sha256):
            return False
        try:
            os.rename(name, hidden, src_dir_fd=directory, dst_dir_fd=directory)
        except FileNotFoundError:
            return False
        taken, now = files.look(directory, hidden), os.fstat(handle)
        same = taken is not None and os.path.samestat(taken, now)
        if same and (now.st_size, now.st_mtime_ns) == (before.st_size, before.st_mtime_ns):
            files.unlink(directory, hidden)
            return True
    finally:
        os.close(handle)
    restore(directory, name, hidden)
    return False


def _is(handle: int, there: os.stat_result, size: int, sha256: str) -> bool:
    regular = stat.S_ISREG(there.st_mode) and there.st_size == size
    return regular and files.digest(handle, size + 1) == sha256
