"""A worker process reduced to one upload, which dies by `kill -9` where it is told to: the job is JSON on its input.

The state file holds the checkpoint, as the database would, and what this process moved; the output is what became of
the upload, where the process lived to say so.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from workers.destinations import named
from workers.destinations.base import Destination, Place, Upload

FIRST, CHUNK, MIDDLE, LAST, VISIBLE = POINTS = (
    "before the first byte",
    "after the first chunk",
    "in the middle",
    "after the last chunk",
    "visible, not recorded",
)


class Mortal:
    """One attempt. `read` counts what was taken from the artifact, `written` what went to files of this machine."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.point = job["point"]
        self.state = Path(job["state"])
        self.checkpoint = json.loads(self.state.read_text())["checkpoint"] if self.state.exists() else None
        self.artifact = Path(job["artifact"])
        self.size = self.artifact.stat().st_size
        self.read = self.written = self.farthest = 0
        if job["destination"] == "folder":
            self._count_writes()

    def upload(self) -> Upload:
        """As the queue would hand it to the destination."""
        with self.artifact.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return Upload(
            key=self.job["key"],
            open=self._open,
            size=self.size,
            sha256=sha256,
            media_type="application/octet-stream",
            folder="reports/2026",
            name=self.job["name"],
            conflict="rename",
            save=self._save,
            sent=self._sent,
            checkpoint=self.checkpoint,
        )

    def die(self) -> NoReturn:
        """As when the machine's memory is full, or somebody pulls the plug."""
        self._write()
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("nobody comes here")

    def die_at(self, point: str) -> None:
        """Die if this is the point."""
        if self.point == point:
            self.die()

    def live(self) -> None:
        """Write down what was moved."""
        self._write()

    def _open(self) -> BinaryIO:
        self.die_at(FIRST)
        reader = self.artifact.open("rb")
        return Counted(reader, self) if self.job["destination"] == "rclone" else reader  # type: ignore[return-value]

    def _save(self, checkpoint: dict[str, Any]) -> None:
        self.checkpoint = checkpoint
        self._write()
        if self.farthest == self.size:
            self.die_at(LAST)

    def _sent(self, total: int) -> None:
        self.farthest = max(self.farthest, total)
        if total > self.job["chunk"]:  # chunks are sent one after the other: one of them was acknowledged
            self.die_at(CHUNK)
        if total >= self.size // 2:
            self.die_at(MIDDLE)
        if total == self.size and self.job["destination"] == "google_drive":  # its last chunk is what finishes a file
            self.die_at(LAST)

    def _write(self) -> None:
        fresh = self.state.with_suffix(".new")
        moved = self.written if self.job["destination"] == "folder" else self.read
        fresh.write_text(json.dumps({"checkpoint": self.checkpoint, "moved": moved}))
        fresh.replace(self.state)

    def _count_writes(self) -> None:
        write = os.pwrite

        def counting(handle: int, data: Any, offset: int) -> int:
            done = write(handle, data, offset)
            self.written += done
            return done

        os.pwrite = counting


class Counted:
    """What is taken from the artifact: rclone's servers count nothing."""

    def __init__(self, reader: BinaryIO, attempt: Mortal) -> None:
        self._reader, self._attempt = reader, attempt
        self.close = reader.close

    def read(self, size: int = -1) -> bytes:
        """As of a file."""
        chunk = self._reader.read(size)
        self._attempt.read += len(chunk)
        return chunk


def made(job: dict[str, Any]) -> Destination:
    """The connection."""
    kind = named(job["destination"])
    options, secrets = kind.Options(**job["options"]), kind.Secrets(**job["secrets"])
    return kind(options, secrets, Place(job["root"], lambda url: None))


def main() -> None:
    job = json.load(sys.stdin)
    attempt, destination = Mortal(job), made(job)
    try:
        receipt = destination.upload(attempt.upload())
    except Exception as error:  # noqa: BLE001 - classify takes every error
        known = destination.classify(error)
        outcome = {"error": f"{type(known).__name__}: {known}"}
    else:
        attempt.die_at(VISIBLE)
        outcome = {"receipt": asdict(receipt)}
    attempt.live()
    sys.stdout.write(json.dumps(outcome))


if __name__ == "__main__":
    main()
