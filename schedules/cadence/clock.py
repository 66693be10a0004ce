"""Where a wall-clock time lies on the time line, and what becomes of one that does not exist or exists twice.

Walls are naive local times, instants are in UTC. Beside the policies there is one rule: a wall is due when the zone's
clock first shows it, or, where the clock jumps over it, at the end of the jump.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)


class Gap(StrEnum):
    """A time that the clock jumps over."""

    FIRST_VALID = "first_valid"
    """Fires at the end of the jump."""
    SKIP = "skip"
    """Does not fire."""


class Overlap(StrEnum):
    """A time that the clock shows twice."""

    FIRST = "first"
    SECOND = "second"
    BOTH = "both"


class Odd(StrEnum):
    """What is odd about a wall, given the policies; empty where nothing is."""

    NOTHING = ""
    MOVED = "moved"
    SKIPPED = "skipped"
    FIRST = "first"
    SECOND = "second"


@dataclass(frozen=True, slots=True)
class Placed:
    """A wall and its instant. One that is SKIPPED does not fire, and has the instant at which it would have."""

    at: datetime
    wall: datetime
    odd: Odd = Odd.NOTHING


def place(walls: Iterable[datetime], zone: ZoneInfo, gap: Gap, overlap: Overlap) -> Iterator[Placed]:
    """The instants of ascending walls, ascending."""
    second_pass: deque[Placed] = deque()
    for wall in walls:
        early, late = wall.replace(tzinfo=zone), wall.replace(tzinfo=zone, fold=1)
        if early.utcoffset() == late.utcoffset():
            mine = Placed(early.astimezone(UTC), wall)
        elif not _exists(early):
            mine = Placed(reached(wall, zone), wall, Odd.SKIPPED if gap == Gap.SKIP else Odd.MOVED)
        elif overlap == Overlap.SECOND:
            mine = Placed(late.astimezone(UTC), wall, Odd.SECOND)
        else:
            mine = Placed(early.astimezone(UTC), wall, Odd.FIRST)
            if overlap == Overlap.BOTH:
                second_pass.append(Placed(late.astimezone(UTC), wall, Odd.SECOND))
        while second_pass and second_pass[0].at <= mine.at:
            yield second_pass.popleft()
        yield mine
    yield from second_pass


def reached(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at which the wall clock of `zone` shows the naive time `wall` or a later one."""
    early = wall.replace(tzinfo=zone, fold=0)
    instant = early.astimezone(UTC)
    if _exists(early):
        return instant
    # PEP 495: inside a gap, fold=1 names an instant before the jump and fold=0 one after it.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    low, high = 0, (instant - before) // _SECOND
    while high - low > 1:
        middle = (low + high) // 2
        if (before + middle * _SECOND).astimezone(zone).replace(tzinfo=None) < wall:
            low = middle
        else:
            high = middle
    return before + high * _SECOND


def wall_before(instant: datetime, zone: ZoneInfo) -> datetime:
    """A wall such that every wall that is due later than `instant`, under any policy, is later than it.

    That is what the clock shows, except while it shows the first of two passes: then the second is all to come.
    """
    local = instant.astimezone(zone)
    other = local.replace(fold=1)
    wall = local.replace(tzinfo=None, fold=0)
    first, second = local.utcoffset(), other.utcoffset()
    if local.fold or first is None or second is None or first <= second:
        return wall
    return wall - (first - second)


def _exists(local: datetime) -> bool:
    return local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None)
