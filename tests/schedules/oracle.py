"""What a schedule is due at, found by looking at the clock: every minute around every day that counts.

Written from the words of docs/schedules.md, without a look at `schedules.cadence`, without croniter and without folds.
All it knows of time zones is what their clocks show at an instant. Offsets have had whole minutes since 1973.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
BEFORE, BEHIND = timedelta(hours=16), timedelta(hours=40)
"""A local date lies within this of its own midnight in UTC, a skipped day included."""
FURTHEST = 366 * 13
"""Days that are looked at: between two leap days are up to eight years."""


@dataclass(frozen=True)
class Meant:
    """A rule by its meaning: which dates, which seconds of the day. `fields` is how a client writes it."""

    zone: str
    on: Callable[[date], bool] = lambda _day: True
    seconds: frozenset[int] = frozenset()
    gap: str = "first_valid"
    overlap: str = "first"
    start: date | datetime | None = None
    end: date | datetime | None = None
    every: int = 0
    once: datetime | None = None
    fields: dict[str, object] = field(default_factory=dict, compare=False)


@lru_cache(maxsize=64)
def shown_around(zone: str, day: date) -> tuple[tuple[datetime, datetime], ...]:
    """Every minute around this date: the instant, and what the clock shows then."""
    rules, midnight = ZoneInfo(zone), datetime(day.year, day.month, day.day, tzinfo=UTC)
    minutes = int((BEFORE + BEHIND) / MINUTE)
    instants = [midnight - BEFORE + number * MINUTE for number in range(minutes)]
    return tuple((instant, instant.astimezone(rules).replace(tzinfo=None, fold=0)) for instant in instants)


@lru_cache(maxsize=64)
def index_of(zone: str, day: date) -> tuple[dict[datetime, list[datetime]], list[datetime]]:
    """By wall the instants that show it; and, minute by minute, the latest wall that was shown so far."""
    shown = shown_around(zone, day)
    same: dict[datetime, list[datetime]] = {}
    for instant, here in shown:
        same.setdefault(here, []).append(instant)
    return same, list(accumulate((here for _, here in shown), max))


def passes(zone: str, wall: datetime) -> tuple[list[datetime], datetime]:
    """The instants at which the clock shows this minute, and the first at which it shows it or a later one."""
    same, furthest = index_of(zone, wall.date())
    return same.get(wall, []), shown_around(zone, wall.date())[bisect_left(furthest, wall)][0]


def fires(meant: Meant, wall: datetime) -> list[datetime]:
    """The instants at which a wall-clock time of the rule is due."""
    rest = timedelta(seconds=wall.second)
    same, later = passes(meant.zone, wall - rest)
    if not same:
        return [later] if meant.gap == "first_valid" else []
    chosen = {"first": same[:1], "second": same[-1:], "both": same}[meant.overlap]
    return [instant + rest for instant in chosen]


def day_fires(meant: Meant, day: date) -> set[datetime]:
    """The instants of all times of one date. Where the clock is even all day long, no minute needs a search."""
    shown = shown_around(meant.zone, day)
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall
    if all(after - before == MINUTE for (_, before), (_, after) in pairwise(shown)):
        first = next(instant for instant, here in shown if here == midnight)
        return {first + timedelta(seconds=second) for second in meant.seconds}
    return {at for second in meant.seconds for at in fires(meant, midnight + timedelta(seconds=second))}


def begins(meant: Meant, moment: date | datetime) -> datetime:
    """Where a date or a local time or an instant begins."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001 - a wall
    if moment.tzinfo is not None:
        return moment
    rest = timedelta(seconds=moment.second)
    same, later = passes(meant.zone, moment - rest)
    return same[0] + rest if same else later


def within(meant: Meant, at: datetime) -> bool:
    """Neither before the start nor after the end, whose date counts as a whole."""
    if meant.start is not None and at < begins(meant, meant.start):
        return False
    if meant.end is None:
        return True
    if isinstance(meant.end, datetime):
        return at <= begins(meant, meant.end)
    return at < begins(meant, meant.end + DAY)


def instants(meant: Meant, after: datetime) -> Iterator[tuple[datetime, set[datetime]]]:
    """Instants in heaps, with an instant before which none is missing once its heap is there."""
    if meant.every:
        at = begins(meant, meant.start or after)
        while True:
            yield at, {at}
            at += timedelta(seconds=meant.every)
    elif meant.once is not None:
        found = {meant.once} if meant.once.tzinfo else set(fires(meant, meant.once))
        yield datetime.max.replace(tzinfo=UTC), found
    else:
        for number in range(-2, FURTHEST):
            day = after.date() + number * DAY
            if meant.on(day):
                complete = datetime(day.year, day.month, day.day, tzinfo=UTC) - BEFORE
                yield complete, day_fires(meant, day)
        end = after.date() + FURTHEST * DAY
        yield datetime(end.year, end.month, end.day, tzinfo=UTC) - BEFORE, set()


def brute_force(meant: Meant, after: datetime, *, days: int) -> tuple[list[datetime], datetime]:
    """All instants later than `after` of about so many days of the rule, and the instant before which that is all."""
    found: set[datetime] = set()
    complete = after
    for complete, heap in instants(meant, after):
        if days <= 0 and complete > after:
            break
        found |= heap
        days -= any(at > after for at in heap)
    return sorted(at for at in found if after < at < complete and within(meant, at)), complete
