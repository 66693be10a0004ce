"""The stands of servers, before which a proxy misbehaves, and of a folder, whose disk does."""

from __future__ import annotations

import errno
import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.contracts.fault_stand import FAULTS, RETRY_AFTER, Arm, Stand, flipped
from tests.contracts.rclone_site import RcloneSite
from tests.contracts.s3_servers import Answer, Proxy, Seen
from workers.destinations._rclone_errors import BUSY_RETRY


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
        ahead=1,  # the next part, while the answer to the last is awaited
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
