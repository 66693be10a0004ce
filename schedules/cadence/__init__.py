"""When a schedule is due: the door to everything that is pure about time. No database and no clock; instants are UTC.

A rule (`rule.py`, read and checked by `read.py`) means days (`days.py`, `cron.py`) and times of day. They are walked in
*naive* local time (`walk.py`), and each is placed on the time line with zoneinfo (`clock.py`), by one rule: **a slot is
due at the first instant at which the zone's wall clock has reached it.** So

- a time that exists is due when the clock shows it;
- a time that the clock jumps over (spring, or a day that a country skipped) is due at the end of the jump, once,
  however many were jumped over; or not at all with `dst_gap: skip`;
- a time that the clock shows twice (autumn) is due the first time; or the second, or both, by `dst_overlap`.

Intervals are counted in elapsed seconds and know no wall clock. `lint.py` says what is odd about a rule as a whole.
"""

from __future__ import annotations

from schedules.cadence.change import CLEARABLE, changed
from schedules.cadence.fields import zones
from schedules.cadence.lint import Finding, Level, lint, never_due
from schedules.cadence.read import TYPES
from schedules.cadence.rule import MORE_FIELDS, SEED_FIELDS, Cadence
from schedules.cadence.walk import Slot, next_slot, slots, walk, walk_back

__all__ = [
    "CLEARABLE",
    "MORE_FIELDS",
    "SEED_FIELDS",
    "TYPES",
    "Cadence",
    "Finding",
    "Level",
    "Slot",
    "changed",
    "lint",
    "never_due",
    "next_slot",
    "slots",
    "walk",
    "walk_back",
    "zones",
]
