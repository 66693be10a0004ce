"""What `folder` does with directory handles: names are looked up below an open folder, and no link is followed."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from workers.destinations.base import Transient, Upload, next_free, numbered

CHUNK = 1024 * 1024
"""Bytes between two reports of progress."""
SYNC = 8 * CHUNK
"""Bytes between two checkpoints; what a killed worker copies again at most."""
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FULL = "The disk of the delivery folder is full. Make room; the delivery goes on by itself where it stopped."
FULL_RETRY = 300.0
"""Seconds until a full disk is tried again: people, not machines, make room."""
NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""What file systems without hard links (exFAT, some shares) answer to `link`."""


def hidden(key: str) -> str:
    """The hidden name that the file of this delivery grows under."""
    return f".{re.sub('[^A-Za-z0-9_-]', '_', key)[:200]}.part"


def below(handle: int, name: str, *, make: bool) -> int:
    """A handle of the folder `name` in the folder `handle`. Raises OSError: ENOTDIR or ELOOP for a link."""
    if make:
        try:
            os.mkdir(name, dir_fd=handle)
            os.fsync(handle)
        except FileExistsError:
            pass
    return os.open(name, DIRECTORY, dir_fd=handle)


def free(directory: int) -> int:
    """Bytes that the user of this process may still write."""
    volume = os.fstatvfs(directory)
    return volume.f_bavail * volume.f_frsize


def unlink(directory: int, name: str) -> None:
    """Remove a file; quiet where there is none."""
    try:
        os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        return


def look(directory: int, name: str) -> os.stat_result | None:
    """What has this name, links not followed; None where nothing has."""
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def check_marker(directory: int, name: str) -> None:
    """Write a file, read it back, delete it. Raises OSError, or Transient where other bytes came back."""
    content = b"longshore"
    handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644, dir_fd=directory)
    try:
        _write(handle, content, 0)
        os.fsync(handle)
        if os.pread(handle, len(content) + 1, 0) != content:
            raise Transient("The folder does not give back what was written there. Check the disk.")
    finally:
        os.close(handle)
        unlink(directory, name)


def digest(handle: int, end: int) -> str:
    """SHA-256 of the first `end` bytes, as the file gives them back."""
    return _hashed(handle, end).hexdigest()


def _hashed(handle: int, end: int) -> hashlib._Hash:
    found, position = hashlib.sha256(), 0
    while chunk := os.pread(handle, min(CHUNK, end - position), position):
        found.update(chunk)
        position += len(chunk)
    return found


@contextmanager
def locked(directory: int, name: str) -> Iterator[int]:
    """The hidden file, open, and locked against a second worker that took the delivery over too early."""
    handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644, dir_fd=directory)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Transient("Another worker still writes this file. It will be tried again.", retry_after=5) from error
        now = look(directory, name)
        if now is None or not os.path.samestat(now, os.fstat(handle)):
            raise Transient("Another worker has just finished this file. It will be tried again.", retry_after=1)
        yield handle
    finally:
        os.close(handle)


def copy(handle: int, directory: int, upload: Upload, offset: int, save: Callable[[int], None]) -> None:
    """Bring the hidden file up to the whole artifact, on the disk, proven by its SHA-256.

    `offset` is what an earlier attempt had saved; the bytes before it are read again, not trusted. Raises Transient
    where the disk is too small or the artifact did not arrive whole, OSError, and what `sent` raises.
    """
    offset = min(offset, os.fstat(handle).st_size, upload.size)
    os.ftruncate(handle, offset)
    if (room := free(directory)) < upload.size - offset:
        raise Transient(
            f"{FULL} {upload.size - offset} bytes are needed, {room} are free.",
            retry_after=FULL_RETRY,
        )
    found = _hashed(handle, offset)
    upload.sent(offset)
    with closing(upload.source(offset)) as source:
        _skip(source.read, offset)
        saved = offset
        while chunk := source.read(CHUNK):
            found.update(chunk)
            offset += _write(handle, chunk, offset)
            if offset > upload.size:
                break
            if offset - saved >= SYNC:
                os.fsync(handle)
                save(saved := offset)
            upload.sent(offset)
    os.fsync(handle)
    if offset != upload.size or found.hexdigest() != upload.sha256:
        os.ftruncate(handle, 0)
        raise Transient(
            f"The file changed on its way to the folder: {offset} of {upload.size} bytes came, or other ones."
            " It will be sent again from the start.",
        )


def _skip(read: Callable[[int], bytes], count: int) -> None:
    while count and (chunk := read(min(CHUNK, count))):
        count -= len(chunk)


def _write(handle: int, chunk: bytes, offset: int) -> int:
    rest = memoryview(chunk)
    while rest:
        written = os.pwrite(handle, rest, offset)
        rest, offset = rest[written:], offset + written
    return len(chunk)


def publish(
    directory: int, part: str, upload: Upload, name: str, choose: Callable[[str], None], keep: Callable[[], None]
) -> str | None:
    """Make the hidden file visible and return its name, None where the policy forbids it because the name is taken.

    `choose` is told each name before it becomes visible; `keep` gives what has the name another one. Raises OSError.
    """
    if upload.conflict == "overwrite":
        choose(name)
        os.rename(part, name, src_dir_fd=directory, dst_dir_fd=directory)
        return name
    number, chosen = 1, name
    while True:
        if look(directory, chosen) is None:
            choose(chosen)
            if claim(directory, part, chosen):
                return chosen
        if upload.conflict == "version":
            keep()
            continue
        if upload.conflict != "rename":
            unlink(directory, part)
            return None
        number = next_free(lambda one: look(directory, numbered(name, one)) is not None, number)
        chosen = numbered(name, number)


def claim(directory: int, part: str, name: str) -> bool:
    """Give the file its name unless the name is taken, as one step of the kernel's."""
    try:
        os.link(part, name, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        return _claim_without_links(directory, part, name)
    unlink(directory, part)
    return True


def _claim_without_links(directory: int, part: str, name: str) -> bool:
    """Take the name with an empty file first: only one creator gets it. It is visible empty for a moment."""
    try:
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644, dir_fd=directory))
    except FileExistsError:
        return False
    try:
        os.rename(part, name, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError:
        unlink(directory, name)
        raise
    return True
