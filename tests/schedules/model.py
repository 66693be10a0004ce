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
LATE = timedelta(seconds=60)


@dataclass
class Model:
    """One schedule: `next` is the first slot without a run, None while it is paused or over; then `owed` is it.

    `rule` is its times of day or its seconds, and the hours after which it ends. `by` says who paused it.
    """

    key: str
    rule: tuple[Any, int | None]
    policy: dict[str, Any]
    left: int | None = None
    next: datetime | None = None
    owed: datetime | None = None
    paused_at: datetime | None = None
    resume_at: datetime | None = None
    by: str = ""
    once: str | None = None
    blocked: bool = False
    failures: tuple[int, int] = (0, 0)
    """In a row: at least, and at most, where it is not known what came first."""
    due: set[datetime] = field(default_factory=set)

    @property
    def end(self) -> datetime | None:
        return None if self.rule[1] is None else NINE + timedelta(hours=self.rule[1])

    def slots(self, since: datetime) -> Iterator[datetime]:
        """Every slot not before `since`."""
        return takewhile(lambda at: self.end is None or at <= self.end, self._endless(since))

    def _endless(self, since: datetime) -> Iterator[datetime]:
        what = self.rule[0]
        if isinstance(what, int):
            step = timedelta(seconds=what)
            at = NINE + max(0, -((NINE - since) // step)) * step
            while True:
                if at >= since:
                    yield at
                at += step
        day = since.date()
        while True:
            for text in what:
                at = datetime.combine(day, time.fromisoformat(text), UTC)
                if at >= since:
                    yield at
            day += timedelta(days=1)

    def first(self, since: datetime) -> datetime | None:
        return next(self.slots(since), None)

    def release(self, slot: datetime) -> datetime:
        seconds = self.policy["jitter_seconds"]
        later = self.first(slot + MOMENT)
        delay = jitter(self.key, slot, min(seconds, (later - slot).total_seconds()) if later else seconds)
        if not self.policy["blackouts"] or 6 <= slot.hour < 22:
            return slot + delay
        if self.policy["in_blackout"] == "skip":
            return slot
        return datetime.combine(slot.date() + timedelta(days=slot.hour >= 22), time(6), UTC) + delay

    def pass_until(self, now: datetime) -> None:
        """Each slot whose time has come is due; they are dealt with in their order."""
        while self.next is not None and self.release(self.next) <= now:
            self.due.add(self.next)
            self.next = self.first(self.next + MOMENT)
            self.once = None

    def until(self, since: datetime, now: datetime) -> list[datetime]:
        return list(takewhile(lambda slot: slot <= now, self.slots(since)))

    def to_come(self, since: datetime, now: datetime) -> datetime | None:
        return next((slot for slot in self.slots(since) if self.release(slot) > now), None)

    def pause(self, by: str, now: datetime, owed: datetime | None) -> None:
        self.by, self.paused_at, self.owed, self.next = by, now, owed, None

    def finish(self) -> None:
        """It is over."""
        self.next = self.owed = self.paused_at = self.resume_at = None
        self.by = ""

    def resume(self, now: datetime, catchup: str | None) -> bool:
        """False where it cannot: no run or no slot is left. `catchup` None is the policy's."""
        due: set[datetime] = set()
        found = self._first_to_come(now, due) if catchup == "none" else self.first(min(self.owed or now, now))
        if found is None or self.left == 0:
            return False
        self.due |= due
        self.once = catchup if found <= now and catchup != "none" else None
        self.finish()
        self.next, self.failures = found, (0, 0)
        return True

    def _first_to_come(self, now: datetime, due: set[datetime]) -> datetime | None:
        """What was due before the pause ends as a run; what waits from then goes on, and the pause's own jitter."""
        since = max(min(self.owed or now, now), now - timedelta(seconds=self.policy["jitter_seconds"]))
        if self.owed is not None and self.paused_at is not None:
            for slot in self.until(self.owed, self.paused_at):
                if self.release(slot) > now:
                    return slot
                due.add(slot)
            since = max(since, self.paused_at + MOMENT)
        return self.to_come(since, now)

    def pause_is_over(self, now: datetime) -> bool:
        """Whether it resumes by itself."""
        renewed = self.by == "connection" and not self.blocked
        return renewed or (self.resume_at is not None and self.resume_at <= now)

    def count(self, *, failed: int, arrived: int) -> None:
        """Runs that ended since, whichever first."""
        least, most = self.failures
        self.failures = (0, failed if not failed else most + failed) if arrived else (least + failed, most + failed)

    @property
    def fields(self) -> dict[str, Any]:
        what, end = self.rule[0], {"end_at": self.end and self.end.isoformat()}
        if isinstance(what, int):
            interval = {"schedule_interval_seconds": what, "start_at": NINE.isoformat()}
            return {"schedule_type": "interval", "schedule_times": None, **interval, **end}
        times = {"schedule_times": list(what), "schedule_interval_seconds": None, "start_at": None}
        return {"schedule_type": "daily", **times, **end}
