from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from app.cli import main


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["schedule", "preview", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_a_rule_is_shown_in_utc_and_on_its_own_clock_with_what_is_odd() -> None:
    shown = run("--time", "02:30", "--timezone", "America/New_York", "--after", "2026-03-06", "--count", "3")
    lines = shown.splitlines()
    assert lines[0] == "every day at 02:30 (America/New_York)"
    assert lines[1] == "note: 02:30 does not exist on 8 March 2026 in America/New_York; fires at 03:00"
    assert "2026-03-08 07:00:00" in shown
    assert "Sun 2026-03-08 03:00:00 -0400" in shown
    assert "2026-03-09" not in shown


def test_json_is_what_the_api_answers() -> None:
    answer = json.loads(run("--cron", "0 9 13 * fri", "--after", "2026-01-01T12:00", "--count", "2", "--json"))
    assert answer["description"] == 'as cron has "0 9 13 * fri" (UTC)'
    assert [slot["at"] for slot in answer["slots"]] == ["2026-01-02T09:00:00Z", "2026-01-09T09:00:00Z"]
    assert [finding["code"] for finding in answer["findings"]] == ["either_day"]


@pytest.mark.parametrize(
    ("options", "description"),
    [
        (["--time", "09:00", "--time", "17:00"], "every day at 09:00 and 17:00 (UTC)"),
        (["--time", "09:00", "--weekday", "0", "--weekday", "4"], "every Monday and Friday at 09:00 (UTC)"),
        (["--time", "09:00", "--day", "-1"], "on the last day of every month at 09:00 (UTC)"),
        (["--time", "09:00", "--week", "2", "--weekday", "1"], "on the second Tuesday of every month at 09:00 (UTC)"),
        (["--every", "5400"], "every 90 minutes, from 1 January 2026 at 00:00 UTC"),
        (["--at", "2030-01-01T09:00"], "once, on 1 January 2030 at 09:00 (UTC)"),
    ],
)
def test_the_type_follows_from_the_options(options: list[str], description: str) -> None:
    assert run(*options, "--after", "2026-01-01").splitlines()[0] == description


def test_a_rule_that_is_never_due_fails_and_a_wrong_one_is_named() -> None:
    assert "error: the rule never fires" in run("--cron", "0 0 30 2 *", code=1)
    assert "the hour '25' is not from 0 to 23" in run("--cron", "0 25 * * *", code=2)
    assert "schedule_time is needed" in run(code=2)


SATURDAYS = ("--weekday", "5", "--time", "09:00", "--after", "2026-03-06", "--count", "2")


def test_a_rule_whose_every_slot_lies_in_a_blackout_never_fires() -> None:
    shown = run(*SATURDAYS, "--blackout", '{"days": [5, 6]}', code=1)
    assert "warning: never fires: every one of the next 2000 slots lies in a blackout" in shown
    (first, _second) = json.loads(run(*SATURDAYS, "--blackout", '{"days": [5]}', "--json", code=1))["slots"]
    assert (first["outcome"], first["fires_at"]) == ("skipped", None)


def test_blackouts_that_defer_jitter_and_the_runs_that_remain_are_shown() -> None:
    options = ("--blackout", '{"days": [5, 6]}', "--in-blackout", "defer", "--jitter", "60", "--remaining", "1")
    (one,) = json.loads(run(*SATURDAYS, *options, "--json"))["slots"]
    assert one["at"] == "2026-03-07T09:00:00Z"
    assert (one["fires_at"], one["fires_until"]) == ("2026-03-09T00:00:00Z", "2026-03-09T00:01:00Z")
    assert "note: each slot is taken up to 60 s later" in run(*SATURDAYS, *options)


@pytest.mark.parametrize("wrong", ["saturday", '{"days": [9]}', "[]"])
def test_a_blackout_that_cannot_be_meant_is_refused(wrong: str) -> None:
    assert "blackout" in run(*SATURDAYS, "--blackout", wrong, code=2)
