from __future__ import annotations

import base64
import struct
from itertools import pairwise

import pytest

from workers.scene.lenient import Notes
from workers.scene.tldraw_ink import line_points, strokes

POINTS = [(100.25, 50.5), (104.0, 52.0), (110.5, 60.0)]


def packed(form: str, *values: float) -> str:
    return base64.b64encode(struct.pack(form, *values)).decode()


def relative(each: int) -> str:
    extra = (0.5,) * (each - 2)
    steps = [v for a, b in pairwise(POINTS) for v in (b[0] - a[0], b[1] - a[1], *extra)]
    return packed(f"<{each}f{len(steps)}e", *POINTS[0], *extra, *steps)


ENCODINGS = {
    "points": {"points": [{"x": x, "y": y, "z": 0.5} for x, y in POINTS]},
    "half floats": {"points": packed("<9e", *(v for x, y in POINTS for v in (x, y, 0.5)))},
    "relative path": {"path": relative(3)},
    "relative path without pressure": {"path": relative(2), "dim": 2},
}


@pytest.mark.parametrize("name", sorted(ENCODINGS))
def test_ink_is_read_in_every_encoding_that_tldraw_has_used(name):
    notes = Notes()
    (found,) = strokes({"segments": [{"type": "free", **ENCODINGS[name]}]}, notes)
    assert [tuple(point) for point in found] == [pytest.approx(point, abs=0.05) for point in POINTS]
    assert notes.sentences() == ()


@pytest.mark.parametrize("path", ["AAAA", "no base64!", "AAAAAAAAAAAAAAAAAAAA", packed("<3f", float("nan"), 0, 0)])
def test_ink_in_an_unknown_encoding_is_left_out_with_a_warning(path):
    notes = Notes()
    assert strokes({"segments": [{"type": "free", "path": path}]}, notes) == ()
    assert "1 stroke left out" in notes.sentences()[0]


def test_scaled_ink_grows():
    (found,) = strokes({"scaleX": 2, "scaleY": 3, "segments": [{"points": [[1, 1], [2, 2]]}]}, Notes())
    assert found == ((2, 3), (4, 6))


def test_the_points_of_a_line_follow_their_index():
    points = {"b": {"x": 9, "y": 9, "index": "a2"}, "a": {"x": 1, "y": 1, "index": "a1"}}
    assert line_points({"points": points}) == ((1, 1), (9, 9))
    assert line_points({"handles": points}) == ((1, 1), (9, 9))
