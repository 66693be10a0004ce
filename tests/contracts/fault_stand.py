"""Each provider's way to misbehave, under the same names: for the table of faults.

A stand is a site that can be told to fail once. A fault that a provider cannot have is missing from it, and says why
in `not_here`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

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
    begin again; `ahead` is how many steps are on their way beside one that is refused.
    """

    site: Any
    large: int
    arms: dict[str, Arm]
    not_here: dict[str, str] = field(default_factory=dict)
    mend: Arm = lambda: None
    retry_after: float = RETRY_AFTER
    resends: float = 0.0
    ahead: int = 0
    full: str = "retried, completed"


def flipped(body: bytes) -> bytes:
    return bytes([body[0] ^ 1]) + body[1:]
