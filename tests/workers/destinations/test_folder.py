from __future__ import annotations

import errno
import fcntl
import os
from dataclasses import replace
from pathlib import Path

import pytest

from longshore.errors import Permanent, Refused, Transient
from tests.contracts.destination_contract import DestinationContract
from tests.contracts.folder_site import SYNC, FolderSite
from tests.contracts.site import Job, Killed, classified, noise
from workers.destinations import _folder_files

NOBODY = 65534


@pytest.fixture
def site(tmp_path, monkeypatch):
    return FolderSite(tmp_path / "root", monkeypatch)


class TestFolder(DestinationContract):
    pass


def test_a_symbolic_link_in_the_path_is_refused(site, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (site.root / "team").mkdir(parents=True)
    (site.root / "team" / "reports").symlink_to(outside)
    assert isinstance(classified(site.destination(), Job(site, b"x")), Refused)
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("conflict", ["overwrite", "rename", "skip", "fail"])
def test_a_symbolic_link_with_the_files_name_is_never_written_through(site, tmp_path, conflict):
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    folder = site.root / "team/reports/2026"
    folder.mkdir(parents=True)
    (folder / "file.bin").symlink_to(outside)
    try:
        Job(site, b"x", conflict=conflict).run()
    except Permanent:
        assert conflict == "fail"
    assert outside.read_text() == "mine"


def test_a_link_in_place_of_the_hidden_file_is_refused(site, tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    folder = site.root / "team/reports/2026"
    folder.mkdir(parents=True)
    (folder / ".job.part").symlink_to(outside)
    assert isinstance(classified(site.destination(), Job(site, b"x")), Refused)
    assert outside.read_text() == "mine"


def test_equal_content_of_somebody_else_is_not_taken_for_ours(site):
    job = Job(site, b"same", conflict="rename")
    job._save({"folder": job.folder, "part": ".job.part", "offset": 0, "name": "file.bin"})
    Job(site, b"same", key="other").run()
    (site.root / "team/reports/2026/.job.part").write_bytes(b"same")
    assert job.run().path.endswith("file (2).bin")


def test_a_hidden_file_that_was_damaged_meanwhile_is_sent_again_from_the_start(site):
    job = Job(site, noise(3 * SYNC))
    job.stop_at = 2 * SYNC
    with pytest.raises(Killed):
        job.run()
    part = site.root / "team/reports/2026/.job.part"
    with part.open("r+b") as file:
        file.write(b"damage")
    job.stop_at = None
    assert isinstance(classified(site.destination(), job), Transient)
    assert site.visible() == []
    assert site.read(job.run()) == job.content


def test_a_second_worker_waits_while_the_first_still_writes(site):
    folder = site.root / "team/reports/2026"
    folder.mkdir(parents=True)
    with (folder / ".job.part").open("wb") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        error = classified(site.destination(), Job(site, b"x"))
    assert isinstance(error, Transient)
    assert error.retry_after == 5


def test_a_file_that_another_worker_finished_before_the_lock_is_looked_at_again(site, monkeypatch):
    lock = fcntl.flock

    def late(handle, operation):
        lock(handle, operation)
        (site.root / "team/reports/2026/.job.part").unlink()

    monkeypatch.setattr(fcntl, "flock", late)
    assert isinstance(classified(site.destination(), Job(site, b"x")), Transient)
    assert site.visible() == []
    monkeypatch.setattr(fcntl, "flock", lock)
    assert site.read(Job(site, b"x").run()) == b"x"


def test_a_disk_that_lies_is_noticed_and_the_bad_file_removed(site, monkeypatch):
    read = os.pread
    visible = site.root / "team/reports/2026/file.bin"

    def lying(handle, count, offset):
        content = read(handle, count, offset)
        return b"?" + content[1:] if visible.exists() and content else content

    monkeypatch.setattr(os, "pread", lying)
    error = classified(site.destination(), Job(site, b"content"))
    assert isinstance(error, Transient)
    assert "read back" in error.message
    assert site.visible() == []


def test_a_full_disk_says_so_and_the_delivery_goes_on_later(site, monkeypatch):
    job, write = Job(site, noise(2 * SYNC)), os.pwrite

    def full(handle, data, offset):
        if offset >= SYNC:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, data, offset)

    monkeypatch.setattr(os, "pwrite", full)
    error = classified(site.destination(), job)
    assert isinstance(error, Transient)
    assert "Make room" in error.message
    assert error.retry_after == 300
    monkeypatch.setattr(os, "pwrite", write)
    receipt = job.run()
    assert site.read(receipt) == job.content
    assert job.progress[-1] == len(job.content)


def test_a_disk_that_is_too_small_is_told_before_a_byte_is_written(site, monkeypatch):
    monkeypatch.setattr("workers.destinations._folder_files.free", lambda directory: 10)
    error = classified(site.destination(), Job(site, b"x" * 11))
    assert "11 bytes are needed, 10 are free" in error.message
    assert site.received() == 0


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.EACCES, Permanent, "right to write"),
        (errno.EROFS, Permanent, "right to write"),
        (errno.EDQUOT, Transient, "Make room"),
        (errno.ENAMETOOLONG, Permanent, "another name"),
        (errno.EIO, Transient, "tried again"),
        (errno.ESTALE, Transient, "tried again"),
    ],
)
def test_errors_of_the_system_say_what_to_do(site, monkeypatch, number, kind, words):
    def failing(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", failing)
    error = classified(site.destination(), Job(site, b"x"))
    assert type(error) is kind
    assert words in error.message


def test_a_folder_without_write_permission_is_permanent(site):
    site.root.mkdir()
    site.root.chmod(0o500)
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)  # root may write everywhere
    try:
        error = classified(site.destination(), Job(site, b"x"))
    finally:
        os.seteuid(user)
        site.root.chmod(0o700)
    assert type(error) is Permanent
    assert "right to write" in error.message


@pytest.mark.parametrize("conflict", ["fail", "rename", "skip"])
def test_a_file_system_without_links_takes_names_too(site, monkeypatch, conflict):
    def no_link(*args, **kwargs):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_link)
    assert site.read(Job(site, b"one", key="a", conflict=conflict).run()) == b"one"
    try:
        second = Job(site, b"two", key="b", conflict=conflict).run()
    except Permanent:
        assert conflict == "fail"
    else:
        assert (second.skipped, len(site.visible())) == ((True, 1) if conflict == "skip" else (False, 2))
    assert site.unfinished() == []


def test_a_folder_of_the_files_name_is_permanent(site):
    (site.root / "team/reports/2026/file.bin").mkdir(parents=True)
    assert type(classified(site.destination(), Job(site, b"x", conflict="overwrite"))) is Permanent


@pytest.mark.parametrize("ending", ["retried", "cancelled"])
def test_an_old_file_whose_worker_died_while_it_moved_it_aside_comes_back(site, monkeypatch, ending):
    def take_and_die(*args, **more):
        rename(*args, **more)
        raise Killed

    old, rename = Job(site, b"old", key="first").run(), os.rename
    job = Job(site, b"new", key="second", conflict="version")
    with monkeypatch.context() as patch:
        patch.setattr("workers.destinations._folder_versions.os.rename", take_and_die)
        with pytest.raises(Killed):
            job.run()
    if ending == "cancelled":
        site.destination().discard(job.checkpoint)
        assert site.contents() == {old.path: b"old"}
    else:
        job.run()
        assert sorted(site.contents().values()) == [b"new", b"old"]
    assert site.unfinished() == []


def test_a_file_that_took_the_name_while_the_delivered_one_was_compared_stays(site, monkeypatch):
    receipt, digest = Job(site, b"one").run(), _folder_files.digest

    def replaced(handle, end):
        found = digest(handle, end)
        other = Path(receipt.path).with_suffix(".tmp")
        other.write_bytes(b"other")
        other.rename(receipt.path)
        return found

    monkeypatch.setattr(_folder_files, "digest", replaced)
    assert site.destination().remove(receipt) is False
    assert site.contents() == {receipt.path: b"other"}


def test_nothing_outside_the_root_is_removed(site, tmp_path):
    receipt, outside = Job(site, b"one").run(), tmp_path / "outside.bin"
    outside.write_bytes(b"one")
    assert site.destination().remove(replace(receipt, path=str(outside))) is False
    assert site.destination().remove(replace(receipt, path=f"{site.root}/../outside.bin")) is False
    assert outside.exists()
