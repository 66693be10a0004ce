"""A folder of this machine, or a network share that is mounted there.

Every path is walked from the owner's own root by directory handles that follow no symbolic link, so nothing outside the
root can be written however names and links change in the meantime. The file grows under a hidden name and becomes
visible whole: by `link`, which fails where the name is taken, or by `rename`, which replaces.
"""

from __future__ import annotations

import errno
import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from workers.destinations import _folder_files as files
from workers.destinations import _folder_versions as versions
from workers.destinations.base import (
    Destination,
    LongshoreError,
    Permanent,
    Receipt,
    Refused,
    TestReport,
    Transient,
    Upload,
    folders,
    safe_name,
)

NAME_LIMIT = 240
"""Bytes of a name: 255 is what file systems take, the rest is room for the number of policy `rename`."""


NO_RIGHT = (
    "Longshore may not write to the delivery folder. Give the user that runs the workers the right to write there (and"
    " mount it writable), then retry the delivery."
)
NO_SUCH_NAME = "The file system does not take this name or size. Choose another name or folder."
LASTING = {
    errno.EACCES: NO_RIGHT,
    errno.EPERM: NO_RIGHT,
    errno.EROFS: NO_RIGHT,
    errno.EISDIR: "A folder has this name already. Choose another name.",
    errno.ENAMETOOLONG: NO_SUCH_NAME,
    errno.EINVAL: NO_SUCH_NAME,
    errno.EFBIG: NO_SUCH_NAME,
}
"""What to tell about errors that do not pass by themselves."""


class FolderOptions(BaseModel):
    """Where below the owner's root."""

    model_config = ConfigDict(extra="forbid")

    folder: str = Field("", max_length=1000, description="Folder below the owner's own one; made if missing.")


class FolderSecrets(BaseModel):
    """None: the operating system's permissions decide."""

    model_config = ConfigDict(extra="forbid")


class Folder(Destination):
    """Files below the owner's directory in `LONGSHORE_FOLDER_ROOT`."""

    label = "Folder"
    limits: ClassVar[dict[str, str]] = {
        "name": f"{NAME_LIMIT} bytes of UTF-8: file systems take 255, and `rename` adds a number",
        "symbolic links": "never followed below the root: they could lead out of it",
    }
    features = frozenset({"resume", "conditional_create", "checksum", "link", "quota"})
    Options = FolderOptions
    Secrets = FolderSecrets
    options: FolderOptions

    def test(self) -> TestReport:
        """See base."""
        try:
            with self._directory("") as (directory, path):
                files.check_marker(directory, f".longshore-test-{uuid.uuid4().hex}")
                return TestReport(str(path), ("write", "read", "delete"), files.free(directory))
        except OSError as error:
            raise self.classify(error) from error

    def upload(self, upload: Upload) -> Receipt:
        """Copy, make visible, read back. Raises OSError, Refused, Permanent, Transient, or what `sent` raises."""
        if earlier := self._begun_in_shared_root(upload):
            return earlier
        with self._directory(upload.folder) as (directory, path):
            known, name = upload.checkpoint or {}, safe_name(upload.name, limit=NAME_LIMIT)
            part = files.hidden(upload.key)
            old = versions.aside(part)
            previous = list(known.get("previous", []))

            def keep(moved: dict[str, Any] | None) -> None:
                if moved:
                    previous.append(moved)

            keep(versions.settle(directory, name, old))
            if finished := _finished(directory, part, known, upload):
                files.unlink(directory, part)
                return _receipt(path / finished, upload, previous)
            if upload.conflict in {"skip", "fail"} and files.look(directory, name):
                files.unlink(directory, part)
                return _taken(directory, path / name, upload)
            state: dict[str, Any] = {"folder": upload.folder, "part": part, "wanted": name, "own": True}
            state["previous"] = previous

            def save(offset: int, name: str = "") -> None:
                upload.save({**state, "offset": offset, "name": name})

            offset = int(known.get("offset", 0))
            save(offset)
            with files.locked(directory, part) as handle:
                files.copy(handle, directory, upload, offset, save)
                state["inode"] = 0 if upload.conflict == "overwrite" else os.fstat(handle).st_ino
                chosen = files.publish(
                    directory,
                    part,
                    upload,
                    name,
                    lambda to: save(upload.size, to),
                    lambda: keep(versions.step_aside(directory, name, old)),
                )
                os.fsync(directory)
                if chosen is None:
                    return _taken(directory, path / name, upload)
                _prove(directory, chosen, handle, path, upload)
            return _receipt(path / chosen, upload, previous)

    def discard(self, checkpoint: dict[str, Any]) -> None:
        """Remove the hidden file, or the visible one that it became; what stepped aside gets its name back.

        Raises OSError.
        """
        if "part" not in checkpoint:
            return
        part, names = str(checkpoint["part"]), folders(self.options.folder, str(checkpoint.get("folder", "")))
        root = self.place.folder_root if "own" in checkpoint else self.place.shared_root or self.place.folder_root
        try:
            with self._below(names, root, make=False) as (directory, _):
                files.unlink(directory, part)
                versions.remove_inode(directory, str(checkpoint.get("name", "")), int(checkpoint.get("inode", 0)))
                versions.restore(directory, str(checkpoint.get("wanted", "")), versions.aside(part))
        except FileNotFoundError:
            return

    def remove(self, receipt: Receipt) -> bool:
        """See base. Raises OSError, Refused."""
        return self._remove(receipt, Path(receipt.path))

    def remove_aside(self, receipt: Receipt, successor: Receipt) -> bool:
        """See base. Raises as `remove`."""
        moved, path = successor.extra.get("previous", ()), Path(receipt.path)
        return any(self._remove(receipt, path.with_name(one["name"]), one["inode"]) for one in moved)

    def _remove(self, receipt: Receipt, path: Path, inode: int = 0) -> bool:
        sha256 = receipt.checksum.removeprefix("sha256:")
        roots = [str(Path(one).resolve()) for one in (self.place.folder_root, self.place.shared_root) if one]
        root = next((one for one in roots if path.is_relative_to(one)), "")
        if not root:  # the operator moved it: what is below the new one is not what was delivered
            return False
        where = path.relative_to(root)
        if receipt.skipped or not where.name or ".." in where.parts:
            return False
        try:
            with self._below(where.parent.parts, root, make=False) as (directory, _):
                return versions.remove(directory, where.name, receipt.size, sha256, inode)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def classify(self, error: Exception) -> LongshoreError:
        """See base."""
        if isinstance(error, LongshoreError):
            return error
        number = error.errno if isinstance(error, OSError) else None
        if number in {errno.ENOSPC, errno.EDQUOT}:
            return Transient(files.FULL, retry_after=files.FULL_RETRY, detail=repr(error))
        if number in {errno.ELOOP, errno.ENOTDIR}:
            return Refused(
                "A part of the folder's path is a file or a symbolic link. Choose another folder.", detail=repr(error)
            )
        if number in LASTING:
            return Permanent(LASTING[number], detail=repr(error))
        return Transient("Writing to the delivery folder failed. It will be tried again.", detail=repr(error))

    def _begun_in_shared_root(self, upload: Upload) -> Receipt | None:
        """What an attempt of before owners had roots of their own finished; what it only began there is removed."""
        known = upload.checkpoint or {}
        if not self.place.shared_root or "part" not in known or "own" in known:
            return None
        names = folders(self.options.folder, upload.folder)
        with suppress(FileNotFoundError), self._below(names, self.place.shared_root, make=False) as (directory, path):
            if finished := _finished(directory, known["part"], known, upload):
                files.unlink(directory, known["part"])
                return _receipt(path / finished, upload)
        self.discard(known)
        upload.checkpoint = None
        return None

    def _directory(self, folder: str) -> AbstractContextManager[tuple[int, Path]]:
        """A handle of the target folder, and its path for people. Raises Refused; when entered, OSError."""
        return self._below(folders(self.options.folder, folder), self.place.folder_root, make=True)

    @contextmanager
    def _below(self, names: tuple[str, ...], root: str, *, make: bool) -> Iterator[tuple[int, Path]]:
        """A handle of the folder at this path below a root, and its path for people. Raises OSError."""
        path = Path(root).resolve()
        if make:
            path.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, files.DIRECTORY)
        try:
            for name in names:
                outer, handle = handle, files.below(handle, name, make=make)
                os.close(outer)
                path /= name
            yield handle, path
        finally:
            os.close(handle)


def _finished(directory: int, part: str, known: dict[str, Any], upload: Upload) -> str:
    """The name under which an earlier attempt made this artifact visible, or nothing.

    Where the hidden file is still there under another inode, the visible one belongs to somebody else: equal content
    is no proof then.
    """
    chosen = str(known.get("name", ""))
    there, hidden = files.look(directory, chosen) if chosen else None, files.look(directory, part)
    if there is None or not stat.S_ISREG(there.st_mode) or there.st_size != upload.size:
        return ""
    if hidden is not None and not os.path.samestat(there, hidden):
        return ""
    handle = os.open(chosen, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        return chosen if files.digest(handle, upload.size + 1) == upload.sha256 else ""
    finally:
        os.close(handle)


def _prove(directory: int, name: str, handle: int, path: Path, upload: Upload) -> None:
    """Read the visible file from the disk, not from memory. Raises Transient, and removes it, where it differs."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    if files.digest(handle, upload.size + 1) == upload.sha256:
        return
    there = files.look(directory, name)
    if there is not None and os.path.samestat(there, os.fstat(handle)):
        files.unlink(directory, name)
    raise Transient(f"{path / name} did not read back as it was written. Check the disk; it will be tried again.")


def _taken(directory: int, path: Path, upload: Upload) -> Receipt:
    """The receipt of policy `skip`. Raises Permanent for policy `fail`."""
    if upload.conflict == "fail":
        raise Permanent(f"{path} exists already. Choose another name, or the policy rename, version or overwrite.")
    there = files.look(directory, path.name)
    return Receipt(
        str(path), str(path), path.as_uri(), there.st_size if there else 0, "", verified="size", skipped=True
    )


def _receipt(path: Path, upload: Upload, previous: list[dict[str, Any]] | None = None) -> Receipt:
    where, checksum = str(path), f"sha256:{upload.sha256}"
    extra = {"previous": previous} if previous else {}
    return Receipt(where, where, path.as_uri(), upload.size, checksum, verified="readback", extra=extra)


DESTINATION = Folder
