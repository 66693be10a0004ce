from __future__ import annotations

import pytest

from workers.scene.letters import clusters, width
from workers.scene.nodes import Colour, Label, Run
from workers.scene.wrapping import fit


def lines(text: str, room: float, size: float = 10.0, height: float | None = None, **looks) -> list[str]:
    label = Label(tuple((Run(line),) for line in text.split("\n")), Colour("#000000"), size=size, **looks)
    return ["".join(run.text for run in line) for line in fit(label, room, height).lines]


def test_a_family_a_flag_and_a_skin_tone_are_one_sign_each():
    assert clusters("👩‍👩‍👧🇩🇪👍🏽e\u0301") == ["👩‍👩‍👧", "🇩🇪", "👍🏽", "e\u0301"]


def test_ideographs_are_one_em_wide_and_marks_take_no_room():
    assert width("漢字", 10, "sans") == pytest.approx(20)
    assert width("e\u0301", 10, "sans") == width("e", 10, "sans")
    assert width("iiii", 10, "mono") == pytest.approx(24)


def test_words_stay_whole_and_chinese_breaks_anywhere_but_before_a_full_stop():
    assert lines("the quick brown fox", 60, shrinks=False, align="start") == ["the quick", "brown fox"]
    assert lines("一二三四。五", 40, shrinks=False, align="start") == ["一二三", "四。五"]


def test_a_word_that_is_too_long_shrinks_first_and_breaks_last():
    shrunk = fit(Label(((Run("Authentication"),),), Colour("#000000"), size=20), 125)
    assert len(shrunk.lines) == 1
    assert shrunk.size < 20
    assert len(lines("Donaudampfschifffahrtsgesellschaft", 50)) > 1


def test_centred_text_is_balanced_so_that_no_sign_is_left_alone():
    assert lines("Queue 队列", 53) == ["Queue", "队列"]


def test_text_that_is_too_tall_shrinks_to_fit():
    label = Label(((Run("many words that need several lines"),),), Colour("#000000"), size=20)
    assert fit(label, 120, 60).height <= 60
    assert fit(label, 120, 60).size < 20


def test_a_break_at_a_change_of_face_does_not_tear_a_word():
    label = Label(((Run("un"), Run("break", bold=True), Run("able")),), Colour("#000000"), size=10, align="start")
    assert len(fit(label, 70).lines) == 1
