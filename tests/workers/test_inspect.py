from __future__ import annotations

import io

import pytest
from PIL import Image

from longshore.errors import Permanent
from workers.inspect import inspect

GOOD = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "json": b"{}",
    "html": b"<!doctype html><p>hello",
    "md": b"# Hello",
    "pdf": b"%PDF-1.7\n" + b"x" * 2000 + b"\n%%EOF\n",
}
for name in ("png", "jpeg", "webp"):
    buffer = io.BytesIO()
    Image.effect_noise((64, 64), 80).convert("RGB").save(buffer, name)
    GOOD[name] = buffer.getvalue()


def written(tmp_path, content):
    path = tmp_path / "output"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("form", GOOD)
def test_a_whole_file_passes(form, tmp_path):
    inspect(written(tmp_path, GOOD[form]), form)


@pytest.mark.parametrize("form", GOOD)
def test_an_empty_file_is_no_artifact(form, tmp_path):
    with pytest.raises(Permanent, match="empty"):
        inspect(written(tmp_path, b""), form)


@pytest.mark.parametrize("form", ["png", "jpeg", "webp", "pdf", "svg", "json"])
@pytest.mark.parametrize("missing", [1, 12, 40])
def test_a_file_that_was_cut_off_is_no_artifact(form, missing, tmp_path):
    content = GOOD[form]
    if missing >= len(content):
        missing = len(content) // 2
    if form == "pdf":
        missing += 10
    with pytest.raises(Permanent):
        inspect(written(tmp_path, content[:-missing]), form)


@pytest.mark.parametrize("form", ["png", "jpeg", "webp", "pdf"])
def test_a_file_of_another_format_is_no_artifact(form, tmp_path):
    with pytest.raises(Permanent, match="not"):
        inspect(written(tmp_path, b"<html>an error page</html>"), form)


def test_a_broken_picture_that_is_suspiciously_small_is_decoded(tmp_path):
    buffer = io.BytesIO()
    Image.new("RGB", (2000, 2000), "white").save(buffer, "png")
    content = bytearray(buffer.getvalue())
    content[len(content) // 2] ^= 0xFF
    with pytest.raises(Permanent):
        inspect(written(tmp_path, bytes(content)), "png")
