"""What a schedule owes, by a model that knows nothing of rows and queries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import takewhile
from typing import Any

from schedules.policy import jitter
from tests.schedules.ledger import NINE

MOMENT = timedelta(microseconds=1)


@dataclass
class Model:
    """One schedule: `next` is the first slot without a run, None while it is paused; then `owed` is it."""

    key: str
    rule: Any
    policy: dict[str, Any]
    next: datetime | None = None
    owed: datetime | None = None
    paused_at: datetime | None = None
    due: set[datetime] = field(default_factory=set)

    def slots(self, since: datetime) -> Iterator[datetime]:
        """Every slot not before `since`."""
        if isinstance(self.rule, int):
            step = timedelta(seconds=self.rule)
            at = NINE + max(0, -((NINE - since) // step)) * step
            while True:
                if at >= since:
                    yield at
                at += step
        day = since.date()
        while True:
            for text in self.rule:
                at = datetime.combine(day, time.fromisoformat(text), UTC)
                if at >= since:
                    yield at
            day += timedelta(days=1)

    def release(self, slot: datetime) -> datetime:
        gap = (next(self.slots(slot + MOMENT)) - slot).total_seconds()
        delay = jitter(self.key, slot, min(self.policy["jitter_seconds"], gap))
        if not self.policy["blackouts"] or 6 <= slot.hour < 22:
            return slot + delay
        if self.policy["in_blackout"] == "skip":
            return slot
        return datetime.combine(slot.date() + timedelta(days=slot.hour >= 22), time(6), UTC) + delay

    def pass_until(self, now: datetime) -> None:
        """Each slot whose time has come is due; they are dealt with in their order."""
        while self.next is not None and self.release(self.next) <= now:
            self.due.add(self.next)
            self.next = next(self.slots(self.next + MOMENT))

    def until(self, since: datetime, now: datetime) -> list[datetime]:
        return list(takewhile(lambda slot: slot <= now, self.slots(since)))

    def to_come(self, since: datetime, now: datetime) -> datetime:
        return next(slot for slot in self.slots(since) if self.release(slot) > now)

    @property
    def fields(self) -> dict[str, Any]:
        if isinstance(self.rule, int):
            interval = {"schedule_interval_seconds": self.rule, "start_at": NINE.isoformat()}
            return {"schedule_type": "interval", "schedule_times": None, **interval}
        times = {"schedule_times": list(self.rule), "schedule_interval_seconds": None, "start_at": None}
        return {"schedule_type": "daily", **times}
