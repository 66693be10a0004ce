"""What the next changes of the clocks do to a rule, in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from schedules.cadence.clock import Gap, Odd, Overlap, Placed
from schedules.cadence.moments import MOMENT
from schedules.cadence.rule import DAY, Cadence
from schedules.cadence.walk import next_slot, placed, walk_back
from schedules.cadence.words import clock, day, duration, oddity

AHEAD = 400
"""Days that are looked at: more than a year, so that every yearly change is among them."""


def clock_changes(cadence: Cadence, after: datetime) -> Iterator[tuple[str, str, str]]:
    """Code, field and message of the next jump and of the next repetition that meet the rule."""
    if cadence.schedule_interval_seconds or (cadence.schedule_at is not None and cadence.schedule_at.tzinfo):
        return
    said: set[str] = set()
    start = after if cadence.begins is None else max(after, cadence.begins)
    for change, size in changes(cadence.zone, start):
        if cadence.ends is not None and change - abs(size) >= cadence.ends:
            return
        field = "dst_gap" if size > timedelta(0) else "dst_overlap"
        met = _met(cadence, change, abs(size))
        odd = [one for one in met if one.odd != Odd.NOTHING and one.at > after]
        if odd and field not in said:
            said.add(field)
            stand_in = any(one.at == change and one.odd == Odd.NOTHING for one in met)
            yield (
                "clock_jumps" if field == "dst_gap" else "clock_repeats",
                field,
                _told(cadence, odd, stand_in=stand_in),
            )


def changes(zone: ZoneInfo, after: datetime) -> Iterator[tuple[datetime, timedelta]]:
    """When the zone's offset changes in the AHEAD days from `after` on, and by how much: more than 0 is a jump."""
    begin = after.astimezone(UTC).replace(microsecond=0)
    for number in range(AHEAD):
        low, high = begin + number * DAY, begin + (number + 1) * DAY
        size = _offset(zone, high) - _offset(zone, low)
        if not size:
            continue
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) // 2
            middle = middle.replace(microsecond=0)
            if _offset(zone, middle) == _offset(zone, low):
                low = middle
            else:
                high = middle
        yield high, size


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta(0)


def _met(cadence: Cadence, change: datetime, size: timedelta) -> list[Placed]:
    """The times of the rule from one size of the change before it to one after it."""
    near = placed(cadence, change - size - MOMENT)
    return [one for one in takewhile(lambda one: one.at < change + size, near) if one.at >= change - size]


def _told(cadence: Cadence, odd: list[Placed], *, stand_in: bool) -> str:
    """One time as its slot says it; several in sum, with the time in which nothing fires."""
    first, last = odd[0], odd[-1]
    walls = {one.wall for one in odd}
    jumped = first.odd in (Odd.MOVED, Odd.SKIPPED)
    if len(walls) == 1 and not (jumped and stand_in):
        return oddity(cadence, first)
    date, zone = day(first.wall), cadence.timezone
    several = len(walls) > 1
    which = f"{clock(min(walls).time())} to {clock(max(walls).time())}" if several else clock(first.wall.time())
    if jumped:
        what = f"{which} {'do' if several else 'does'} not exist on {date} in {zone}"
        if stand_in or cadence.dst_gap == Gap.SKIP:
            done = "the one after the jump fires as ever" if stand_in else "none of these fires"
        else:
            done = f"fires once for all, at {clock(first.at.astimezone(cadence.zone).time())}"
        return f"{what}; {done}"
    what = f"{which} come twice on {date} in {zone}"
    if cadence.dst_overlap == Overlap.BOTH:
        return f"{what}; each fires both times"
    if cadence.dst_overlap == Overlap.FIRST:
        since, until = last.at, next_slot(cadence, last.at)
    else:
        since, until = next((slot.at for slot in walk_back(cadence, first.at - MOMENT)), first.at), first.at
    silent = f", and nothing for {duration(int((until - since).total_seconds()))}" if until else ""
    return f"{what}; each fires the {cadence.dst_overlap} time only{silent}: dst_overlap can be both"
