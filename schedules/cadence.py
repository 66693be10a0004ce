"""When a schedule is due: daily, weekly or monthly, at a time of day, in a time zone.

Pure: no database and no clock. Instants go in and come out in UTC. The calendar is walked in *naive* local time by
croniter, and only the result is placed on the time line with zoneinfo, by one rule: **a slot is due at the first
instant at which the zone's wall clock has reached it.** So

- a time that exists is due when the clock shows it;
- a time that the clock jumps over (spring, or a day that a country skipped) is due at the end of the jump;
- a time that the clock shows twice (autumn) is due once, the first time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache
from itertools import islice, takewhile
from zoneinfo import ZoneInfo, available_timezones

from croniter import croniter

from longshore.errors import Invalid

TYPES = ("daily", "weekly", "monthly")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
EVERY_MONTH_HAS = 28
"""Days; a later day of the month is moved to the last day of a shorter month."""

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_MOMENT = timedelta(microseconds=1)
_TILE = timedelta(days=32)
_FIRST_YEAR = datetime(2, 1, 1, tzinfo=UTC)
"""Nothing is due earlier, and every zone's wall clock can be written."""


@dataclass(frozen=True)
class Cadence:
    """One rule. Made by `read`, which checks every field; a day that the type does not use is None."""

    schedule_type: str
    schedule_time: time
    timezone: str = "UTC"
    schedule_day_of_week: int | None = None
    schedule_day_of_month: int | None = None

    @classmethod
    def read(
        cls,
        schedule_type: str,
        schedule_time: str | time,
        timezone: str = "UTC",
        *,
        schedule_day_of_week: int | None = None,
        schedule_day_of_month: int | None = None,
    ) -> Cadence:
        """The rule these fields mean: `HH:MM` or `HH:MM:SS`, an IANA zone, 0 = Monday, day 1 to 31.

        Raises Invalid with the field's name.
        """
        if schedule_type not in TYPES:
            raise Invalid(f"schedule_type must be one of {', '.join(TYPES)}", field="schedule_type")
        weekday = _day("schedule_day_of_week", schedule_day_of_week, 0, 6, "0 is Monday, 6 is Sunday")
        monthday = _day("schedule_day_of_month", schedule_day_of_month, 1, 31, "31 means the last day of every month")
        if schedule_type == "weekly" and weekday is None:
            raise Invalid("a weekly schedule needs schedule_day_of_week, 0 (Monday) to 6", field="schedule_day_of_week")
        if schedule_type == "monthly" and monthday is None:
            raise Invalid("a monthly schedule needs schedule_day_of_month, 1 to 31", field="schedule_day_of_month")
        return cls(
            schedule_type,
            _time(schedule_time),
            _zone(timezone),
            weekday if schedule_type == "weekly" else None,
            monthday if schedule_type == "monthly" else None,
        )

    @property
    def zone(self) -> ZoneInfo:
        """The time zone's rules."""
        return ZoneInfo(self.timezone)

    def __str__(self) -> str:
        """In words, for people: `every Monday at 09:00 (Europe/London)`."""
        day = "every day"
        if self.schedule_day_of_week is not None:
            day = f"every {DAYS[self.schedule_day_of_week]}"
        elif self.schedule_day_of_month is not None:
            day = f"on day {self.schedule_day_of_month} of every month"
        return f"{day} at {_clock(self.schedule_time)} ({self.timezone})"


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
    return next((slot.at for slot in walk(cadence, after)), None)


def slots(cadence: Cadence, after: datetime, count: int) -> list[Slot]:
    """The next `count` slots later than `after`, or as many as there are, oldest first. Raises as `next_slot` does."""
    return list(islice(walk(cadence, after), count))


def walk(cadence: Cadence, after: datetime) -> Iterator[Slot]:
    """Every slot later than `after`, oldest first, as long as the rule has any. Raises as `next_slot` does."""
    if after.tzinfo is None:
        raise ValueError("`after` needs a time zone: an instant is meant, not a wall-clock time")
    zone = cadence.zone
    try:
        last = after.astimezone(UTC)
        for wall in _walls(cadence, last.astimezone(zone).replace(tzinfo=None)):
            at = reached(wall, zone)
            if at > last:
                last = at
                yield Slot(at, at.astimezone(zone), _note(cadence, wall, at))
    except (OverflowError, ValueError) as error:
        raise Invalid("there is no further slot before the year 10000", field="after", detail=str(error)) from error


def walk_back(cadence: Cadence, upto: datetime) -> Iterator[Slot]:
    """Every slot not later than `upto`, the latest first, as far back as the rule has any; the same ones as `walk`.

    Only what is taken is computed, however long ago the rule began. Raises ValueError where `upto` has no time zone.
    """
    later = upto + _MOMENT
    while later > _FIRST_YEAR:
        earlier = max(later - _TILE, _FIRST_YEAR)
        tile = list(takewhile(lambda slot: slot.at < later, walk(cadence, earlier - _MOMENT)))  # noqa: B023 - used up here
        yield from reversed(tile)
        later = earlier


def reached(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant, in UTC, at which the wall clock of `zone` shows the naive time `wall` or a later one."""
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    # The time is jumped over. PEP 495: inside a gap, fold=1 names an instant before the jump and fold=0 one after it.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    low, high = 0, (instant - before) // _SECOND
    while high - low > 1:
        middle = (low + high) // 2
        if (before + middle * _SECOND).astimezone(zone).replace(tzinfo=None) < wall:
            low = middle
        else:
            high = middle
    return before + high * _SECOND


def _walls(cadence: Cadence, after: datetime) -> Iterator[datetime]:
    """Wall-clock times of the rule that are later than the naive `after`, as the calendar has them."""
    at, start = cadence.schedule_time, after
    day, weekday, wanted = "*", "*", cadence.schedule_day_of_month
    if cadence.schedule_day_of_week is not None:
        weekday = str((cadence.schedule_day_of_week + 1) % 7)  # cron's week begins on Sunday
    elif wanted is not None and wanted <= EVERY_MONTH_HAS:
        day = str(wanted)
    elif wanted is not None:
        # croniter knows the last day of a month, but no "day 30, or else the last": walk the last days, then go back.
        day, start = "L", after.replace(day=1) - _DAY
    steps = croniter(f"{at.minute} {at.hour} {day} * {weekday} {at.second}", start, ret_type=datetime)
    while True:
        wall = steps.get_next()
        if wanted is not None:
            wall = wall.replace(day=min(wanted, wall.day))
        if wall > after:
            yield wall


def _note(cadence: Cadence, wall: datetime, at: datetime) -> str:
    """What a person should know about this slot before trusting it."""
    zone = cadence.zone
    local = at.astimezone(zone)
    notes = []
    wanted = cadence.schedule_day_of_month
    if wanted is not None and wall.day < wanted:
        notes.append(f"{wall:%B %Y} has {wall.day} days; fires on the last one")
    if local.replace(tzinfo=None) != wall:
        then = _clock(local.time()) if local.date() == wall.date() else f"{_clock(local.time())} on {_date(local)}"
        notes.append(f"{_clock(wall.time())} does not exist on {_date(wall)} in {zone.key}; fires at {then}")
    elif local.replace(fold=1).utcoffset() != local.utcoffset():
        notes.append(f"{_clock(wall.time())} comes twice on {_date(wall)} in {zone.key}; fires the first time only")
    return "; ".join(notes)


def _time(value: str | time) -> time:
    if isinstance(value, time):
        return value.replace(microsecond=0, tzinfo=None, fold=0)
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Invalid("schedule_time must be HH:MM or HH:MM:SS, from 00:00 to 23:59:59", field="schedule_time")
    hour, minute, second = match.groups(default="0")
    return time(int(hour), int(minute), int(second))


def _day(field: str, value: int | None, least: int, most: int, meaning: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Invalid(f"{field} must be a whole number from {least} to {most}: {meaning}", field=field)
    return value


@cache
def zones() -> frozenset[str]:
    """Names of the time zones that a schedule may have, as this machine's tz database lists them."""
    return frozenset(available_timezones() - {"localtime", "Factory"})  # the machine's own, and "not set"


def _zone(name: str) -> str:
    if isinstance(name, str) and name in zones():
        return name
    message = "timezone must be an IANA name such as Europe/London or UTC"
    known = {zone.casefold(): zone for zone in zones()}
    close = get_close_matches(name[:64].casefold().replace(" ", "_"), known, 1) if isinstance(name, str) else []
    raise Invalid(message + "".join(f"; did you mean {known[found]}?" for found in close), field="timezone")


def _clock(value: time) -> str:
    return f"{value:%H:%M:%S}" if value.second else f"{value:%H:%M}"


def _date(value: datetime) -> str:
    return f"{value.day} {value:%B %Y}"
