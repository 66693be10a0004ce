from __future__ import annotations

import pytest

from workers import fonts
from workers.gate.glyphs import MOST_TOLD, check
from workers.renderers.base import SETTINGS, Render

LACKING = "\ue000"
"""A character for private use: no font of a usual machine has it."""


@pytest.fixture
def told(tmp_path, monkeypatch):
    monkeypatch.setattr(fonts, "installed", lambda: "/a.ttf\t20-7e a0-17f\n/b.ttf\t180 391-3ff 4e2d 1f680")
    fonts._covered.cache_clear()

    def run(content, form="png"):
        render = Render(folder=tmp_path, settings=SETTINGS[form](), deadline=0)
        check(content, form, render)
        assert len(render.warnings) == bool(render.not_drawn)
        return render

    yield run
    fonts._covered.cache_clear()


def codes(render):
    return [one["id"] for one in render.not_drawn["characters"]]


@pytest.mark.parametrize(
    "text", ["plain", "Größe", "ƀ Ω 中 🚀", "a\u200d\ufe0f\n\t\u00a0\u2028", "中 &#20013; \\u4e2d"]
)
def test_what_some_font_has_is_not_told(told, text):
    assert told(text).warnings == []


@pytest.mark.parametrize("text", ["\u0628", "&#1576;", "&#x628;", '{"text": "\\u0628"}', "中\u0628中"])
def test_what_no_font_has_is_told_with_its_code_point(told, text):
    render = told(text)
    assert codes(render) == ["U+0628"]
    assert render.not_drawn["characters"][0]["name"] == "ARABIC LETTER BEH"
    assert "\u0628 (U+0628)" in render.warnings[0]
    assert "Install a font" in render.warnings[0]


def test_a_pair_of_escapes_is_one_character(told):
    assert told('"\\ud83d\\ude80"').warnings == []
    assert codes(told('"\\ud83d\\ude81"')) == ["U+1F681"]
    assert told('"\\ud83d and \\\\u"').warnings == []


def test_a_script_that_is_missing_is_not_told_letter_by_letter(told):
    render = told("".join(map(chr, range(0x1000, 0x1020))))
    assert len(codes(render)) == MOST_TOLD + 22
    assert "and 22 more" in render.warnings[0]


@pytest.mark.parametrize("form", ["svg", "html", "md", "json"])
def test_what_is_drawn_elsewhere_is_not_ours_to_judge(told, form):
    assert told("\u0628", form).warnings == []


def test_a_document_with_its_own_fonts_is_taken_at_its_word(told):
    assert told("<style>@font-face{}</style>\u0628").warnings == []


def test_without_fontconfig_nothing_is_told(told, monkeypatch):
    monkeypatch.setattr(fonts, "installed", lambda: "")
    fonts._covered.cache_clear()
    assert told("\u0628").warnings == []


def test_the_fonts_of_this_machine_are_known():
    fonts._covered.cache_clear()
    if not fonts.installed():
        pytest.skip("no fontconfig here: install `fontconfig`")
    assert fonts.covered("A")
    assert not fonts.covered(LACKING)
    assert fonts.installed() is fonts.installed()


def test_a_machine_without_fontconfig_is_logged(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert fonts.installed.__wrapped__() == ""
