from __future__ import annotations

from workers.turn import take_turn


def test_a_turn_is_taken_once_in_its_time(tmp_path):
    path = tmp_path / "turns" / "here"
    assert take_turn(path, 0.5, 100.0)
    assert not take_turn(path, 0.5, 100.4)
    assert take_turn(path, 0.5, 100.5)


def test_who_looked_at_the_clock_earlier_and_comes_later_takes_none(tmp_path):
    assert take_turn(tmp_path / "here", 0.5, 100.0)
    assert not take_turn(tmp_path / "here", 0.5, 99.9)


def test_a_turn_from_before_the_machine_started_anew_holds_up_nobody(tmp_path):
    assert take_turn(tmp_path / "here", 0.5, 900_000.0)
    assert take_turn(tmp_path / "here", 0.5, 3.0)


def test_a_file_that_was_cut_off_is_none(tmp_path):
    (tmp_path / "here").write_bytes(b"abc")
    assert take_turn(tmp_path / "here", 0.5, 100.0)
