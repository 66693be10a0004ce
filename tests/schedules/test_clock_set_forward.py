"""A clock that is set forward, or a machine that slept, is downtime from the first moment on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from longshore import pulses
from longshore.db import transaction
from tests.schedules.ledger import DAY, NINE, outcomes, tick

Add = Callable[..., str]
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("catchup", "expected"),
    [("none", ["missed"] * 3), ("latest", ["coalesced", "coalesced", "fired"]), ("all", ["fired"] * 3)],
)
def test_slots_that_it_passes_over_are_made_up_for_by_the_policy_before_beat_has_pulsed_again(
    schedule: Add, rung: list[str], catchup: str, expected: list[str]
) -> None:
    schedule_id = schedule(NINE, policy={"catchup": catchup, "overlap": "allow"})
    with transaction() as session:
        pulses.beat(session, now=NINE - HOUR)
        pulses.beat(session, now=NINE)
    tick(NINE)
    tick(NINE + 3 * DAY + HOUR)
    assert outcomes(schedule_id) == ["fired", *expected]
