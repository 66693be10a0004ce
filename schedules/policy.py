"""How a schedule fires: overlap, catch-up, jitter, blackouts, deadlines, pauses. Pure: what time it is, is an argument.

Only what was set is stored (`scheduled_exports.policy`); the rest is the default, here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from longshore.stored import read as read_stored
from schedules import blackout
from schedules.blackout import Blackout

GRACE = 300
"""Seconds after which a schedule that was not taken up counts as late; beat looks once a second."""

ON_TIME = timedelta(seconds=60)
"""Later than that is downtime. A beat that is restarted, or works through a crowd, is not."""

MOST_QUEUED = 1000
"""Slots of one schedule that wait under `queue_all`."""

_YEAR = 366 * 24 * 3600


class Overlap(StrEnum):
    """What a slot does that comes up while exports of the schedule still run."""

    SKIP = "skip"
    QUEUE_ONE = "queue_one"
    QUEUE_ALL = "queue_all"
    CANCEL_RUNNING = "cancel_running"
    ALLOW = "allow"


class Catchup(StrEnum):
    """What becomes of slots that passed while no scheduler ran, or while the schedule was paused for a fault."""

    NONE = "none"
    LATEST = "latest"
    ALL = "all"


class Policy(BaseModel):
    """How a schedule fires. What is left out has its default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    overlap: Overlap = Field(
        Overlap.QUEUE_ONE,
        description="A slot that comes up while exports of the schedule before it still run: `skip` it, let one wait "
        "(`queue_one`) or all (`queue_all`), cancel what runs (`cancel_running`), or run beside it (`allow`).",
    )
    catchup: Catchup = Field(
        Catchup.LATEST,
        description="Slots that passed while no scheduler ran: `none` is made up for, the `latest`, or `all`.",
    )
    catchup_window: int | None = Field(
        None, ge=60, le=_YEAR, description="Seconds; slots that are older are not made up for."
    )
    jitter_seconds: int = Field(
        0,
        ge=0,
        le=24 * 3600,
        description="Each slot is taken up so much later at most, but before the slot after it; how much follows "
        "from a hash.",
    )
    deadline_seconds: int | None = Field(
        None, ge=1, le=_YEAR, description="Seconds after which a slot is missed rather than fired late."
    )
    grace_seconds: int = Field(
        GRACE, ge=5, le=7 * 24 * 3600, description="Seconds after which a slot that nobody took up makes it `late`."
    )
    blackouts: tuple[Blackout, ...] = Field(
        (), max_length=blackout.MOST, description="Times at which it must not fire, in the schedule's time zone."
    )
    in_blackout: Literal["skip", "defer"] = Field(
        "skip", description="A slot in a blackout is skipped, or the last one of it fires at its end (`defer`)."
    )
    pause_after: int = Field(0, ge=0, le=1000, description="Pause after so many failed runs in a row; 0 is never.")
    pause_when_blocked: bool = Field(
        default=True,
        description="Pause while the connection must be renewed or is switched off; then resume, and catch up.",
    )
    resume_after_seconds: int | None = Field(
        None, ge=60, le=_YEAR, description="Seconds after which a pause for a fault ends by itself."
    )


@dataclass(frozen=True, slots=True)
class Release:
    """When a slot is to be taken up. `closed` names the blackout it lies in, `reopens` is the end it waits for."""

    at: datetime
    closed: str = ""
    reopens: datetime | None = None


def read(stored: dict[str, Any]) -> Policy:
    """The policy of a row. Raises Invalid with the field's name."""
    return read_stored(Policy, stored, "policy")


def release(policy: Policy, zone: ZoneInfo, key: str, slot: datetime) -> Release:
    """When the slot of the schedule `key` is to be taken up: at once, after its jitter, or after its blackout."""
    delay = jitter(key, slot, policy.jitter_seconds)
    closed = blackout.covering(policy.blackouts, zone, slot)
    if closed is None:
        return Release(slot + delay)
    end = blackout.reopens(policy.blackouts, zone, slot) if policy.in_blackout == "defer" else None
    return Release(slot, str(closed)) if end is None else Release(end + delay, str(closed), end)


def jitter(key: str, slot: datetime, seconds: float) -> timedelta:
    """From 0 up to so many seconds, the same in every process: it follows from the schedule and the slot alone."""
    if not seconds:
        return timedelta(0)
    digest = hashlib.sha256(f"{key} {slot.isoformat()}".encode()).digest()
    return timedelta(milliseconds=int.from_bytes(digest[:8]) % int(seconds * 1000))


def on_overlap(overlap: Overlap, queued: int) -> tuple[Literal["start", "queue", "skip", "replace"], str]:
    """What a slot does that finds exports running, or `queued` slots waiting already, and why in words."""
    match overlap:
        case Overlap.ALLOW:
            return "start", ""
        case Overlap.CANCEL_RUNNING:
            return "replace", "What ran before was cancelled for this slot."
        case Overlap.SKIP:
            return "skip", "The run before this one had not ended."
        case Overlap.QUEUE_ONE if queued:
            return "skip", "The run before this one had not ended, and another slot waited for it already."
        case Overlap.QUEUE_ALL if queued >= MOST_QUEUED:
            return "skip", f"The run before this one had not ended, and {MOST_QUEUED} slots waited for it already."
    return "queue", "Waits for the run before it to end."
