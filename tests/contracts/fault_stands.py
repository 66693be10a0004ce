"""Each provider's way to misbehave, under the same names: for the table of faults.

A stand is a site that can be told to fail once. A fault that a provider cannot have is missing from it, and says why
in `not_here`.
"""

from __future__ import annotations

import errno
import itertools
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.contracts.rclone_site import RcloneSite
from tests.contracts.s3_servers import Answer, Proxy, Seen
from tests.fakes import dropbox, google_drive, onedrive
from workers.destinations._rclone_errors import BUSY_RETRY

PROVIDERS = ("folder", "s3", "dropbox", "google_drive", "onedrive", "rclone")
RETRY_AFTER = 7
FAULTS = (
    "429 with Retry-After", "500", "503", "timeout before commit", "timeout after commit", "reset mid-chunk",
    "truncated, answered 200", "flipped byte", "expired access token", "revoked credentials", "quota full",
    "name taken", "session gone",
)  # fmt: skip
Arm = Callable[[], Any]


@dataclass
class Stand:
    """`large` is a size of more than two steps; `arms` makes each fault happen; `mend` ends one that lasts.

    `full` is how a delivery to a full account ends. `resends` is how often the whole may travel where broken uploads
    begin again.
    """

    site: Any
    large: int
    arms: dict[str, Arm]
    not_here: dict[str, str] = field(default_factory=dict)
    mend: Arm = lambda: None
    retry_after: float = RETRY_AFTER
    resends: float = 0.0
    full: str = "retried, completed"


def flipped(body: bytes) -> bytes:
    return bytes([body[0] ^ 1]) + body[1:]


def dropbox_stand(site: Any) -> Stand:
    fake = site.fake
    start, append, finish = (f"files/upload_session/{one}" for one in ("start", "append_v2", "finish"))

    def fault(route: str, how: Any, status: int = 500, **headers: str) -> Arm:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return lambda: fake.faults.append(dropbox.Fault(route, how, status, told))

    def full() -> None:
        fake.account.quota = 50

    def mend() -> None:
        fake.account.quota = 1 << 40

    return Stand(
        site,
        9 * 1024 * 1024,
        {
            "429 with Retry-After": fault(append, "answer", 429, Retry_After=str(RETRY_AFTER)),
            "500": fault(append, "answer", 500),
            "503": fault(append, "answer", 503),
            "timeout before commit": fault(finish, "hang"),
            "timeout after commit": fault(finish, "hang_after"),
            "reset mid-chunk": fault(append, "reset"),
            "truncated, answered 200": fault(append, "truncate"),
            "flipped byte": fault(start, "rot"),
            "expired access token": fake.expire,
            "revoked credentials": fake.revoke,
            "quota full": full,
            "session gone": fake.account.sessions.clear,
        },
        mend=mend,
    )


def google_drive_stand(site: Any) -> Stand:
    drive, problem = site.drive, google_drive.Problem

    def fault(kind: str, told: Any = None, **more: Any) -> Arm:
        return lambda: drive.faults.append(google_drive.Fault(kind, told, **more))

    def full() -> None:
        site.store.limit = 50

    def mend() -> None:
        site.store.limit = None

    def revoke() -> None:
        drive.refresh.clear()
        drive.tokens.clear()

    return Stand(
        site,
        7 * 1024 * 1024,
        {
            "429 with Retry-After": fault("open", problem(429, "rateLimitExceeded", retry_after=str(RETRY_AFTER))),
            "500": fault("open", problem(500, "internalError")),
            "503": fault("open", problem(503, "backendError")),
            "timeout before commit": fault("chunk", seconds=1.0, skip=3),
            "timeout after commit": fault("chunk", seconds=1.0, after=True, skip=3),
            "reset mid-chunk": fault("chunk", part=2, skip=1),
            "truncated, answered 200": fault("chunk", alter=lambda body: body[:-1], skip=3),
            "flipped byte": fault("chunk", alter=flipped, skip=3),
            "expired access token": drive.tokens.clear,
            "revoked credentials": revoke,
            "quota full": full,
            "session gone": drive.sessions.clear,
        },
        mend=mend,
        full="failed",  # a service account has no storage, and never will: waiting for room would be for ever
    )


def onedrive_stand(site: Any) -> Stand:
    fake, problem = site.fake, onedrive.Problem

    def fault(kind: str, told: Any = None, **more: Any) -> Arm:
        return lambda: fake.faults.append(onedrive.Fault(kind, told, **more))

    def full() -> None:
        site.store.total = 50

    def mend() -> None:
        site.store.total = 1 << 40

    def revoke() -> None:
        fake.refresh.clear()
        fake.tokens.clear()

    return Stand(
        site,
        11 * 1024 * 1024,
        {
            "429 with Retry-After": fault("chunk", problem(429, "activityLimitReached", retry_after=str(RETRY_AFTER))),
            "500": fault("session", problem(500, "generalException")),
            "503": fault("session", problem(503, "serviceNotAvailable")),
            "timeout before commit": fault("chunk", seconds=1.0, skip=2),
            "timeout after commit": fault("chunk", seconds=1.0, after=True, skip=2),
            "reset mid-chunk": fault("chunk", half=True, skip=1),
            "truncated, answered 200": fault("chunk", alter=lambda body: body[:-1], skip=2),
            "flipped byte": fault("chunk", alter=flipped, skip=2),
            "expired access token": fake.tokens.clear,
            "revoked credentials": revoke,
            "quota full": full,
            "session gone": fake.sessions.clear,
        },
        mend=mend,
    )


def once(verbs: set[str], query: str | None = None, size: int = 0) -> Callable[[Seen], bool]:
    """True for the first request of these verbs that carries a body (of that size), or whose query has this name."""
    left = [1]

    def match(seen: Seen) -> bool:
        fits = seen.method in verbs and (query in seen.query if query else seen.size == size or seen.size > 0 == size)
        if fits and left[0]:
            left[0] -= 1
            return True
        return False

    return match


def proxied(
    proxy: Proxy, *, last: tuple[set[str], str | None], error: Callable[[str], bytes], altered: int = 0
) -> dict[str, Arm]:
    """Faults of a server behind the proxy.

    `last` is the request that makes an upload final, `altered` the size of the body that is changed; 0: the first.
    """
    wrong = Answer(500, error("InternalError"))

    def answer(status: int, code: str, **headers: str) -> Arm:
        told = {name.replace("_", "-"): value for name, value in headers.items()}

        def arm() -> None:
            match = once({"PUT"})
            proxy.answer = lambda seen: Answer(status, error(code), told) if match(seen) else None

        return arm

    def before() -> None:
        match, swallow = once(*last), []
        proxy.answer = lambda seen: (swallow.append(seen), time.sleep(0.2), wrong)[2] if match(seen) else None
        proxy.swallow = lambda seen: seen in swallow

    def after() -> None:
        proxy.swallow = once(*last)

    def reset() -> None:
        proxy.cut = once({"PUT"})

    def alter(change: Callable[[bytes], bytes]) -> Arm:
        def arm() -> None:
            match = once({"PUT"}, size=altered)
            proxy.alter = lambda seen, body: change(body) if match(seen) else body

        return arm

    return {
        "429 with Retry-After": answer(429, "SlowDown", Retry_After=str(RETRY_AFTER)),
        "500": answer(500, "InternalError"),
        "503": answer(503, "ServiceUnavailable"),
        "timeout before commit": before,
        "timeout after commit": after,
        "reset mid-chunk": reset,
        "truncated, answered 200": alter(lambda body: body[:-1]),
        "flipped byte": alter(flipped),
    }


def s3_stand(site: Any) -> Stand:
    def error(code: str) -> bytes:
        return f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode()

    def refuse(code: str) -> Arm:
        def arm() -> None:
            site.proxy.answer = lambda seen: Answer(403, error(code)) if seen.method in {"PUT", "POST"} else None

        return arm

    def full() -> None:
        site.proxy.answer = lambda seen: Answer(507, error("XMinioStorageFull")) if seen.method == "PUT" else None

    def mend() -> None:
        site.proxy.answer = lambda seen: None

    def forget() -> None:
        for one in site.uploads():
            site.client.abort_multipart_upload(Bucket=site.bucket, Key=one["Key"], UploadId=one["UploadId"])

    arms = proxied(site.proxy, last=({"POST"}, "uploadId"), error=error, altered=1024 * 1024)
    return Stand(
        site,
        11 * 1024 * 1024,
        arms | {"revoked credentials": refuse("InvalidAccessKeyId"), "quota full": full, "session gone": forget},
        {"expired access token": "keys do not expire; temporary ones cannot be renewed by us, and count as revoked"},
        mend=mend,
    )


def rclone_stand(site: RcloneSite, proxy: Proxy) -> Stand:
    arms = proxied(proxy, last=({"PUT"}, None), error=lambda code: code.encode())

    def lasting(status: int) -> Arm:
        def arm() -> None:
            proxy.answer = lambda seen: Answer(status) if seen.method in {"PUT", "PROPFIND", "MKCOL"} else None

        return arm

    def mend() -> None:
        proxy.answer = lambda seen: None

    return Stand(
        site,
        11 * 1024 * 1024,
        arms | {"revoked credentials": lasting(401), "quota full": lasting(507)},
        {
            "expired access token": "WebDAV has passwords; where rclone's backends have tokens, rclone renews them",
            "session gone": "rclone resumes nothing, so there is no session to lose",
        },
        mend=mend,
        retry_after=BUSY_RETRY,  # rclone does not tell what the server said
        resends=2.0,
    )


class Disk:
    """Writes that fail or are stored wrongly, once."""

    def __init__(self, monkeypatch: Any) -> None:
        self._set = lambda write: monkeypatch.setattr(os, "pwrite", write)
        self._real = os.pwrite

    def fails(self, number: int) -> Arm:
        """The second write raises this error."""
        calls = itertools.count(1)

        def write(handle: int, data: Any, offset: int) -> int:
            if next(calls) == 2:
                raise OSError(number, os.strerror(number))
            return self._real(handle, data, offset)

        return lambda: self._set(write)

    def damages(self, change: Callable[[bytes], bytes]) -> Arm:
        """The first write stores other bytes than it was given, and says that all is well."""
        calls = itertools.count(1)

        def write(handle: int, data: Any, offset: int) -> int:
            self._real(handle, change(bytes(data)) if next(calls) == 1 else data, offset)
            return len(data)

        return lambda: self._set(write)

    def mend(self) -> None:
        self._set(self._real)


def folder_stand(site: Any, monkeypatch: Any) -> Stand:
    disk = Disk(monkeypatch)

    def lose() -> None:
        for path in site.unfinished():
            Path(path).unlink()

    return Stand(
        site,
        7 * 1024 * 1024,
        {
            "reset mid-chunk": disk.fails(errno.EIO),
            "truncated, answered 200": disk.damages(lambda body: body[:-1]),
            "flipped byte": disk.damages(flipped),
            "quota full": disk.fails(errno.ENOSPC),
            "session gone": lose,
        },
        {
            **dict.fromkeys(FAULTS[:5], "a file system has no requests"),
            "expired access token": "the operating system's permissions decide",
            "revoked credentials": "a right that was taken is no credential: the delivery fails and says which to give",
        },
        mend=disk.mend,
    )
