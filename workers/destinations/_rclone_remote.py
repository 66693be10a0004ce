"""One remote as rclone sees it: what is there, under which checksum, and moving and removing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from workers.destinations._rclone_daemon import Daemon, Failed
from workers.destinations.base import Transient

HASHES = ("sha256", "sha512", "sha1", "md5")
"""What both sides can compute, best first. Backends' own kinds (QuickXorHash, mailru ...) are read back instead."""
MISSING = 404


@dataclass(frozen=True, slots=True)
class There:
    """What has a name. `sum` is in the remote's own kind of hash, empty where it keeps none for it."""

    size: int
    modified: datetime | None
    folder: bool
    sum: str


@dataclass
class Remote:
    """`config` is rclone's, with secrets: for calls' bodies only. `wait` is called while rclone works.

    All methods raise Failed, Transient, and what `wait` raises.
    """

    daemon: Daemon
    config: dict[str, str] = field(repr=False)
    wait: Callable[[float], None]

    def run(self, command: str, **parameters: Any) -> dict[str, Any]:
        """One call about this remote."""
        return self.daemon.run(command, self.wait, fs=self.config, **parameters)

    @cached_property
    def about(self) -> dict[str, Any]:
        """What the remote can do."""
        return self.run("operations/fsinfo")

    @property
    def moves(self) -> bool:
        """Whether a finished file can get its name in one step; else uploads are invisible until they are whole."""
        return bool(self.about["Features"]["Move"])

    @property
    def hash_type(self) -> str:
        """The kind of checksum to compare, empty where there is none."""
        return next((kind for kind in HASHES if kind in (self.about.get("Hashes") or ())), "")

    def look(self, path: str) -> There | None:
        """What has this name."""
        options = {"showHash": bool(self.hash_type), "hashTypes": [self.hash_type] if self.hash_type else []}
        found = self.run("operations/stat", remote=path, opt=options)["item"]
        if not found:
            return None
        sums = found.get("Hashes") or {}
        return There(
            int(found["Size"]), _moment(found.get("ModTime")), bool(found["IsDir"]), str(sums.get(self.hash_type, ""))
        )

    def read_back(self, path: str) -> str:
        """The SHA-256 of what the provider gives back."""
        return str(self.run("operations/hashsumfile", remote=path, hashType="sha256", download=True)["hash"])

    def put(self, source: dict[str, str], name: str, path: str, serve: Callable[[float], None]) -> None:
        """Copy the file `name` of another remote here, over whatever has the path; `serve` answers rclone meanwhile."""
        self._transfer("operations/copyfile", serve, source, name, path)

    def copy(self, old: str, new: str) -> None:
        """Copy a file at the provider."""
        self._transfer("operations/copyfile", self.wait, self.config, old, new)

    def move(self, old: str, new: str) -> None:
        """Give a file another name, over whatever has that."""
        self._transfer("operations/movefile", self.wait, self.config, old, new)

    def _transfer(
        self, command: str, wait: Callable[[float], None], source: dict[str, str], name: str, path: str
    ) -> None:
        self.daemon.run(
            command,
            wait,
            srcFs=source,
            srcRemote=name,
            dstFs=self.config,
            dstRemote=path,
            _config={"Inplace": True, "IgnoreTimes": True, "MultiThreadStreams": 0},
        )

    def delete(self, path: str) -> bool:
        """Remove a file; whether there was one."""
        try:
            self.run("operations/deletefile", remote=path)
        except Failed as error:
            if "not found" in str(error) or error.status == MISSING:
                return False
            raise
        return True

    def free(self) -> int | None:
        """Bytes that are free, where the provider tells."""
        if not self.about["Features"]["About"]:
            return None
        try:
            free = self.run("operations/about").get("free")
        except Failed:
            return None  # many servers know the question and not the answer
        return None if free is None else int(free)


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError as error:
        raise Transient("rclone tells a time that cannot be read.", detail=text) from error
