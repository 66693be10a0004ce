from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longshore.retention import Arrived, Rule, decide

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def file(name, days, **more):
    values = {
        "delivery_id": name,
        "folder": "backups",
        "path": f"/backups/{name}",
        "at": NOW - timedelta(days=days),
        "size": 1,
        "format": "png",
        "document": "doc-1",
        "document_name": "Doc",
        "schedule_id": "s1",
    }
    return Arrived(**(values | more))


def removed(rules, files):
    return {one.file.delivery_id: one.why for one in decide(rules, files, NOW) if not one.keep}


def test_the_last_so_many_stay():
    files = [file(f"f{days}", days) for days in range(5)]
    gone = removed([Rule(keep_last=3)], files)
    assert set(gone) == {"f3", "f4"}
    assert gone["f4"] == "number 5 of its series, and 3 are kept"


def test_what_is_young_stays():
    files = [file("old", 8), file("young", 6.9), file("edge", 7)]
    assert removed([Rule(keep_days=7)], files) == {"old": "older than 7 days"}


def test_what_either_condition_keeps_stays():
    files = [file(f"f{days}", days) for days in (1, 2, 3, 10, 20)]
    assert set(removed([Rule(keep_last=4, keep_days=2)], files)) == {"f20"}
    assert set(removed([Rule(keep_last=1, keep_days=2)], files)) == {"f3", "f10", "f20"}


def test_the_newest_of_a_series_stays_however_old():
    files = [file("f1", 400), file("f2", 500)]
    assert set(removed([Rule(keep_days=1)], files)) == {"f2"}


def test_each_schedule_keeps_its_own_and_each_document_without_one():
    files = [
        *(file(f"a{i}", i) for i in range(3)),
        *(file(f"b{i}", i, schedule_id="s2") for i in range(3)),
        *(file(f"c{i}", i, schedule_id=None) for i in range(3)),
        *(file(f"d{i}", i, schedule_id=None, document="doc-2") for i in range(3)),
        *(file(f"p{i}", i, format="pdf") for i in range(3)),
    ]
    assert set(removed([Rule(keep_last=2)], files)) == {"a2", "b2", "c2", "d2", "p2"}
    of_document = removed([Rule(keep_last=2, per="document")], files)
    assert set(of_document) == {f"{name}{i}" for name in "abc" for i in range(3)} - {"c0", "b0"} | {"d2", "p2"}
    assert len(removed([Rule(keep_last=2, per="folder")], files)) == 13


def test_the_nearest_folder_s_rule_holds_and_what_no_rule_covers_stays():
    files = [
        file("x1", 1, folder="a/2026/11"),
        file("x2", 40, folder="a/2026/10"),
        file("y1", 1, folder="a/b"),
        file("y2", 40, folder="/a/b/"),
        file("z1", 1, folder="ab"),
        file("z2", 40, folder="ab"),
    ]
    rules = [Rule("a", keep_last=1), Rule("a/b", keep_last=2)]
    assert set(removed(rules, files)) == {"x2"}
    assert {one.rule for one in decide(rules, files, NOW)} == {0, 1}
    assert set(removed([Rule("", keep_last=1)], files)) == {one.delivery_id for one in files} - {"z1"}


def test_what_a_later_delivery_replaced_is_not_there_to_be_removed_or_counted():
    latest = [file(f"v{days}", days, path="/backups/Latest.png") for days in range(5)]
    others = [file("o6", 6), file("o7", 7), replace(file("case", 9), path="/backups/latest.PNG")]
    assert set(removed([Rule(keep_last=2)], [*latest, *others])) == {"o7"}


ages = st.lists(st.floats(0, 1000, allow_nan=False), min_size=1, max_size=40)


@given(ages, st.integers(1, 50) | st.none(), st.floats(0.1, 1000) | st.none())
def test_no_rule_removes_the_newest_or_more_than_it_says(days, last, age):
    if last is None and age is None:
        return
    files = [file(str(i), one) for i, one in enumerate(days)]
    gone = removed([Rule(keep_last=last, keep_days=age)], files)
    newest = sorted(files, key=lambda one: (one.at, one.delivery_id), reverse=True)
    assert newest[0].delivery_id not in gone
    for rank, one in enumerate(newest):
        kept = rank == 0 or (last is not None and rank < last)
        kept = kept or (age is not None and NOW - one.at <= timedelta(days=age))
        assert (one.delivery_id not in gone) == kept


@pytest.mark.parametrize("rule", [Rule(keep_last=3), Rule("a/b", keep_days=1.5, per="folder")])
def test_a_rule_is_stored_as_it_is(rule):
    assert Rule.of(rule.stored()) == rule


def test_what_the_next_one_moved_aside_is_still_there_and_what_it_replaced_is_not():
    def at(days, conflict, **more):
        return file(f"f{days}", days, path="/backups/latest", conflict=conflict, **more)

    files = [at(0, "version"), at(1, "version"), at(2, "overwrite"), at(3, "version")]
    decisions = decide([Rule(keep_last=1)], files, NOW)
    assert [(one.file.delivery_id, one.successor) for one in decisions] == [("f0", ""), ("f1", "f0"), ("f2", "f1")]
    assert [one.keep for one in decisions] == [True, False, False]
    gone = [at(0, "version", gone=True), at(1, "version")]
    assert [one.successor for one in decide([Rule(keep_last=1)], gone, NOW)] == ["f0"]
