from __future__ import annotations

import pytest

from workers.destinations.base import next_free, numbered


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


@pytest.mark.parametrize("last", [1, 2, 3, 7, 8, 99, 1000])
def test_the_next_free_number_comes_after_a_row_of_any_length(last):
    asked = []
    assert next_free(lambda one: asked.append(one) or one <= last, 1) == last + 1
    assert len(asked) <= 2 * last.bit_length()


def test_a_number_in_a_gap_does_as_well():
    taken = {1, 2, 3, 4, 9, 10}
    found = next_free(taken.__contains__, 1)
    assert found not in taken
    assert found - 1 in taken
