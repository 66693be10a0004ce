"""Whatever happens in whatever order: each slot that was due has exactly one run, and none has one that was not.

Never are there more runs than were left, and none after the end; a schedule is paused for a fault where its policy
says so, and nowhere else, and made up for as the policy says.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.schedules.machine import Schedules

Add = Callable[..., str]


def explore(schedule: Add, examples: int, steps: int) -> None:
    machine = type("Machine", (Schedules,), {"add": staticmethod(schedule)})
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    told = {"phases": (Phase.generate,), "report_multiple_bugs": False}  # shrinking such histories takes for ever
    chosen = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=quiet, **told
    )
    run_state_machine_as_test(machine, settings=chosen)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_each_slot_that_was_due_has_one_run_whatever_happens(schedule: Add, rung: list[str]) -> None:
    explore(schedule, examples=12, steps=15)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_each_slot_that_was_due_has_one_run_in_many_histories(
    schedule: Add, rung: list[str], record_property: Callable[[str, object], None]
) -> None:
    record_property("target", "0 slots lost, 0 doubled, 0 that were never due")
    explore(schedule, examples=60, steps=40)
    record_property("figure", "60 histories of up to 40 steps on each database")
