"""Which of the delivered files a connection's rules keep, and why. Pure: files and the time are arguments.

A rule is for a folder and what is below it; of several, the one for the nearest folder holds. It keeps the last so many
of each series, the ones younger than so many days, or, where it says both, what either keeps. The newest of a series is
always kept. A series is by default what one schedule delivers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Self

Per = Literal["schedule", "document", "folder"]


@dataclass(frozen=True, slots=True)
class Rule:
    """`folder` is the beginning of a folder's path, empty for all; at least one of the two conditions is there."""

    folder: str = ""
    keep_last: int | None = None
    keep_days: float | None = None
    per: Per = "schedule"

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """As a row has it."""
        return cls(**stored)

    def stored(self) -> dict[str, Any]:
        """For a row."""
        return asdict(self)

    def covers(self, folder: str) -> bool:
        """Whether a file in this folder falls under the rule."""
        here, there = parts(self.folder), parts(folder)
        return there[: len(here)] == here


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that was delivered and is there as far as we know. `document` stands for what it was made of.

    `conflict` is the policy that it took its path by. `gone`: it is not there any more, and only says what became of
    the one before it.
    """

    delivery_id: str
    folder: str
    path: str
    at: datetime
    size: int
    format: str
    document: str
    document_name: str
    schedule_id: str | None = None
    conflict: str = ""
    gone: bool = False

    def series(self, per: Per) -> tuple[str, ...]:
        """What it is one of. Without a schedule, `schedule` goes by the document. Formats are kept apart."""
        if per == "folder":
            return ("folder",)
        if per == "schedule" and self.schedule_id:
            return ("schedule", self.schedule_id, self.format)
        return ("document", self.document, self.format)


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one file, with the reason in words; `rule` is the number of the rule that decided.

    `successor` is the delivery that moved it to its dated name, by policy `version`; empty: it has its own name.
    """

    file: Arrived
    keep: bool
    why: str
    series: tuple[str, ...]
    rule: int
    successor: str = ""


def parts(folder: str) -> tuple[str, ...]:
    """The parts of a folder's path."""
    return tuple(part for part in folder.replace("\\", "/").split("/") if part.strip() not in {"", "."})


def decide(rules: Sequence[Rule], files: Iterable[Arrived], now: datetime) -> list[Decision]:
    """A decision for every file that a rule covers, the newest first.

    Of files that went to one path the newest is there, and under its dated name each that the next one moved aside by
    policy `version`. The others were replaced and are left out.
    """
    newest_first = sorted(files, key=lambda one: (one.at, one.delivery_id), reverse=True)
    newer: dict[str, Arrived] = {}
    count: defaultdict[tuple[int, tuple[str, ...]], int] = defaultdict(int)
    decisions = []
    for file in newest_first:
        place = file.path.casefold()  # for some providers names that differ in case are one
        successor = newer.get(place)
        newer[place] = file
        if file.gone or (successor and successor.conflict != "version"):
            continue
        number = _nearest(rules, file.folder)
        if number is None:
            continue
        series = file.series(rules[number].per)
        count[number, series] += 1
        keep, why = _kept(rules[number], count[number, series], now - file.at)
        decisions.append(Decision(file, keep, why, series, number, successor.delivery_id if successor else ""))
    return decisions


def _nearest(rules: Sequence[Rule], folder: str) -> int | None:
    covering = [number for number, rule in enumerate(rules) if rule.covers(folder)]
    return max(covering, key=lambda number: len(parts(rules[number].folder)), default=None)


def _kept(rule: Rule, rank: int, age: timedelta) -> tuple[bool, str]:
    if rank == 1:
        return True, "the newest of its series"
    if rule.keep_last is not None and rank <= rule.keep_last:
        return True, f"one of the last {rule.keep_last}"
    if rule.keep_days is not None and age <= timedelta(days=rule.keep_days):
        return True, f"not older than {_days(rule.keep_days)}"
    broken = []
    if rule.keep_last is not None:
        broken.append(f"number {rank} of its series, and {rule.keep_last} are kept")
    if rule.keep_days is not None:
        broken.append(f"older than {_days(rule.keep_days)}")
    return False, "; ".join(broken)


def _days(days: float) -> str:
    return f"{days:g} day{'' if days == 1 else 's'}"
