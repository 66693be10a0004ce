"""What is odd about a rule as a whole, in words, before anything is saved. Pure.

An `error` means that the rule is never due, and nobody can mean that; a `warning` that it may do other than was meant;
a `note` tells what is easily forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from schedules.cadence import cron
from schedules.cadence.clock_lint import clock_changes
from schedules.cadence.days import CYCLE_YEARS
from schedules.cadence.rule import Cadence
from schedules.cadence.walk import next_slot
from schedules.cadence.words import ORDINALS, WEEKDAYS, at, day, duration, listed

OFTEN = 24
"""Times a day from which a rule is worth a second look: each is an export."""

_DAY_SECONDS = 86_400
_FAR = timedelta(days=366)
_MONTHS_WITHOUT = {29: {2}, 30: {2}, 31: {2, 4, 6, 9, 11}}
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six")
_CYCLES = (("minute", "hour", 60), ("hour", "day", 24))
_FIFTH, _LEAP_DAY = 5, 29


class Level(StrEnum):
    """How much it matters."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """`code` is for programs, `message` for people; `field` is the one to look at."""

    code: str
    level: Level
    field: str
    message: str


def lint(cadence: Cadence, after: datetime) -> list[Finding]:
    """Everything worth saying about the rule from the instant `after` on, the worst first."""
    error = never_due(cadence, after)
    if error is not None:
        return [error]
    found = [
        *_far_away(cadence, after),
        *_either(cadence),
        *_uneven_steps(cadence),
        *_short_months(cadence),
        *_fifth(cadence),
        *_often(cadence),
        *_drift(cadence, after),
        *_sign(cadence),
    ]
    found += [Finding(code, Level.NOTE, field, message) for code, field, message in clock_changes(cadence, after)]
    return sorted(found, key=lambda one: list(Level).index(one.level))


def never_due(cadence: Cadence, after: datetime) -> Finding | None:
    """Why the rule is not due at any time later than `after`; None where it is."""
    if next_slot(cadence, after) is not None:
        return None
    field = FIELD_OF[cadence.schedule_type]
    if cadence.schedule_at is not None:
        when = at(cadence.schedule_at)
        if cadence.instant(cadence.schedule_at) <= after:
            return Finding("over", Level.ERROR, field, f"schedule_at, {when}, has passed")
        return Finding("never", Level.ERROR, field, f"{when} does not exist in {cadence.timezone}, and dst_gap is skip")
    if cadence.end_at is not None and cadence.ends is not None:
        until = at(cadence.end_at)
        if cadence.ends <= after:
            return Finding("over", Level.ERROR, "end_at", f"end_at, {until}, has passed")
        first = next_slot(replace(cadence, end_at=None), after)
        if first is not None:
            local = first.astimezone(cadence.zone).replace(tzinfo=None)
            message = f"end_at, {until}, comes before the next slot, {at(local)} ({cadence.timezone})"
            return Finding("over", Level.ERROR, "end_at", message)
    message = (
        f"the rule never fires: no such day or time comes in {CYCLE_YEARS} years, after which the calendar repeats"
    )
    return Finding("never", Level.ERROR, field, message)


FIELD_OF = {
    "daily": "schedule_time",
    "weekly": "schedule_day_of_week",
    "monthly": "schedule_day_of_month",
    "cron": cron.FIELD,
    "interval": "schedule_interval_seconds",
    "once": "schedule_at",
}
"""The field that says most about a type."""


def _far_away(cadence: Cadence, after: datetime) -> Iterator[Finding]:
    first = next_slot(cadence, after)
    if first is not None and first - after > _FAR:
        yield Finding(
            "rare", Level.WARNING, FIELD_OF[cadence.schedule_type], f"fires first on {_local(cadence, first)}"
        )


def _either(cadence: Cadence) -> Iterator[Finding]:
    if cadence.schedule_cron and cron.parse(cadence.schedule_cron).either:
        _minute, _hour, monthday, _month, weekday = cadence.schedule_cron.split()
        message = (
            f"both day fields are restricted: as with any cron, it fires on day {monthday} of the month and also on "
            f"day {weekday} of the week; where one of the two begins with *, a day has to be in both"
        )
        yield Finding("either_day", Level.WARNING, cron.FIELD, message)


def _uneven_steps(cadence: Cadence) -> Iterator[Finding]:
    for (name, whole, size), field in zip(_CYCLES, cadence.schedule_cron.split(), strict=False):
        step = int(field[2:]) if field.startswith("*/") and field[2:].isdigit() else 1
        if step >= size:
            message = f"*/{step} means only {name} 0: the {whole} has {size} {name}s"
            yield Finding("uneven_step", Level.WARNING, cron.FIELD, message)
        elif size % step:
            last = (size - 1) // step * step
            message = (
                f"*/{step} begins anew each {whole}: from {name} {last} to {name} 0 it is only {size - last} {name}s"
            )
            yield Finding("uneven_step", Level.WARNING, cron.FIELD, message)


def _short_months(cadence: Cadence) -> Iterator[Finding]:
    clamp = cadence.month_end == "clamp" and not cadence.schedule_cron
    for number, missing in _missing(cadence):
        if number == _LEAP_DAY:
            who, skipped = "February has no day 29 in three of four years", "it is skipped then"
        else:
            many = f"{_NUMBERS[len(missing)]} month{'s' if len(missing) > 1 else ''}"
            who = f"{many} {'have' if len(missing) > 1 else 'has'} no day {number}"
            skipped = f"the {number}{'st' if number == 31 else 'th'} skips {many}"  # noqa: PLR2004 - the 30th, the 31st
        if clamp:
            yield Finding("short_months", Level.NOTE, "month_end", f"{who}: fires on the last day then")
        else:
            yield Finding("short_months", Level.WARNING, FIELD_OF[cadence.schedule_type], f"{who}: {skipped}")


def _missing(cadence: Cadence) -> Iterator[tuple[int, set[int]]]:
    """Days of the rule that only some of its months have, with the months that lack them."""
    days, months = frozenset(cadence.schedule_days_of_month), frozenset(range(1, 13))
    if cadence.schedule_cron:
        rule = cron.parse(cadence.schedule_cron)
        days, months = rule.monthdays, rule.months
        if rule.either or min(days) < _LEAP_DAY:  # it is due in every month, and so it is with LAST
            return
    for number in sorted(days & _MONTHS_WITHOUT.keys()):
        missing = _MONTHS_WITHOUT[number] & months
        if missing and (number == _LEAP_DAY or missing < months):
            yield number, missing


def _fifth(cadence: Cadence) -> Iterator[Finding]:
    if cadence.schedule_week_of_month == _FIFTH:
        names = listed(WEEKDAYS[one] for one in cadence.schedule_days_of_week)
        message = f"only four or five months of a year have a {ORDINALS[_FIFTH]} {names}; the others are skipped"
        yield Finding("fifth_weekday", Level.WARNING, "schedule_week_of_month", f"{message}. The last one is -1")


def _often(cadence: Cadence) -> Iterator[Finding]:
    if cadence.schedule_at is not None:
        return
    step = cadence.schedule_interval_seconds
    many = _DAY_SECONDS // step if step else len(cadence.seconds)
    if many > OFTEN:
        yield Finding("often", Level.WARNING, FIELD_OF[cadence.schedule_type], f"fires {many:,} times a day")


def _drift(cadence: Cadence, after: datetime) -> Iterator[Finding]:
    step = cadence.schedule_interval_seconds
    if not step:
        return
    field = FIELD_OF["interval"]
    if step % _DAY_SECONDS and _DAY_SECONDS % step:
        message = f"every {duration(step)} is not at the same times each day"
        yield Finding("drift", Level.NOTE, field, message)
    elif next(clock_changes(replace(cadence, schedule_interval_seconds=0, schedule_cron="* * * * *"), after), None):
        message = f"an interval is elapsed time: its time of day in {cadence.timezone} moves when the clocks change"
        yield Finding("drift", Level.NOTE, field, message)


def _sign(cadence: Cadence) -> Iterator[Finding]:
    """The signs of these names are POSIX's, the other way round than everybody's."""
    sign, hours = cadence.timezone[7:8], cadence.timezone[8:]
    if cadence.timezone.startswith("Etc/GMT") and sign in {"+", "-"} and hours != "0":
        side = "behind" if sign == "+" else "ahead of"
        message = f"{cadence.timezone} is {hours} hours {side} UTC, not the other way round"
        yield Finding("zone_sign", Level.WARNING, "timezone", message)


def _local(cadence: Cadence, instant: datetime) -> str:
    return day(instant.astimezone(cadence.zone))
