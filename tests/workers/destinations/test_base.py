from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from workers.destinations.base import dated

MOMENT = datetime(2026, 11, 21, 14, 3, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.png", "a (2026-11-21 14.03.05).png"),
        ("no-extension", "no-extension (2026-11-21 14.03.05)"),
        (".hidden", ".hidden (2026-11-21 14.03.05)"),
        ("many.dots.tar.gz", "many.dots.tar (2026-11-21 14.03.05).gz"),
    ],
)
def test_a_dated_name_has_the_date_before_the_extension(name, expected):
    assert dated(name, MOMENT) == expected


def test_the_date_is_in_utc():
    assert dated("a", MOMENT.astimezone(timezone(timedelta(hours=-8)))) == "a (2026-11-21 14.03.05)"


@pytest.mark.parametrize("name", ["n" * 300 + ".png", "界" * 100 + ".parquet", "a." + "y" * 250, "x" * 230])
def test_a_dated_name_is_shortened_in_its_stem(name):
    made = dated(name, MOMENT)
    assert len(made.encode()) <= 230
    assert "(2026-11-21 14.03.05)" in made
    assert "\ufffd" not in made
