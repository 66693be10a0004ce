from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longshore.names import MAX_BYTES, clean, with_extension


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
