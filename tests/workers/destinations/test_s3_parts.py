from __future__ import annotations

import io

import pytest

from tests.contracts.site import Job, Killed, classified, noise
from workers.destinations._s3_parts import Source, Window
from workers.destinations.base import Transient

MIB = 1024 * 1024
PART = 5 * MIB


def from_file(job, folder):
    """Let the job read its content from a file, as from the artifact store of one machine."""

    def opened(content):
        path = folder / "artifact"
        path.write_bytes(content)
        return path.open("rb")

    job.reader = opened
    return job


def parts(source):
    while (part := source.next()).size:
        yield part.end, part.size, part.md5, part.crc32, part.read(), part.seek(0), part.read(10)
    source.sums()


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 3 * PART + 7])
def test_a_file_gives_the_same_parts_and_sums_as_any_other_source(on_moto, tmp_path, size):
    job = Job(on_moto, noise(size))
    any_source = Source(job.attempt(), PART)
    file = Source(from_file(Job(on_moto, noise(size)), tmp_path).attempt(), PART)
    assert list(parts(file)) == list(parts(any_source))
    assert file.sums() == any_source.sums()
    file.close()
    any_source.close()


def test_a_window_is_a_file_of_its_own(tmp_path):
    (tmp_path / "file").write_bytes(b"0123456789")
    with (tmp_path / "file").open("rb") as file:
        window, other = Window(file.fileno(), 2, 5), Window(file.fileno(), 0, 3)
        assert (window.read(2), other.read(), window.read(), window.read(4)) == (b"23", b"012", b"456", b"")
        assert (window.seek(-2, io.SEEK_END), window.read(), window.tell()) == (3, b"56", 5)
        assert (window.seek(1), window.seek(1, io.SEEK_CUR), window.read(1)) == (1, 2, b"4")


@pytest.mark.parametrize("stop", [1, PART + MIB, 2 * PART + MIB])
def test_an_upload_from_a_file_resumes(on_moto, tmp_path, stop):
    job = from_file(Job(on_moto, noise(3 * PART + 5)), tmp_path)
    job.stop_at = stop
    with pytest.raises(Killed):
        job.run()
    job.stop_at, before = None, on_moto.received()
    assert on_moto.read(job.run()) == job.content
    assert on_moto.received() - before == len(job.content) - stop // PART * PART
    assert on_moto.unfinished() == []


@pytest.mark.parametrize("damage", [lambda c: c[:-1], lambda c: c + b"x", lambda c: b"?" + c[1:], lambda c: b""])
def test_a_damaged_file_never_becomes_visible(on_moto, tmp_path, damage):
    job = from_file(Job(on_moto, noise(2 * PART + 9)), tmp_path)
    whole = job.reader
    job.reader = lambda content: whole(damage(content))
    assert isinstance(classified(on_moto.destination(), job), Transient)
    assert on_moto.visible() == []
    job.reader = whole
    assert on_moto.read(job.run()) == job.content
