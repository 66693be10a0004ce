from __future__ import annotations

import time
import zlib

import pytest

from workers.gate.pdf import see


def page(operators, *, folded=True):
    data = zlib.compress(operators) if folded else operators
    head = b"1 0 obj\n<< /Type /Page /Contents 2 0 R >>\nendobj\n2 0 obj\n<< /Length %d >>\nstream\n" % len(data)
    return b"%PDF-1.7\n" + head + data + b"\nendstream\nendobj\n"


@pytest.mark.parametrize(
    ("operators", "blank"),
    [
        (b"", True),
        (b"1 1 1 rg 0 0 9 9 re f", True),
        (b"1 g 0 0 9 9 re f*", True),
        (b"0 0 0 0 k 0 0 9 9 re f", True),
        (b"1 1 1 scn 0 0 9 9 re f", True),
        (b"0 0 9 9 re f", False),
        (b"1 1 1 rg 0 0 9 9 re f .9 g 0 0 1 1 re f", False),
        (b"0 g 1 g 0 0 9 9 re f", True),
        (b"1 1 1 1 k 0 0 9 9 re f", False),
        (b"1 1 1 rg 0 0 m 9 9 l S", False),
        (b"1 1 1 rg /P1 scn 0 0 9 9 re f", False),
        (b"1 1 1 rg (rg 0 g)f", True),
    ],
)
def test_a_page_is_blank_where_nothing_but_white_is_painted(operators, blank):
    assert [see(page(operators, folded=folded)).blank for folded in (True, False)] == [blank, blank]


def test_a_long_path_is_read_in_one_pass_however_often_it_is_painted():
    def seconds(paints: int) -> float:
        points = b"1.25 2.75 l " * (300_000 // paints)
        content = page(b"1 1 1 rg " + (points + b"f ") * paints)
        began = time.process_time()
        assert see(content).blank
        return time.process_time() - began

    assert seconds(50) < 10 * seconds(1)
