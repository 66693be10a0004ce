"""The time that another side asks us to wait: `Retry-After` (RFC 9110 section 10.2.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from longshore.errors import LONGEST_WAIT

SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)


def retry_after(told: str, now: datetime) -> float | None:
    """Seconds from `now`, of a header that names seconds or a date, up to LONGEST_WAIT. None where it names neither."""
    told = told.strip()
    if SECONDS.fullmatch(told):
        return min(float(told), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(told)
    except ValueError:
        return None
    if moment.tzinfo is None:  # RFC 5322's -0000: UTC, from a clock of unknown place
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - now).total_seconds()), LONGEST_WAIT)
