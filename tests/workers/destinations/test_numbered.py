from __future__ import annotations

import pytest

from workers.destinations.base import numbered


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("a.png", "a (2).png"),
        ("README", "README (2)"),
        (".env", ".env (2)"),
        ("a.csv.gz", "a (2).csv.gz"),
        ("a.csv.zst.age", "a (2).csv.zst.age"),
        ("b.tar.gz", "b (2).tar.gz"),
        ("a.age", "a (2).age"),
        (".age", ".age (2)"),
    ],
)
def test_the_number_stands_before_every_ending(name, second):
    assert numbered(name, 2) == second
