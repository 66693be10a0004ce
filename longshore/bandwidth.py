"""How fast uploads may be, by the hour: rclone's `--bwlimit` timetable (https://rclone.org/docs/#bwlimit-bwtimetable).

`10M` limits always; `08:00,512k 19:00,off` by the time of day; `Mon-00:00,512 Fri-18:00,10M` by the day of the week. A
rate is bytes a second, in KiB where it names no unit, and `off` is no limit. Before the first entry the last one holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from longshore.errors import Invalid

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONG_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
UNITS = {"b": 1, "": 1024, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4, "p": 1024**5}
LEAST = 1024
"""Bytes a second of the slowest limit: below it nothing would ever arrive before its deadline."""
LONGEST = 1000
"""Characters of a timetable."""
MINUTES_A_DAY = 24 * 60
RATE = re.compile(r"(\d+(?:\.\d+)?)(b|[kmgtp]i?b?)?", re.IGNORECASE)
ENTRY = re.compile(r"(?:([A-Za-z]+)-)?(\d{1,2}):(\d{2}),(\S+)")


@dataclass(frozen=True, slots=True)
class Timetable:
    """`changes`: from a minute of the week (Monday 00:00 is 0) on, so many bytes a second, or None for no limit."""

    changes: tuple[tuple[int, float | None], ...]
    zone: ZoneInfo

    def at(self, moment: datetime) -> float | None:
        """Bytes a second that are allowed at an instant; None: as many as there are."""
        here = moment.astimezone(self.zone)
        minute = here.weekday() * MINUTES_A_DAY + here.hour * 60 + here.minute
        held = [rate for start, rate in self.changes if start <= minute]
        return held[-1] if held else self.changes[-1][1]


@lru_cache(maxsize=256)
def read(text: str, zone: str = "UTC", field: str = "bandwidth") -> Timetable | None:
    """The timetable, None for an empty text. Raises Invalid, saying which part is wrong and how it should look."""
    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"There is no time zone {zone!r}. Use a name like Europe/London."
        raise Invalid(message, field=f"{field}_timezone") from error
    parts = text.split()
    if not parts:
        return None
    if len(text) > LONGEST:
        raise Invalid(f"{field} is longer than {LONGEST} characters.", field=field)
    if len(parts) == 1 and "," not in parts[0]:
        return Timetable(((0, _rate(parts[0], field)),), known)
    changes: dict[int, float | None] = {}
    for part in parts:
        for minute, rate in _entry(part, field):
            if minute in changes:
                raise Invalid(f"{field} names the time of {part!r} twice.", field=field)
            changes[minute] = rate
    return Timetable(tuple(sorted(changes.items())), known)


def _entry(part: str, field: str) -> list[tuple[int, float | None]]:
    found = ENTRY.fullmatch(part)
    if found is None:
        raise Invalid(f"{part!r} is not like 08:00,512k or Mon-08:00,512k or Sat-00:00,off.", field=field)
    day, hour, minute, rate = found.groups()
    if int(hour) > 23 or int(minute) > 59:  # noqa: PLR2004 - the hours and minutes of a clock
        raise Invalid(f"{part!r} names no time of day: it goes from 00:00 to 23:59.", field=field)
    at = int(hour) * 60 + int(minute)
    if day is None:
        return [(number * MINUTES_A_DAY + at, _rate(rate, field)) for number in range(len(DAYS))]
    for names in (DAYS, LONG_DAYS):
        if day.lower() in names:
            return [(names.index(day.lower()) * MINUTES_A_DAY + at, _rate(rate, field))]
    raise Invalid(f"{part!r} names no day: use Mon, Tue, Wed, Thu, Fri, Sat or Sun.", field=field)


def _rate(text: str, field: str) -> float | None:
    if text.lower() == "off":
        return None
    found = RATE.fullmatch(text)
    if found is None:
        advice = ", and rclone's `up:down` is not needed: there are only uploads" if ":" in text else ""
        raise Invalid(f"{text!r} is no rate: use 512k, 10M, 1.5G or off, in bytes a second{advice}.", field=field)
    unit = (found[2] or "").lower()
    rate = float(found[1]) * UNITS[unit if unit == "b" else unit[:1]]
    if rate < LEAST:
        raise Invalid(f"{text!r} is too slow: 1k is the least. Use off for no limit.", field=field)
    return rate
