"""The stands of accounts in the cloud: their fakes misbehave themselves."""

from __future__ import annotations

from typing import Any

from tests.contracts.fault_stand import RETRY_AFTER, Arm, Stand, flipped
from tests.fakes import dropbox, google_drive, onedrive


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
