"""The artifact store: sources and artifacts as objects in a folder or an S3 bucket, streamed, hashed while written."""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from longshore.errors import NotFound, Permanent, Transient
from longshore.settings import Settings, settings

CHUNK = 1024 * 1024
"""Bytes per read and write: larger chunks gain nothing on a folder and cost memory."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What was written: size in bytes and SHA-256 in hex."""

    size: int
    sha256: str


class Store(ABC):
    """Objects by key. An object appears whole or not at all."""

    def write(self, key: str, chunks: Iterable[bytes]) -> Stored:
        """Write an object, replacing one of the same key. Raises Transient or, for a full disk, Permanent."""
        digest = hashlib.sha256()
        size = 0

        def hashed() -> Iterator[bytes]:
            nonlocal size
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                yield chunk

        self.put(key, hashed())
        return Stored(size, digest.hexdigest())

    @abstractmethod
    def put(self, key: str, chunks: Iterator[bytes]) -> None:
        """What `write` does with the bytes."""

    @abstractmethod
    def open(self, key: str) -> BinaryIO:
        """A seekable, buffered reader. Raises NotFound."""

    @abstractmethod
    def copy(self, key: str, to: str) -> None:
        """A second object with the same content; either may be deleted without the other. Raises NotFound."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove an object; quiet where there is none."""

    def chunks(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Bytes of an object from `start`, `length` of them or all. Raises NotFound at the first item."""
        with self.open(key) as reader:
            reader.seek(start)
            left = length
            while left is None or left > 0:
                chunk = reader.read(CHUNK if left is None else min(CHUNK, left))
                if not chunk:
                    return
                left = None if left is None else left - len(chunk)
                yield chunk

    def check(self) -> None:
        """Write and delete a small object. Raises what `write` raises."""
        key = f"checks/{os.getpid()}"
        self.write(key, [b"ok"])
        self.delete(key)


class FolderStore(Store):
    """Objects as files. What was written is on the disk: a source document may be the user's only copy."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, chunks: Iterator[bytes]) -> None:
        """See Store."""
        with explained():
            _write_file(self._root / key, chunks)

    def open(self, key: str) -> BinaryIO:
        """See Store."""
        with explained(reading=True):
            return (self._root / key).open("rb")

    def copy(self, key: str, to: str) -> None:
        """See Store."""
        with explained(reading=True):
            _link(self._root / key, self._root / to)

    def delete(self, key: str) -> None:
        """See Store."""
        with explained():
            (self._root / key).unlink(missing_ok=True)


@contextmanager
def explained(*errors: type[Exception], reading: bool = False) -> Iterator[None]:
    """A block whose errors of the system, and `errors`, come out as ours: NotFound where it reads."""
    caught: tuple[type[Exception], ...] = (OSError, *errors)
    try:
        yield
    except caught as error:
        if reading and isinstance(error, FileNotFoundError):
            raise NotFound("The stored content is gone: it has expired or was deleted.") from error
        text = str(error).lower()
        if "no space left" in text or "quota" in text or "file too large" in text:
            message = "The artifact store is full. Free space or enlarge it, then retry."
            raise Permanent(message, detail=str(error)) from error
        raise Transient("The artifact store cannot be reached just now.", detail=str(error)) from error


def _write_file(path: Path, chunks: Iterable[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _link(path: Path, to: Path) -> None:
    """Objects are replaced, never changed in place, so two names may share one file; where none may, it is copied."""
    to.parent.mkdir(parents=True, exist_ok=True)
    partial = to.with_name(f"{to.name}.{os.getpid()}.part")
    try:
        os.link(path, partial)
    except FileNotFoundError:
        raise
    except OSError:  # no links on this file system, or too many to one file
        with path.open("rb") as file:
            _write_file(to, iter(lambda: file.read(CHUNK), b""))
        return
    try:
        partial.replace(to)
    finally:
        partial.unlink(missing_ok=True)


@cache
def store() -> Store:
    """The artifact store of this process."""
    return open_store(settings())


def open_store(config: Settings) -> Store:
    """The store that the settings name. Raises Permanent for a URL that is neither `file://` nor `s3://`."""
    url = urlsplit(config.store_url or (config.home.resolve() / "artifacts").as_uri())
    if url.scheme == "file":
        root = Path(unquote(url.path))
        root.mkdir(parents=True, exist_ok=True)
        return FolderStore(root)
    if url.scheme == "s3":
        from longshore.artifacts_s3 import BucketStore  # 4 MB of a process, for who has no folder

        return BucketStore(url.netloc, url.path.strip("/"), config)
    raise Permanent("LONGSHORE_STORE_URL must begin with file:// or s3://.")
