from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longshore.names import MAX_BYTES, clean, extension_of, like, stem_of, with_extension


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("Q3 report", "Q3 report"),
        ("图表 📈", "图表 📈"),
        ("a\nb", "a_b"),
        ("con", "_con"),
        ("  .. ", "export"),
        ("evil\u202egnp.exe", "evil_gnp.exe"),
    ],
)
def test_a_name_becomes_safe(name, safe):
    assert clean(name) == safe


def test_an_extension_is_added_once():
    assert with_extension("chart", "png") == "chart.png"
    assert with_extension("chart.PNG", "png") == "chart.PNG"
    assert with_extension(".png", "png") == "png.png"


@given(st.text())
def test_any_name_is_safe(name):
    safe = clean(name)
    assert safe
    assert safe == clean(safe)
    assert len(safe.encode()) <= MAX_BYTES + 1
    assert not set(safe) & set('/\\\0\n\r:*?"<>|')
    assert safe not in {".", ".."}


@pytest.mark.parametrize(
    ("name", "extension"),
    [("a.pdf", "pdf"), ("a.tar.gz", "tar.gz"), ("v1.5", ""), ("a.7z", "7z"), ("a", ""), (".env", ""), ("a.b c", "")],
)
def test_an_extension_is_told_from_a_number_and_a_hidden_file(name, extension):
    assert extension_of(name) == extension


@pytest.mark.parametrize(
    ("name", "source", "kept"),
    [
        ("report", "old.docx", "report.docx"),
        ("report.pdf", "old.docx", "report.pdf"),
        ("report 1.5", "old.tar.gz", "report 1.5.tar.gz"),
        ("report", "old", "report"),
        ("a/b", "x.bin", "a_b.bin"),
    ],
)
def test_a_name_is_like_its_source_s(name, source, kept):
    assert like(name, source) == kept


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a.pdf", "a"), ("a.tar.gz", "a"), ("v1.5", "v1.5"), ("a", "a"), (".env", ".env"), ("a.b.c", "a.b")],
)
def test_a_stem_is_a_name_without_its_extension(name, stem):
    assert stem_of(name) == stem
