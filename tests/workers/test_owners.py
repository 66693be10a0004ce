"""Each owner's deliveries to `folder` have a directory that no other owner's reach."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest

from longshore import connections
from longshore.db import clock, transaction
from longshore.errors import LongshoreError
from longshore.names import directory_of
from longshore.settings import settings
from workers.connect import open_destination
from workers.destinations.base import Upload


def folder_of(owner):
    with transaction() as session:
        return open_destination(connections.default_folder(session, owner, now=clock(session)))


def upload(content, *, name="report.bin", folder="", conflict="fail", checkpoint=None):
    digest = hashlib.sha256(content).hexdigest()
    return Upload(
        "job", lambda: io.BytesIO(content), len(content), digest, "text/plain", folder, name, conflict,
        lambda _: None, lambda _: None, checkpoint,
    )  # fmt: skip


@pytest.mark.parametrize("conflict", ["overwrite", "rename", "version", "skip", "fail"])
def test_no_policy_touches_or_shows_the_file_of_another_owner(database, conflict):
    anns = folder_of("ann").upload(upload(b"of ann"))
    bobs = folder_of("bob").upload(upload(b"of bob", conflict=conflict))
    assert not bobs.skipped
    assert (Path(anns.path).read_bytes(), Path(bobs.path).read_bytes()) == (b"of ann", b"of bob")
    assert (Path(anns.path).name, Path(bobs.path).name) == ("report.bin", "report.bin")


@pytest.mark.parametrize("way", ["../ann", "..", "/../ann", "ann/../../ann", "..\\ann"])
def test_no_folder_leads_into_the_directory_of_another_owner(database, way):
    anns = folder_of("ann").upload(upload(b"of ann"))
    with pytest.raises(LongshoreError):
        folder_of("bob").upload(upload(b"of bob", folder=way, conflict="overwrite"))
    folder_of("bob").upload(upload(b"of bob", folder=str(Path(anns.path).parent), conflict="overwrite"))
    assert Path(anns.path).read_bytes() == b"of ann"


def test_each_owner_has_a_directory_whatever_the_name():
    owners = ["ann", "Ann", "ANN", "ann@example.org", "ann/bob", "ann\\bob", "..", ".", "", " ann", "Änn", "a" * 200]
    owners += ["a" * 201, "con", "ann~0000000000000000", directory_of("Ann"), "sub|7", "-", "~", "nul.txt", "a.", "界"]
    found = [directory_of(owner) for owner in owners]
    assert len({one.lower() for one in found}) == len(owners)
    assert all(one == Path(one).name and not one.startswith(".") and len(one) <= 64 for one in found)
    assert found[0] == "ann"
    assert found[3] == "ann@example.org"


def test_what_was_delivered_before_owners_had_directories_is_removed_by_its_receipt_alone(database):
    old = settings().deliveries / "reports/report.bin"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"of ann")
    destination = folder_of("ann")
    made = destination.upload(upload(b"of ann", folder="reports"))
    told = type(made)(str(old), str(old), old.as_uri(), made.size, made.checksum, "readback")
    assert destination.remove(told)
    assert not old.exists()
    assert Path(made.path).exists()


def begun_before(name):
    root = settings().deliveries
    root.mkdir(parents=True)
    (root / ".job.part").write_bytes(b"of a")
    return {"folder": "", "part": ".job.part", "wanted": "report.bin", "offset": 4, "name": name, "inode": 0}


def test_what_was_finished_before_owners_had_directories_is_not_delivered_again(database):
    checkpoint, old = begun_before("report.bin"), settings().deliveries / "report.bin"
    (old.parent / ".job.part").unlink()
    old.write_bytes(b"of ann")
    assert folder_of("ann").upload(upload(b"of ann", checkpoint=checkpoint)).path == str(old)
    assert [path for path in old.parent.rglob("*") if path.is_file()] == [old]


@pytest.mark.parametrize("ending", ["retried", "cancelled"])
def test_what_was_begun_before_owners_had_directories_leaves_nothing_there(database, ending):
    checkpoint, destination = begun_before(""), folder_of("ann")
    if ending == "cancelled":
        destination.discard(checkpoint)
        expected = []
    else:
        expected = [Path(destination.upload(upload(b"of ann", checkpoint=checkpoint)).path)]
        assert expected == [settings().deliveries / "ann/report.bin"]
    assert [path for path in settings().deliveries.rglob("*") if path.is_file()] == expected
