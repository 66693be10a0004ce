from __future__ import annotations

import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from longshore.errors import BadDocument, Permanent
from workers.inspect import inspect
from workers.renderers import file
from workers.renderers.base import SETTINGS, Document, Render

SAMPLES = Path(__file__).parents[2] / "samples" / "file"


def rendering(folder: Path, form: str, seconds: float = 60, **asked: object) -> Render:
    folder.mkdir(exist_ok=True)
    return Render(folder, SETTINGS[form](**asked), time.monotonic() + seconds, title="Sample")


def zipped(tmp_path: Path, source: Path, title: str = "a.bin", **asked: object) -> Path:
    render = rendering(tmp_path / f"out{sum(1 for _ in tmp_path.iterdir())}", "zip", **asked)
    path = file.to_zip(Document(source, "file", title), render).path
    inspect(path, "zip")
    return path


def test_an_original_is_the_very_file_and_not_a_copy(tmp_path):
    source = SAMPLES / "noise.bin"
    document = file.to_original(Document(source, "file", "x"), rendering(tmp_path / "out", "original"))
    assert document.path == source
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    "path", sorted(path for path in SAMPLES.iterdir() if path.is_file()), ids=lambda path: path.name
)
@pytest.mark.parametrize("compression", ["deflate", "store"])
def test_a_zip_holds_the_file_under_its_name(tmp_path, path, compression):
    with zipfile.ZipFile(zipped(tmp_path, path, path.name, compression=compression)) as archive:
        (member,) = archive.infolist()
        assert member.filename == path.name
        assert archive.read(member) == path.read_bytes()
        assert member.compress_type == (zipfile.ZIP_STORED if compression == "store" else zipfile.ZIP_DEFLATED)
        assert (member.date_time, member.external_attr >> 16) == ((1980, 1, 1, 0, 0, 0), 0o100644)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("/abs", "_abs"),
        ("C:\\x", "C__x"),
        ("表 📈.bin", "表 📈.bin"),
        ("", "file"),
    ],
)
def test_no_member_leaves_the_folder_it_is_unpacked_in(tmp_path, title, name):
    with zipfile.ZipFile(zipped(tmp_path, SAMPLES / "one_byte.bin", title)) as archive:
        assert archive.namelist() == [name]


def test_the_same_file_gives_the_same_zip(tmp_path):
    first = zipped(tmp_path, SAMPLES / "letter.txt").read_bytes()
    time.sleep(2.1)
    assert zipped(tmp_path, SAMPLES / "letter.txt").read_bytes() == first


def test_an_empty_file_is_refused(tmp_path):
    source = Document(SAMPLES / "broken" / "empty.bin", "file", "x")
    for form, convert in (("original", file.to_original), ("zip", file.to_zip)):
        with pytest.raises(BadDocument, match="empty"):
            convert(source, rendering(tmp_path / form, form))


def test_a_zip_that_takes_too_long_is_given_up(tmp_path):
    with pytest.raises(Permanent, match="deadline"):
        file.to_zip(Document(SAMPLES / "noise.bin", "file", "x"), rendering(tmp_path / "out", "zip", seconds=-1))


@pytest.mark.slow
def test_five_gigabytes_are_zipped_in_little_memory(tmp_path, record_property):
    source = tmp_path / "source"
    with source.open("wb") as writer:
        writer.truncate(5 << 30)
    code = (
        "import resource, sys, time; from pathlib import Path; from workers.renderers import file\n"
        "from workers.renderers.base import *; from workers.inspect import inspect\n"
        "source, folder = map(Path, sys.argv[1:])\n"
        "render = Render(folder, SETTINGS['zip'](), time.monotonic() + 300)\n"
        "inspect(file.to_zip(Document(source, 'file', 'big'), render).path, 'zip')\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    (tmp_path / "out").mkdir()
    command = [sys.executable, "-c", code, str(source), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    megabytes = int(done.stdout) / 1024
    record_property("target", "below 150 MB")
    record_property("figure", f"{megabytes:.0f} MB")
    assert megabytes < 150
    with zipfile.ZipFile(next((tmp_path / "out").iterdir())) as archive:
        assert archive.infolist()[0].file_size == 5 << 30
