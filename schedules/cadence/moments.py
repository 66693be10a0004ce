"""A date, a local time or an instant, as people write them: `2026-03-08`, `2026-03-08T02:30`, `2026-03-08T07:30Z`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from longshore.errors import Invalid

Moment = date | datetime
"""A date; a naive datetime, read on the wall clock of the rule's zone; or an aware one, in UTC."""

MOMENT = timedelta(microseconds=1)
"""The shortest time there is: an instant later or earlier by as little as possible."""

EARLIEST, LATEST = 1970, 9000
"""Years. Far enough from both ends of the calendar that any zone can show every moment between them."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?",
    re.ASCII,
)


def moment(field: str, value: object, *, dates: bool = True) -> Moment:
    """What is written, to the second; a date only with `dates`. Raises Invalid with the field's name."""
    form = "2026-03-08T02:30 (local time) or 2026-03-08T07:30:00Z"
    try:
        found = _parsed(value, dates=dates)
    except ValueError:
        found = None
    if found is None:
        raise Invalid(f"{field} must be {'a date as 2026-03-08, or ' if dates else ''}a time as {form}", field=field)
    if not EARLIEST <= found.year <= LATEST:
        raise Invalid(f"{field} must be between the years {EARLIEST} and {LATEST}", field=field)
    return found


def _parsed(value: object, *, dates: bool) -> Moment | None:
    if isinstance(value, str) and dates and _DATE.fullmatch(value):
        return date.fromisoformat(value)
    if isinstance(value, str) and _DATETIME.fullmatch(value):
        value = datetime.fromisoformat(value.upper())
    if isinstance(value, datetime):
        value = value.replace(microsecond=0, fold=0)
        try:
            return value.astimezone(UTC) if value.tzinfo else value
        except OverflowError:
            return None
    return value if dates and isinstance(value, date) else None


def written(value: Moment) -> str:
    """As `moment` reads it."""
    return value.isoformat().replace("+00:00", "Z")
