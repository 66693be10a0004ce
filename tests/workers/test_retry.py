from __future__ import annotations

import pytest

from longshore.errors import BadDocument, NeedsReconnect, NotFound, Permanent, Transient
from workers.retry import again, delay


def test_waits_double_up_to_a_minute():
    assert [delay(attempt, lambda: 0.5) for attempt in range(1, 8)] == [2, 4, 8, 16, 32, 60, 60]


def test_chance_spreads_a_wait_by_a_quarter():
    assert delay(1, lambda: 0.0) == 1.5
    assert delay(1, lambda: 0.999) < 2.5


@pytest.mark.parametrize("error", [Permanent("no"), BadDocument("no"), NeedsReconnect("no"), NotFound("no")])
def test_what_cannot_pass_by_itself_is_not_tried_again(error):
    assert again(error, 1, 3, lambda: 0.5) is None


def test_the_last_attempt_is_the_last():
    assert again(Transient("later"), 2, 3, lambda: 0.5) == 4
    assert again(Transient("later"), 3, 3, lambda: 0.5) is None


def test_a_named_time_is_never_shortened():
    assert again(Transient("later", retry_after=30), 1, 3, lambda: 0.5) == 30
    assert again(Transient("later", retry_after=0.1), 1, 3, lambda: 0.5) == 2


@pytest.mark.parametrize("named", [10.0**12, 10**400, float("inf")], ids=["long", "huge", "endless"])
def test_a_wait_of_years_is_one_of_an_hour(named):
    assert again(Transient("later", retry_after=named), 1, 3, lambda: 0.5) == 3600


@pytest.mark.parametrize("named", [float("nan"), -1])
def test_a_time_that_is_none_is_not_kept(named):
    assert again(Transient("later", retry_after=named), 1, 3, lambda: 0.5) == 2
