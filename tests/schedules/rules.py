"""Random rules, each with its meaning in plain Python beside what a client would write."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from schedules.cadence import zones
from tests.schedules.oracle import Meant

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ODD_ZONES = (
    "America/New_York",  # one hour, at 02:00
    "Europe/London",
    "Europe/Dublin",  # "negative" summer time: winter is the exception
    "Australia/Lord_Howe",  # half an hour
    "Pacific/Apia",  # skipped 30 December 2011
    "Pacific/Kwajalein",  # skipped 21 August 1993
    "Asia/Beirut",  # at midnight
    "America/Sao_Paulo",  # at midnight, until 2019
    "Africa/Casablanca",  # twice a year around Ramadan
    "America/St_Johns",  # at 00:01 until 2011: the hour that comes twice begins before midnight
    "Antarctica/Troll",  # two hours
    "Antarctica/Casey",  # three hours, several times a decade
    "Asia/Pyongyang",  # half an hour for good, in 2015 and 2018
    "Asia/Kathmandu",  # a quarter of an hour, in 1986
    "America/Nuuk",  # at 22:00 and 23:00
    "UTC",
)
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


@cache
def transitions(name: str) -> list[datetime]:
    """The instants between 1980 and 2037 at which the zone's offset changes, to the minute."""
    zone, found = ZoneInfo(name), []
    days = [datetime(1980, 1, 1, tzinfo=UTC) + DAY * n for n in range(366 * 57)]
    offsets = [day.astimezone(zone).utcoffset() for day in days]
    for day, one, next_one in zip(days, offsets, offsets[1:], strict=False):
        if one != next_one:
            minutes = range(24 * 60 + 1)
            later = bisect_left(
                minutes, True, key=lambda n, day=day, one=one: (day + n * MINUTE).astimezone(zone).utcoffset() != one
            )
            found.append(day + later * MINUTE)
    return found or days[:1]


def last_day(day: date) -> int:
    return (date(day.year + day.month // 12, day.month % 12 + 1, 1) - DAY).day


def is_nth(day: date, week: int) -> bool:
    return (day + 7 * DAY).month != day.month if week == -1 else (day.day - 1) // 7 + 1 == week


night = st.integers(0, 4 * 60 - 1).map(lambda minute: 60 * minute)  # when clocks are changed
seconds_of_day = st.one_of(night, night, st.integers(0, 86399))


def written(second: int) -> str:
    text = f"{second // 3600:02}:{second // 60 % 60:02}"
    return f"{text}:{second % 60:02}" if second % 60 else text


@st.composite
def calendar_rules(draw: st.DrawFn) -> dict[str, object]:
    kind = draw(st.sampled_from(["daily", "weekly", "monthly"]))
    times = draw(st.sets(seconds_of_day, min_size=1, max_size=4))
    fields: dict[str, object] = {"schedule_type": kind, "schedule_times": [written(second) for second in times]}
    if len(times) == 1 and draw(st.booleans()):
        fields["schedule_time"] = fields.pop("schedule_times")[0]  # type: ignore[index]
    on = lambda _day: True  # noqa: E731 - the plainest rule
    weekdays = draw(st.sets(st.integers(0, 6), min_size=1, max_size=4))
    if kind == "weekly":
        fields["schedule_days_of_week"] = list(weekdays)
        on = lambda day: day.weekday() in weekdays  # noqa: E731
    elif kind == "monthly" and draw(st.booleans()):
        week = draw(st.sampled_from([1, 2, 3, 4, 5, -1]))
        fields |= {"schedule_days_of_week": list(weekdays), "schedule_week_of_month": week}
        on = lambda day: day.weekday() in weekdays and is_nth(day, week)  # noqa: E731
    elif kind == "monthly":
        days = draw(
            st.sets(
                st.one_of(st.integers(1, 31), st.integers(28, 31), st.sampled_from([-1, 29, 30, 31])),
                min_size=1,
                max_size=3,
            )
        )
        month_end = draw(st.sampled_from(["clamp", "skip"]))
        fields |= {"schedule_days_of_month": list(days), "month_end": month_end}

        def on(day: date) -> bool:
            last = day.day == last_day(day)
            return day.day in days or (last and (-1 in days or (month_end == "clamp" and max(days) > day.day)))

    return {"on": on, "seconds": frozenset(times), "fields": fields}


@st.composite
def cron_field(draw: st.DrawFn, low: int, high: int, names: list[str], *, common: bool = False) -> tuple[str, set[int]]:
    """One field as text, and the numbers it means."""
    if draw(st.booleans()) if common else draw(st.integers(0, 3)) == 0:
        return "*", set(range(low, high + 1))

    def word(number: int) -> str:
        return names[number - low] if names and draw(st.booleans()) else str(number)

    texts, meant = [], set()
    for _ in range(draw(st.integers(1, 3))):
        first, second = draw(st.integers(low, high)), draw(st.integers(low, high))
        step = draw(st.integers(1, max(2, (high - low) // 2)))
        around = [*range(first, high + 1), *range(low, first)]
        span = around[: around.index(second) + 1]
        match draw(st.sampled_from(["value", "range", "stepped", "from", "star"])):
            case "value":
                texts.append(word(first))
                meant.add(first)
            case "range":
                texts.append(f"{word(first)}-{word(second)}")
                meant.update(span)
            case "stepped":
                texts.append(f"{word(first)}-{word(second)}/{step}")
                meant.update(span[::step])
            case "from":
                texts.append(f"{word(first)}/{step}")
                meant.update(range(first, high + 1, step))
            case _:
                texts.append(f"*/{step}")
                meant.update(range(low, high + 1, step))
    return ",".join(texts), meant


@st.composite
def cron_rules(draw: st.DrawFn) -> dict[str, object]:
    minute, minutes = draw(cron_field(0, 59, []))
    hour, hours = draw(cron_field(0, 23, [], common=True))
    month, months = draw(cron_field(1, 12, MONTHS, common=True))
    day, days = draw(cron_field(1, 31, [], common=True))
    weekday, weekdays = draw(cron_field(0, 6, WEEKDAYS, common=True))
    nth: set[tuple[int, int]] = set()
    if draw(st.integers(0, 4)) == 0:
        number, week = draw(st.integers(0, 6)), draw(st.sampled_from([1, 2, 3, 4, 5, -1]))
        name = draw(st.sampled_from([str(number), WEEKDAYS[number]] + ["7"] * (number == 0)))
        term = f"{name}#{week}" if week > 0 else draw(st.sampled_from([f"{name}L", f"L{number}"]))
        weekday, weekdays, nth = (
            (term, set(), {(number, week)}) if weekday == "*" else (f"{weekday},{term}", weekdays, nth)
        )
        nth = {(number, week)}
    last = draw(st.integers(0, 5)) == 0
    if last:
        day, days = ("L", set()) if day == "*" else (f"{day},L", days)
    either = not day.startswith("*") and not weekday.startswith("*")

    def on(one: date) -> bool:
        number = one.isoweekday() % 7
        by_day = one.day in days or (last and one.day == last_day(one))
        by_name = number in weekdays or any(number == name and is_nth(one, week) for name, week in nth)
        return one.month in months and (by_day or by_name if either else by_day and by_name)

    text = f"{minute} {hour} {day} {month} {weekday}"
    seconds = frozenset(hour * 3600 + minute * 60 for hour in hours for minute in minutes)
    return {"on": on, "seconds": seconds, "fields": {"schedule_type": "cron", "schedule_cron": text}}


@st.composite
def cases(draw: st.DrawFn) -> tuple[Meant, datetime]:
    """A rule and an instant, mostly near a change of the clocks."""
    if draw(st.integers(0, 3)):
        zone = draw(st.sampled_from(ODD_ZONES))
        hours, days = st.integers(-3 * 3600, 3 * 3600), st.integers(-2 * 86400, 2 * 86400)
        after = draw(st.sampled_from(transitions(zone))) + timedelta(seconds=draw(st.one_of(hours, days)))
    else:
        zone = draw(st.sampled_from(sorted(zones())))
        after = draw(st.datetimes(datetime(1980, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
    gap = draw(st.sampled_from(["first_valid", "skip"]))
    overlap = draw(st.sampled_from(["first", "second", "both"]))
    policies: dict[str, object] = {"dst_gap": gap, "dst_overlap": overlap, "timezone": zone}
    common: dict[str, Any] = {"zone": zone, "gap": gap, "overlap": overlap}
    kind = draw(st.integers(0, 9))
    rule: dict[str, Any] = draw(calendar_rules() if kind < 6 else cron_rules())
    near = after + timedelta(seconds=draw(st.integers(-10 * 86400, 10 * 86400)))
    local = near.astimezone(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0, fold=0)
    slot = datetime(local.year, local.month, local.day) + timedelta(seconds=min(rule["seconds"]))  # noqa: DTZ001
    instants = st.sampled_from([local, slot, near.replace(microsecond=0)])
    if kind == 0:
        once = draw(instants)
        fields = {"schedule_type": "once", "schedule_at": text(once)}
        return Meant(**common, once=once, fields=fields | policies), after
    moments = st.one_of(instants, st.just(local.date()))
    start = draw(moments) if kind == 1 or draw(st.integers(0, 3)) == 0 else None
    end = start + draw(st.integers(0, 40)) * DAY if start and draw(st.booleans()) else None
    bounds = {name: text(moment) for name, moment in (("start_at", start), ("end_at", end)) if moment}
    if kind == 1:
        every = draw(st.one_of(st.integers(60, 86400), st.sampled_from([3600, 86400, 7 * 86400])))
        fields = {"schedule_type": "interval", "schedule_interval_seconds": every}
        return Meant(**common, every=every, start=start, end=end, fields=fields | policies | bounds), after
    fields = rule.pop("fields") | policies | bounds
    return Meant(**common, start=start, end=end, fields=fields, **rule), after


def text(moment: date | datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
