"""A rule in words, and what a person should know about a slot before trusting it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from schedules.cadence.clock import Odd, Overlap, Placed
from schedules.cadence.days import LAST
from schedules.cadence.moments import Moment

if TYPE_CHECKING:
    from schedules.cadence.rule import Cadence

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", LAST: "last"}
_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_EVERY_MONTH_HAS = 28
_WEEK = 7


def described(cadence: Cadence) -> str:
    """The whole rule: `every Monday at 09:00 (Europe/London)`."""
    zone = f"({cadence.timezone})"
    if cadence.schedule_at is not None:
        return f"once, on {at(cadence.schedule_at)} {zone}"
    if cadence.schedule_interval_seconds:
        text = f"every {duration(cadence.schedule_interval_seconds).removeprefix('1 ')}"
    elif cadence.schedule_cron:
        text = f'as cron has "{cadence.schedule_cron}" {zone}'
    else:
        times = listed(clock(each) for each in cadence.schedule_times)
        text = f"{_days(cadence)} at {times} {zone}"
    if cadence.start_at is not None:
        text += f", from {at(cadence.start_at)}"
    return text if cadence.end_at is None else f"{text}, until {at(cadence.end_at)}"


def _days(cadence: Cadence) -> str:
    names = [WEEKDAYS[day] for day in cadence.schedule_days_of_week]
    week = cadence.schedule_week_of_month
    if week is not None:
        having = " that has one" if week == 5 else ""  # noqa: PLR2004 - the fifth
        return f"on the {ORDINALS[week]} {listed(names)} of every month{having}"
    if names:
        return "every day" if len(names) == _WEEK else f"every {listed(names)}"
    days = cadence.schedule_days_of_month
    if not days:
        return "every day"
    numbers = [str(day) for day in days if day != LAST]
    some = [f"day{'s' * (len(numbers) > 1)} {listed(numbers)}"] if numbers else []
    text = listed([*some, "the last day"] if LAST in days else some)
    having = " that has one" if cadence.month_end == "skip" and max(days) > _EVERY_MONTH_HAS else ""
    return f"on {text} of every month{having}"


def oddity(cadence: Cadence, one: Placed) -> str:
    """What is odd about this slot, or nothing."""
    notes = []
    wanted = cadence.schedule_days_of_month
    if wanted and max(wanted) > one.wall.day and one.wall.day not in wanted and LAST not in wanted:
        notes.append(f"{one.wall:%B %Y} has {one.wall.day} days; fires on the last one")
    wall, zone = one.wall, cadence.zone
    if one.odd in (Odd.MOVED, Odd.SKIPPED):
        text = f"{clock(wall.time())} does not exist on {day(wall)} in {zone.key}"
        local = one.at.astimezone(zone)
        then = clock(local.time()) if local.date() == wall.date() else f"{clock(local.time())} on {day(local)}"
        notes.append(f"{text}; {'does not fire' if one.odd == Odd.SKIPPED else f'fires at {then}'}")
    elif one.odd != Odd.NOTHING:
        which = f"the {one.odd} time only"
        if cadence.dst_overlap == Overlap.BOTH:
            which = f"both times, this being the {one.odd}"
        notes.append(f"{clock(wall.time())} comes twice on {day(wall)} in {zone.key}; fires {which}")
    return "; ".join(notes)


def clock(value: time) -> str:
    """`09:00`, or `09:00:30` where there are seconds."""
    return f"{value:%H:%M:%S}" if value.second else f"{value:%H:%M}"


def day(value: date) -> str:
    """`8 March 2026`."""
    return f"{value.day} {value:%B %Y}"


def at(moment: Moment) -> str:
    """A date, a local time or an instant: `8 March 2026 at 07:30 UTC`."""
    if not isinstance(moment, datetime):
        return day(moment)
    return f"{day(moment)} at {clock(moment.time())}{' UTC' if moment.tzinfo else ''}"


def duration(seconds: int) -> str:
    """`90 minutes`, `1 day and 30 seconds`: in the largest unit that needs no other, else in several."""
    for size, unit in _UNITS:
        if seconds % size == 0:
            many = seconds // size
            if many < 100 or unit == "day":  # noqa: PLR2004 - `5400 seconds` says nothing to anybody
                return f"{many} {unit}{'s' * (many != 1)}"
    parts = []
    for size, unit in _UNITS:
        many, seconds = divmod(seconds, size)
        parts += [f"{many} {unit}{'s' * (many != 1)}"] * bool(many)
    return listed(parts)


def listed(words: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = list[str](words) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def times(count: int) -> str:
    """`once`, `twice`, `1,440 times`."""
    few: Sequence[str] = ("never", "once", "twice")
    return few[count] if count < len(few) else f"{count:,} times"
