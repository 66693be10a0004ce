"""The slots of a rule, forward and backward. One that is skipped, or that coincides with another, is not among them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import islice, takewhile

from longshore.errors import Invalid
from schedules.cadence.clock import Odd, Placed, place, wall_before
from schedules.cadence.days import CYCLE_YEARS, backward, forward
from schedules.cadence.moments import MOMENT
from schedules.cadence.rule import Cadence
from schedules.cadence.words import oddity

_HOUR, _MINUTE = 3600, 60
_PATIENCE = timedelta(days=(CYCLE_YEARS + 1) * 366)
"""A rule whose every time fell into a gap for so long will never be due: gaps repeat with the calendar."""


@dataclass(frozen=True)
class Slot:
    """An instant at which a schedule is due; `note` says in words what is odd about it, or is empty."""

    at: datetime
    local: datetime
    note: str = ""


def next_slot(cadence: Cadence, after: datetime) -> datetime | None:
    """The first instant later than `after` at which the schedule is due, in UTC; None where it is over.

    Raises ValueError where `after` has no time zone, Invalid where the calendar ends before the next slot.
    """
    return next((one.at for one in due(cadence, after)), None)


def slots(cadence: Cadence, after: datetime, count: int) -> list[Slot]:
    """The next `count` slots later than `after`, or as many as there are, oldest first. Raises as `next_slot` does."""
    return list(islice(walk(cadence, after), count))


def walk(cadence: Cadence, after: datetime) -> Iterator[Slot]:
    """Every slot later than `after`, oldest first, as long as the rule has any. Raises as `next_slot` does."""
    for one in due(cadence, after):
        yield Slot(one.at, one.at.astimezone(cadence.zone), oddity(cadence, one))


def walk_back(cadence: Cadence, upto: datetime) -> Iterator[Slot]:
    """Every slot not later than `upto`, the latest first, as far back as the rule has any; the same ones as `walk`.

    Only what is taken is computed, a day's slots at a time. Raises ValueError where `upto` has no time zone.
    """
    later = _instant(upto) + MOMENT
    if cadence.ends is not None:
        later = min(later, cadence.ends)
    for earlier in _tiles(cadence, later):
        yield from reversed(list(takewhile(lambda slot: slot.at < later, walk(cadence, earlier - MOMENT))))  # noqa: B023 - used up here
        later = earlier


def due(cadence: Cadence, after: datetime) -> Iterator[Placed]:
    """As `walk`, with each slot's wall-clock time. Raises as `next_slot` does."""
    last, ends = _instant(after), cadence.ends
    if cadence.begins is not None:
        last = max(last, cadence.begins - MOMENT)
    try:
        for one in placed(cadence, last):
            skipped = one.odd == Odd.SKIPPED
            if (ends is not None and one.at >= ends) or (skipped and one.at - last > _PATIENCE):
                return
            if one.at > last and not skipped:
                last = one.at
                yield one
    except (OverflowError, ValueError) as error:
        raise Invalid("there is no further slot before the year 10000", field="after", detail=str(error)) from error


def placed(cadence: Cadence, after: datetime) -> Iterator[Placed]:
    """The times of a rule on the time line, ascending, from about `after` on, without regard to its start and end.

    It has those that are skipped, too, and those that coincide at the end of a jump.
    """
    if cadence.schedule_interval_seconds:
        return _steps(cadence, after)
    if cadence.schedule_at is not None and cadence.schedule_at.tzinfo is not None:
        return iter([Placed(cadence.schedule_at, cadence.schedule_at.astimezone(cadence.zone).replace(tzinfo=None))])
    walls = _walls(cadence, wall_before(after, cadence.zone))
    return place(walls, cadence.zone, cadence.dst_gap, cadence.dst_overlap)


def _walls(cadence: Cadence, after: datetime) -> Iterator[datetime]:
    """Wall-clock times of the rule that are later than the naive `after`, as the calendar has them."""
    if cadence.schedule_at is not None:
        yield cadence.schedule_at
        return
    today, seconds = after.date(), cadence.seconds
    passed = bisect_right(seconds, after.hour * _HOUR + after.minute * _MINUTE + after.second)
    for day in forward(cadence.days, today):
        midnight = datetime.combine(day, time())
        for second in seconds[passed:] if day == today else seconds:
            yield midnight + timedelta(seconds=second)


def _steps(cadence: Cadence, after: datetime) -> Iterator[Placed]:
    """Every so many seconds from `start_at` on, whatever the wall clock does."""
    anchor, step = cadence.begins, timedelta(seconds=cadence.schedule_interval_seconds)
    if anchor is None:
        raise ValueError("an interval needs start_at; `read` sees to it")
    at = anchor + max(0, (after - anchor) // step + 1) * step
    while True:
        yield Placed(at, at.astimezone(cadence.zone).replace(tzinfo=None))
        at += step


def _tiles(cadence: Cadence, upto: datetime) -> Iterator[datetime]:
    """Instants earlier than `upto`, descending: from each to the one before are few slots, and none is left out."""
    begins = cadence.begins
    if cadence.schedule_interval_seconds and begins is not None:
        step = timedelta(seconds=cadence.schedule_interval_seconds)
        for number in range((upto - MOMENT - begins) // step, -1, -1):
            yield begins + number * step
    elif cadence.schedule_at is not None:
        yield min(cadence.instant(cadence.schedule_at), upto - MOMENT)
    else:
        for day in backward(cadence.days, upto.astimezone(cadence.zone).date()):
            start = cadence.instant(day)
            if start < upto:
                yield start
            if begins is not None and start <= begins:
                return


def _instant(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("an instant is meant, not a wall-clock time: it needs a time zone")
    return moment.astimezone(UTC)
