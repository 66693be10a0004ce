"""Pictures whose pixels take more memory than a machine has to spare."""

from __future__ import annotations

import io
import resource
import subprocess
import sys
import time

import pytest
from PIL import Image, features

from tests.contracts.hostile.tiffs import tiff
from tests.workers.renderers.test_image import SHOWCASE, converted
from workers.renderers import _memory
from workers.renderers.base import BadDocument, Refused

MB = 2**20


def before() -> tuple[int, int]:
    return resource.getrlimit(resource.RLIMIT_AS)


@pytest.mark.parametrize("form", ["png", "jpeg", "html", "json", "pdf"])
@pytest.mark.parametrize(
    ("bomb", "reason"),
    [
        (tiff(9990, 9990, 4, 32, rows=10), "more than 800,000,000 bytes"),
        (tiff(3000, 3000, 200, 8, rows=16), "has 200 channels"),
    ],
    ids=["floats", "channels"],
)
def test_a_picture_of_many_bytes_a_pixel_is_refused_by_its_header(tmp_path, bomb, reason, form):
    began = time.monotonic()
    with pytest.raises(BadDocument, match=reason):
        converted(tmp_path, bomb, form)
    assert time.monotonic() - began < 5


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to its limit of addresses")
@pytest.mark.parametrize("form", ["png", "jpeg", "html", "json"])
def test_decoding_ends_where_its_memory_does_and_the_next_picture_is_drawn(tmp_path, monkeypatch, form):
    converted(tmp_path, SHOWCASE, form)
    limit = before()
    monkeypatch.setattr(_memory, "MOST", 100 * MB)
    with pytest.raises(Refused, match="more memory than is allowed"):
        converted(tmp_path, tiff(4000, 4000, 4, 32, rows=4000), form)
    assert before() == limit
    assert converted(tmp_path, SHOWCASE, form)[0]


def lying_avif() -> bytes:
    """Few bytes that unfold to 4096 x 4096 pixels, and a header that says 8 x 8."""
    file = io.BytesIO()
    Image.new("RGB", (4096, 4096)).save(file, "AVIF", quality=1, speed=10)
    content = bytearray(file.getvalue())
    at = content.index(b"ispe") + 8
    content[at : at + 8] = (8).to_bytes(4) * 2
    return bytes(content)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow writes no AVIF")
def test_a_header_that_lies_buys_no_memory(tmp_path):
    with pytest.raises((BadDocument, Refused)) as raised:
        converted(tmp_path, lying_avif(), "jpeg")
    assert len(raised.value.message) > 15
    assert converted(tmp_path, SHOWCASE, "jpeg")[0]


def test_what_is_started_afterwards_knows_no_limit(tmp_path):
    converted(tmp_path, SHOWCASE, "png")
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_AS)[0])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert int(told) == before()[0]
