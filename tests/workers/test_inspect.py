from __future__ import annotations

import io
import zipfile

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
    "csv": b'\xef\xbb\xbfname;"a, b"\r\none;"two\r\nlines"\r\n',
    "xml": b"<tables/>",
}
for name in ("png", "jpeg", "webp", "avif", "tiff"):
    buffer = io.BytesIO()
    Image.effect_noise((64, 64), 80).convert("RGB").save(buffer, name)
    GOOD[name] = buffer.getvalue()
for name, part in (("zip", "a.txt"), ("xlsx", "xl/workbook.xml")):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(part, "hello " * 100)
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


@pytest.mark.parametrize(
    "form", ["png", "jpeg", "webp", "avif", "tiff", "pdf", "svg", "json", "csv", "xml", "zip", "xlsx"]
)
@pytest.mark.parametrize("missing", [1, 12, 40])
def test_a_file_that_was_cut_off_is_no_artifact(form, missing, tmp_path):
    content = GOOD[form]
    if missing >= len(content):
        missing = len(content) // 2
    if form == "pdf":
        missing += 10
    with pytest.raises(Permanent):
        inspect(written(tmp_path, content[:-missing]), form)


@pytest.mark.parametrize("form", ["png", "jpeg", "webp", "avif", "tiff", "pdf", "zip", "xlsx"])
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


def test_an_archive_with_one_wrong_byte_is_no_artifact(tmp_path):
    content = bytearray(GOOD["zip"])
    content[60] ^= 1
    with pytest.raises(Permanent, match="broken"):
        inspect(written(tmp_path, bytes(content)), "zip")


def test_a_spreadsheet_without_a_workbook_is_no_artifact(tmp_path):
    with pytest.raises(Permanent, match="missing"):
        inspect(written(tmp_path, GOOD["zip"]), "xlsx")


@pytest.mark.parametrize("text", ["a,b\r\n1\r\n", "a;b\r\n1;2;3\r\n", 'a,"b\r\n', "a,b\r\n1,2"])
def test_a_table_with_rows_of_different_lengths_is_no_artifact(text, tmp_path):
    with pytest.raises(Permanent, match="CSV"):
        inspect(written(tmp_path, text.encode()), "csv")


def test_a_cell_may_be_as_long_as_it_likes(tmp_path):
    inspect(written(tmp_path, b"a,b\r\n1," + b"x" * 200_000 + b"\r\n"), "csv")
