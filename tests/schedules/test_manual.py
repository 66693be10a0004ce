"""What docs/schedules.md says about rules is so."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from schedules.cadence import MORE_FIELDS, SEED_FIELDS, TYPES
from schedules.cadence.clock import Gap, Overlap
from schedules.cadence.cron import parse

MANUAL = (Path(__file__).resolve().parents[2] / "docs" / "schedules.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*SEED_FIELDS, *MORE_FIELDS, *TYPES, *Gap, *Overlap])
def test_every_field_and_word_is_explained(name: str) -> None:
    assert f"`{name}`" in MANUAL


def test_the_session_on_the_command_line_is_a_real_one() -> None:
    session = MANUAL.partition("```console\n")[2].partition("```")[0].splitlines()
    command, *shown = session
    printed = CliRunner().invoke(main, shlex.split(command.removeprefix("$ longshore "))).output.splitlines()
    assert printed[:2] == shown[:2]
    rows = [" ".join(line.split("│")[:2]).split() for line in printed if line.lstrip().startswith("2026")]
    assert rows == [" ".join(line.split("│")[:2]).split() for line in shown if line.lstrip().startswith("2026")]
    assert len(rows) == 3


def test_every_cron_expression_in_it_can_be_read() -> None:
    expressions = re.findall(r"`((?:[\d*][^ `]* ){4}[^ `]+)`", MANUAL)
    assert "0 9 13 * fri" in expressions
    for expression in expressions:
        assert parse(expression).hours
