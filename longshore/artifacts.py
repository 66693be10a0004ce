"""The artifact store: sources and artifacts as objects in a folder or an S3 bucket, streamed, hashed while written."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from longshore.errors import NotFound, Permanent, Transient
from longshore.settings import Settings, settings

CHUNK = 1024 * 1024
"""Bytes per read and write: larger chunks gain nothing on a folder and cost memory."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What was written: size in bytes and SHA-256 in hex."""

    size: int
    sha256: str


class Store:
    """Objects by key. An object appears whole or not at all."""

    def __init__(self, backend: LocalStore | S3Store, root: Path | None) -> None:
        self._backend = backend
        self._root = root

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

        try:
            if self._root is None:
                obstore.put(self._backend, key, hashed(), chunk_size=8 * CHUNK)
            else:
                _write_file(self._root / key, hashed())
        except (BaseError, OSError) as error:
            raise _explain(error) from error
        return Stored(size, digest.hexdigest())

    def open(self, key: str) -> BinaryIO:
        """A seekable, buffered reader. Raises NotFound."""
        try:
            if self._root is not None:
                return (self._root / key).open("rb")
            return io.BufferedReader(_Reader(obstore.open_reader(self._backend, key, buffer_size=CHUNK)), CHUNK)
        except FileNotFoundError as error:
            raise NotFound("The stored content is gone: it has expired or was deleted.") from error
        except (BaseError, OSError) as error:
            raise _explain(error) from error

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

    def copy(self, key: str, to: str) -> None:
        """A second object with the same content; either may be deleted without the other. Raises NotFound."""
        try:
            if self._root is None:
                obstore.copy(self._backend, key, to)
            else:
                _link(self._root / key, self._root / to)
        except FileNotFoundError as error:
            raise NotFound("The stored content is gone: it has expired or was deleted.") from error
        except (BaseError, OSError) as error:
            raise _explain(error) from error

    def delete(self, key: str) -> None:
        """Remove an object; quiet where there is none."""
        try:
            obstore.delete(self._backend, key)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise _explain(error) from error

    def check(self) -> None:
        """Write and delete a small object. Raises what `write` raises."""
        key = f"checks/{os.getpid()}"
        self.write(key, [b"ok"])
        self.delete(key)


class _Reader(io.RawIOBase):
    """The reader of obstore as a raw stream of Python's own kind."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = bytes(self._reader.read(len(buffer)))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._reader.seek(offset, whence))

    def tell(self) -> int:
        return int(self._reader.tell())


def _write_file(path: Path, chunks: Iterable[bytes]) -> None:
    """The folder backend of obstore does not fsync, and a source document may be the user's only copy."""
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


def _explain(error: Exception) -> Transient | Permanent:
    full = "no space left" in str(error).lower() or "quota" in str(error).lower()
    if full or "file too large" in str(error).lower():
        return Permanent("The artifact store is full. Free space or enlarge it, then retry.", detail=str(error))
    return Transient("The artifact store cannot be reached just now.", detail=str(error))


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
        return Store(LocalStore(root), root)
    if url.scheme == "s3":
        key = config.store_access_key_id.get_secret_value()
        extra: dict[str, Any] = {}
        if config.store_endpoint:
            extra = {
                "endpoint": config.store_endpoint,
                "client_options": {"allow_http": config.store_endpoint.startswith("http://")},
            }
        if key:
            extra |= {
                "access_key_id": key,
                "secret_access_key": config.store_secret_access_key.get_secret_value(),
            }
        prefix = url.path.strip("/")
        return Store(S3Store(url.netloc, prefix=prefix or None, region=config.store_region, **extra), None)
    raise Permanent("LONGSHORE_STORE_URL must begin with file:// or s3://.")
