"""`longshore schedule preview`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from longshore.errors import Invalid

if TYPE_CHECKING:
    from schedules.forecast import Expected

COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


@click.group("schedule")
def schedule_group() -> None:
    """Rules that say when a schedule is due."""


@schedule_group.command("preview")
@click.option("--time", "schedule_times", multiple=True, metavar="HH:MM", help="A time of day. May be repeated.")
@click.option("--weekday", "schedule_days_of_week", multiple=True, type=int, help="0 is Monday. May be repeated.")
@click.option("--day", "schedule_days_of_month", multiple=True, type=int, help="1 to 31, -1 the last. May be repeated.")
@click.option("--week", "schedule_week_of_month", type=int, help="Which --weekday of a month: 1 to 5, -1 the last.")
@click.option("--month-end", type=click.Choice(["clamp", "skip"]), help="What becomes of a --day that a month lacks.")
@click.option("--cron", "schedule_cron", help="An expression of five fields, or @daily and its like.")
@click.option("--every", "schedule_interval_seconds", type=int, metavar="SECONDS", help="An interval, 60 or more.")
@click.option("--at", "schedule_at", help="Once: 2026-03-08T02:30, or an instant with Z.")
@click.option("--timezone", default="UTC", show_default=True, help="An IANA name, as Europe/London.")
@click.option("--start", "start_at", help="Nothing is due earlier: a date, a local time or an instant.")
@click.option("--end", "end_at", help="Nothing is due later; a date counts as a whole.")
@click.option("--gap", "dst_gap", type=click.Choice(["first_valid", "skip"]), help="A time that the clock jumps over.")
@click.option("--overlap", "dst_overlap", type=click.Choice(["first", "second", "both"]), help="One it shows twice.")
@click.option("--remaining", type=click.IntRange(1), help="After so many runs that fired it is over.")
@click.option("--jitter", type=int, default=0, metavar="SECONDS", help="Each slot is taken up so much later at most.")
@click.option("--blackout", "blackouts", multiple=True, metavar="JSON", help='As {"days": [5, 6]}. May be repeated.')
@click.option("--in-blackout", type=click.Choice(["skip", "defer"]), default="skip", help="What a slot in one does.")
@click.option("--after", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]), help="From then on (UTC); default: now.")
@click.option("--count", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many slots to show.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: description, slots, findings, as the API has them.")
def preview(
    after: datetime | None,
    count: int,
    *,
    remaining: int | None,
    jitter: int,
    blackouts: tuple[str, ...],
    in_blackout: str,
    as_json: bool,
    **given: Any,
) -> None:
    """Show when a rule is due, in UTC and on its own clock, and what is odd about it. Needs no server.

    The type follows from the options: --cron, --every or --at; --day or --week make it monthly, --weekday weekly.
    Exits 1 where the rule is never due, or every slot lies in a blackout.
    """
    from schedules import policy
    from schedules.cadence import Cadence, Level, lint
    from schedules.forecast import by_weight, forecast, lint_policy

    start = datetime.now(UTC) if after is None else after.replace(tzinfo=UTC)
    try:
        cadence = Cadence.read(**_fields(given, start))
        chosen = policy.read(
            {"jitter_seconds": jitter, "blackouts": [_json(one) for one in blackouts], "in_blackout": in_blackout}
        )
        found = list(islice(forecast(cadence, chosen, start, remaining), count))
        findings = by_weight(lint_policy(cadence, chosen, start) + lint(cadence, start))
    except Invalid as error:
        raise click.UsageError(error.message) from error
    if as_json:
        answer = {
            "description": str(cadence),
            "slots": [_slot(one) for one in found],
            "findings": [
                {"code": one.code, "level": str(one.level), "field": one.field, "message": one.message}
                for one in findings
            ],
        }
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        click.echo(str(cadence))
        for finding in findings:
            click.echo(f"{click.style(finding.level, fg=COLOURS[finding.level])}: {finding.message}")
        table = Table(show_edge=False)
        table.add_column("UTC", no_wrap=True)
        table.add_column(cadence.timezone, no_wrap=True)
        table.add_column("Note")
        for one in found:
            slot = one.slot
            note = " ".join(part for part in (slot.note, _fires(one)) if part)
            table.add_row(f"{slot.at:%Y-%m-%d %H:%M:%S}", f"{slot.local:%a %Y-%m-%d %H:%M:%S %z}", note)
        if found:
            Console().print(table)
    sys.exit(1 if any(one.level == Level.ERROR or one.code == "never_fires" for one in findings) else 0)


def _fires(one: Expected) -> str:
    """When a slot is taken up, where that is not the instant at which it is due."""
    if one.fires_at is None or one.fires_until is None:
        return f"Not fired. {one.reason}"
    if one.fires_until == one.slot.at:
        return ""
    until = f" until {one.fires_until:%Y-%m-%d %H:%M:%S}" if one.fires_until > one.fires_at else ""
    return f"{one.reason} Fires from {one.fires_at:%Y-%m-%d %H:%M:%S}{until} UTC.".strip()


def _slot(one: Expected) -> dict[str, Any]:
    slot = {"at": _z(one.slot.at), "local": one.slot.local.isoformat(), "note": one.slot.note}
    fires = {"fires_at": one.fires_at and _z(one.fires_at), "fires_until": one.fires_until and _z(one.fires_until)}
    return slot | {"outcome": str(one.outcome), "reason": one.reason} | fires


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Invalid(
            f'--blackout {text}: this is not JSON, as {{"days": [5, 6]}}', field="policy.blackouts"
        ) from error


def _fields(given: dict[str, Any], start: datetime) -> dict[str, Any]:
    """The rule's fields, with the type that follows from those that were given."""
    fields = {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
    fields = {name: value for name, value in fields.items() if value not in (None, [])}
    types = {
        "schedule_cron": "cron",
        "schedule_interval_seconds": "interval",
        "schedule_at": "once",
        "schedule_week_of_month": "monthly",
        "schedule_days_of_month": "monthly",
        "schedule_days_of_week": "weekly",
    }
    kind = next((kind for name, kind in types.items() if name in fields), "daily")
    if kind == "interval":
        fields.setdefault("start_at", start)
    return {"schedule_type": kind} | fields


def _z(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
