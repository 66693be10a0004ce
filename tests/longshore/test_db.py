from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from longshore.db import clock, reading, transaction
from longshore.models import Pulse


def test_an_instant_comes_back_aware_and_in_utc(database):
    at = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)
    with transaction() as session:
        session.add(Pulse(name="a", at=at))
    with reading() as session:
        assert session.scalar(select(Pulse.at)) == at


def test_a_naive_instant_is_refused(database):
    with pytest.raises(StatementError, match="naive datetime"), transaction() as session:
        session.add(Pulse(name="a", at=datetime(2026, 3, 8, 12, 0)))  # noqa: DTZ001 - the point


def test_an_exception_rolls_back(database):
    def fail_midway() -> None:
        with transaction() as session:
            session.add(Pulse(name="a", at=clock(session)))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_midway()
    with reading() as session:
        assert session.scalar(select(Pulse.name)) is None


def test_the_clock_is_close_to_ours(database):
    with reading() as session:
        assert abs(clock(session) - datetime.now(UTC)) < timedelta(seconds=5)
