"""Places that only rclone speaks to: SFTP, FTP, SMB, WebDAV, Backblaze B2, Azure, Swift, pCloud, MEGA ...

A file is sent under a hidden name, proven there, and then given its own; where a provider cannot rename, it shows
uploads only when they are whole, and the file is sent under its own name. rclone resumes nothing: an upload that was
broken off begins again.
"""

from __future__ import annotations

import hashlib
import io
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import Any, ClassVar

from workers.destinations._rclone_connect import account, address, config
from workers.destinations._rclone_daemon import Failed, daemon
from workers.destinations._rclone_delivery import Delivery
from workers.destinations._rclone_errors import classified
from workers.destinations._rclone_remote import Remote
from workers.destinations._rclone_settings import RcloneOptions, RcloneSecrets, given
from workers.destinations.base import (
    Destination,
    LongshoreError,
    Receipt,
    TestReport,
    Transient,
    Upload,
    folders,
)

ODD = "{} does not give back what was written there. It will be tried again."


def _nothing() -> None:
    """While no upload runs, rclone's pace tells nobody anything."""


class Rclone(Destination):
    """One of the allowed backends."""

    label = "rclone (SFTP, FTP, SMB, WebDAV, B2, Azure, Swift, pCloud, MEGA ...)"
    limits: ClassVar[dict[str, str]] = {
        "resume": "none: an upload that was broken off begins again, and what it left is replaced or removed",
        "conflict policies": "a name is looked at before it is taken, in two steps: of Longshore's own deliveries one"
        " waits for the other; what somebody else puts there in the same moment may be replaced",
        "unfinished uploads": "of a worker killed midway stay hidden in a bucket until a lifecycle rule removes them",
    }
    features = frozenset({"checksum", "link", "quota"})
    Options = RcloneOptions
    Secrets = RcloneSecrets
    options: RcloneOptions
    secrets: RcloneSecrets

    @cached_property
    def remote(self) -> Remote:
        """The remote at this process's rclone. Raises LongshoreError, Failed."""
        engine = daemon(self.place.check_url)
        return Remote(engine, config(self.options, self.secrets, self.place, engine), self._wait)

    def test(self) -> TestReport:
        """See base."""
        marker = f".longshore-test-{uuid.uuid4().hex}"
        text = marker.encode()
        upload = Upload(
            key=marker,
            open=lambda: io.BytesIO(text),
            size=len(text),
            sha256=hashlib.sha256(text).hexdigest(),
            media_type="text/plain",
            folder="",
            name=marker,
            conflict="overwrite",
            save=lambda _: None,
            sent=lambda _: None,
        )
        path = "/".join((*folders(self.options.folder), marker))
        try:
            same = self._marked(upload, path)
            free = self.remote.free()
        except Exception as error:
            raise self.classify(error) from error
        if not same:
            raise Transient(ODD.format(self.options.backend))
        return TestReport(account(self.options), ("write", "read", "delete"), free)

    def _marked(self, upload: Upload, path: str) -> bool:
        """Whether the marker comes back as it was sent. It is gone then, whatever broke in between."""
        try:
            self._delivery(upload).put(path)
            same = self.remote.read_back(path) == upload.sha256
        except BaseException:
            with suppress(Exception):  # what went wrong first says more
                self.remote.delete(path)
            raise
        self.remote.delete(path)
        return same

    def upload(self, upload: Upload) -> Receipt:
        """Send, prove, take a name. Raises LongshoreError, Failed, what `sent` raises."""
        try:
            return self._delivery(upload).run()
        finally:
            self._tick = _nothing  # what cleans up behind a stopped upload is not to be stopped by it

    def discard(self, checkpoint: dict[str, Any]) -> None:
        """Remove the hidden file, or the visible one that it became; what was set aside gets its name back.

        Raises LongshoreError, Failed.
        """
        if checkpoint.get("where") != account(self.options):
            return
        waited = "part" in checkpoint and self.remote.delete(checkpoint["part"])
        if not waited and self._became_visible(checkpoint):
            self.remote.delete(checkpoint["taking"])
        for path, aside in checkpoint.get("aside", {}).items():
            if self.remote.moves and self.remote.look(aside) and not self.remote.look(path):
                self.remote.move(aside, path)

    def _became_visible(self, checkpoint: dict[str, Any]) -> bool:
        """Whether the upload took its name before it was stopped, and replaced nothing."""
        made = checkpoint.get("made")
        if not made or not made["new"] or "taking" not in checkpoint:
            return False
        there = self.remote.look(checkpoint["taking"])
        if there is None or there.folder or there.size != made["size"]:
            return False
        known = checkpoint.get("sums", {}).get(self.remote.hash_type) if there.sum else None
        return bool(there.sum == known if known else self.remote.read_back(checkpoint["taking"]) == made["sha256"])

    def remove(self, receipt: Receipt) -> bool:
        """See base. Raises LongshoreError, Failed."""
        return self._remove(receipt, receipt.extra.get("object", ""))

    def remove_aside(self, receipt: Receipt, successor: Receipt) -> bool:
        """See base. Raises as `remove`."""
        here = successor.extra.get("where") == account(self.options)
        return here and self._remove(receipt, successor.extra.get("previous", ""))

    def _remove(self, receipt: Receipt, path: str) -> bool:
        told = receipt.extra
        if receipt.skipped or not path or told.get("where") != account(self.options):
            return False
        there = self.remote.look(path)
        if there is None or there.folder or there.size != receipt.size:
            return False
        known = told["sums"].get(self.remote.hash_type) if there.sum else None
        same = there.sum == known if known else self.remote.read_back(path) == told["sums"]["sha256"]
        return same and self.remote.delete(path)

    def classify(self, error: Exception) -> LongshoreError:
        """See base."""
        if isinstance(error, LongshoreError):
            return error
        if isinstance(error, Failed):
            hidden = {*given(self.secrets).values(), *self._disguised()}
            return classified(str(error), sorted(hidden, key=len, reverse=True))
        return Transient("The delivery through rclone broke off. It will be tried again.", detail=repr(error))

    def _disguised(self) -> list[str]:
        remote: Remote | None = self.__dict__.get("remote")  # made at the first use, which may have failed
        known = remote.config if remote else {}
        return [known[name] for name in ("pass", "key_pem", "socks_proxy") if name in known]

    def _wait(self, seconds: float) -> None:
        time.sleep(seconds)
        self._tick()

    _tick: Callable[[], None] = staticmethod(_nothing)

    def _delivery(self, upload: Upload) -> Delivery:
        delivery = Delivery(
            upload,
            self.remote,
            folder=self.options.folder,
            where=account(self.options),
            address=address(self.options),
            read_back=self.options.read_back,
        )
        self._tick = delivery.tick
        return delivery


DESTINATION = Rclone
