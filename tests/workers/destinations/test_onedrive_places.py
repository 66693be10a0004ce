from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from longshore.egress import check_url
from longshore.errors import Permanent, Refused, Transient
from tests.contracts.onedrive_site import MIB
from tests.contracts.site import Job, Killed, classified, noise
from tests.fakes.onedrive import Fault, Problem
from tests.fakes.onedrive_store import quick_xor_hash
from workers.destinations._onedrive_client import Client
from workers.destinations._onedrive_hash import QuickXorHash
from workers.destinations._onedrive_names import onedrive_name
from workers.destinations._onedrive_wire import CLOUDS
from workers.destinations.onedrive import OneDriveOptions

SITE = "https://contoso.sharepoint.com/sites/team"


def hashed(content, step):
    found = QuickXorHash()
    for start in range(0, len(content), step):
        found.update(content[start : start + step])
    return found.text()


@pytest.mark.parametrize("size", [0, 1, 19, 20, 159, 160, 161, 479, 65_537, 1_000_003])
def test_the_hash_is_onedrive_s_own_however_the_bytes_come(size, tmp_path):
    content = noise(size)
    file = tmp_path / "file"
    file.write_bytes(content)
    rclone = Path(sys.executable).parent / "rclone"
    done = subprocess.run(
        [rclone, "hashsum", "quickxor", "--base64", file], capture_output=True, check=True, env={"RCLONE_CONFIG": ""}
    )
    theirs = done.stdout.split()[0].decode().replace("-", "+").replace("_", "/")
    assert {hashed(content, step) for step in (7, 160, 1000, MIB)} == {theirs} == {quick_xor_hash(content)}


@pytest.mark.parametrize(
    ("options", "kind", "account"),
    [
        ({}, "personal", "ann@example.com (OneDrive)"),
        ({"drive_id": "drive-1"}, "business", "ann@example.com (OneDrive for work or school)"),
        ({"user": "ann@example.com"}, "business", "ann@example.com (OneDrive for work or school)"),
        ({"site": SITE}, "documentLibrary", "ann@example.com (SharePoint library)"),
        ({"site": f"{SITE}/Shared%20Documents/Forms"}, "documentLibrary", "ann@example.com (SharePoint library)"),
    ],
)
def test_each_way_to_name_a_drive_leads_there(onedrive, options, kind, account):
    onedrive.store.kind, onedrive.store.total = kind, 1000
    report = onedrive.destination(**options).test()
    assert (report.account, report.free_bytes) == (account, 1000)
    assert Job(onedrive, b"x").run(onedrive.destination(**options)).path == "/Team/reports/2026/file.bin"


def test_a_drive_or_folder_that_is_not_there_is_named(onedrive):
    error = classified(onedrive.destination(user="bob@example.com"), Job(onedrive, b"x"))
    assert type(error) is Permanent
    assert "no such drive" in error.message
    error = classified(onedrive.destination(folder_id="ITEM!99"), Job(onedrive, b"x"))
    assert type(error) is Permanent
    assert "folder_id" in error.message


def test_several_drives_at_once_are_refused():
    with pytest.raises(ValidationError, match="drive_id and user name different drives"):
        OneDriveOptions(drive_id="d", user="u")


def test_a_folder_by_its_id_is_written_into(onedrive):
    place = onedrive.store.make_folder("root", "Elsewhere", "fail")
    receipt = Job(onedrive, b"x").run(onedrive.destination(folder_id=place.id, folder=""))
    assert receipt.path == "/Elsewhere/reports/2026/file.bin"
    assert onedrive.visible() == [receipt.path]


def test_folders_are_made_once_and_found_again_in_any_case(onedrive):
    Job(onedrive, b"x", key="a").run(onedrive.destination(folder="Team/A"))
    Job(onedrive, b"y", key="b", name="b").run(onedrive.destination(folder="team/a"))
    assert sum(one.content is None for one in onedrive.store.items.values()) == 5


def test_what_stands_in_the_way_is_named(onedrive):
    onedrive.store.write("root", "Team", b"a file", "fail")
    error = classified(onedrive.destination(), Job(onedrive, b"x"))
    assert type(error) is Permanent
    assert "is a file" in error.message
    onedrive.store.make_folder("root", "file.bin", "fail")
    for conflict in ("overwrite", "version"):
        job = Job(onedrive, b"x", conflict=conflict)
        job.folder = ""
        error = classified(onedrive.destination(folder=""), job)
        assert type(error) is Permanent
        assert "folder has this name" in error.message


@pytest.mark.parametrize(
    ("given", "name"),
    [("CON", "_CON"), ("nul.txt", "_nul.txt"), ("desktop.ini", "_desktop.ini"), ("~$a.docx", "_~$a.docx"),
     ("a_vti_b", "a_vti-b"), ("a?.txt", "a_.txt"), ("dot.", "dot_"), (".lock", "_.lock"), ("console", "console")],
)  # fmt: skip
def test_names_that_onedrive_refuses_are_mended(onedrive, given, name):
    found = onedrive_name(given)
    assert found.startswith("_") == name.startswith("_")
    onedrive.store.check_name(found)
    if "_vti_" not in given:
        assert found == name


def test_case_is_not_told_apart_and_overwriting_keeps_the_file_s_identity(onedrive):
    first = Job(onedrive, b"one", name="Chart.PNG", key="first").run()
    assert type(classified(onedrive.destination(), Job(onedrive, b"two", name="chart.png"))) is Permanent
    second = Job(onedrive, b"two", name="chart.png", conflict="overwrite", key="second").run()
    assert second.provider_id == first.provider_id
    assert onedrive.store.items[first.provider_id].versions == [b"two", b"one"]


@pytest.mark.parametrize(("conflict", "names"), [("rename", ["file.bin", "file (2).bin"]), ("fail", ["file.bin"])])
def test_a_name_that_is_taken_while_a_large_file_goes_up_is_told_at_its_end(onedrive, conflict, names):
    onedrive.fake.early = False
    job = Job(onedrive, noise(11 * MIB), conflict=conflict)
    job.stop_at = 8 * MIB
    with pytest.raises(Killed):
        job.run()
    job.stop_at = None
    parent = next(iter(onedrive.fake.sessions.values())).parent
    onedrive.fake.faults = [Fault("chunk", alter=lambda body: taken(onedrive, parent, body), times=9)]
    if conflict == "rename":
        assert onedrive.read(job.run()) == job.content
    else:
        assert "exists already" in classified(onedrive.destination(), job).message
    assert [path.rpartition("/")[2] for path in onedrive.visible()] == names
    assert onedrive.unfinished() == []


def taken(site, parent, body):
    """Somebody else takes the name while a chunk is on its way."""
    site.store.write(parent, "file.bin", b"theirs", "replace")
    return body


@pytest.mark.parametrize("size", [100, 11 * MIB])
@pytest.mark.parametrize("conflict", ["fail", "rename", "overwrite", "version"])
def test_sharepoint_s_changes_to_office_files_do_not_look_like_damage(onedrive, size, conflict):
    onedrive.store.kind = "documentLibrary"
    job = Job(onedrive, noise(size), name="book.xlsx", conflict=conflict)
    receipt = job.run()
    assert (receipt.verified, onedrive.read(receipt)) == ("checksum", job.content)
    again = job.run()
    assert (again.provider_id, len(onedrive.visible())) == (receipt.provider_id, 1)
    assert onedrive.destination().remove(again) is True


def test_an_office_file_that_replaces_another_in_sharepoint_is_told_as_not_compared(onedrive):
    onedrive.store.kind = "documentLibrary"
    first = Job(onedrive, b"one", name="book.xlsx", key="first").run()
    receipt = Job(onedrive, b"two", name="book.xlsx", key="second", conflict="overwrite").run()
    assert (receipt.provider_id, receipt.verified) == (first.provider_id, "size")
    assert "could not be compared" in receipt.extra["note"]
    assert onedrive.destination().remove(first) is False
    assert onedrive.destination().remove(receipt) is True


def test_a_cancel_between_two_renames_puts_the_old_file_back(onedrive):
    first = Job(onedrive, b"old", key="first").run()
    onedrive.fake.faults = [Fault("rename", reset=True, skip=1)]
    job = Job(onedrive, b"new", key="second", conflict="version")
    assert isinstance(classified(onedrive.destination(), job), Transient)
    assert len(onedrive.visible()) == 2
    onedrive.destination().discard(job.checkpoint)
    assert onedrive.contents() == {first.path: b"old"}


def test_what_was_moved_to_another_folder_is_not_removed_and_what_was_renamed_is(onedrive):
    moved, renamed = (Job(onedrive, b"x", name=name, key=name).run() for name in ("a", "b"))
    onedrive.store.items[moved.provider_id].parent = "root-id"
    onedrive.store.rename(onedrive.store.items[renamed.provider_id], "c")
    assert onedrive.destination().remove(moved) is False
    assert onedrive.destination().remove(renamed) is True


@pytest.mark.parametrize("scope", ["anonymous", "organization"])
def test_a_shared_link_is_made_and_one_that_is_not_given_is_told(onedrive, scope):
    onedrive.store.kind = "business"
    destination = onedrive.destination(shared_link=scope)
    receipt = Job(onedrive, b"x").run(destination)
    assert f"/{scope}/" in receipt.url
    assert receipt.extra["shared_link"] == receipt.url
    onedrive.store.links_declined = True
    receipt = Job(onedrive, b"x", name="b", key="b").run(destination)
    assert scope in receipt.extra["shared_link_error"]
    assert receipt.url.startswith("https://contoso")
    assert scope in destination.test().note


def test_the_connection_test_notices_other_bytes_and_cleans_up(onedrive):
    onedrive.fake.faults = [Fault("put", alter=lambda body: body[::-1])]
    with pytest.raises(Transient, match="give back"):
        onedrive.destination().test()
    assert onedrive.visible() == []


def test_upload_sessions_and_downloads_never_see_a_token_or_netrc(onedrive, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert Job(onedrive, noise(11 * MIB)).run().verified == "checksum"
    assert onedrive.destination().test().account


@pytest.mark.parametrize(("kind", "size"), [("drive", 100), ("put", 100), ("session", 11 * MIB), ("chunk", 11 * MIB)])
def test_a_redirect_is_not_followed(onedrive, kind, size):
    onedrive.fake.faults = [Fault(kind, Problem(307, "moved", where="http://169.254.169.254/latest"))]
    assert isinstance(classified(onedrive.destination(), Job(onedrive, noise(size))), Transient)
    assert onedrive.fake.seen[-1] == kind
    assert onedrive.visible() == []


def test_an_endpoint_in_a_closed_network_is_refused_before_anything_is_sent(onedrive):
    assert isinstance(classified(onedrive.destination(check=check_url), Job(onedrive, b"x")), Refused)
    assert onedrive.fake.seen == []


def test_a_checkpoint_of_another_endpoint_is_not_followed(onedrive):
    job = Job(onedrive, noise(11 * MIB))
    job.stop_at = 8 * MIB
    with pytest.raises(Killed):
        job.run()
    job.stop_at = None
    job.checkpoint |= {"endpoint": "http://elsewhere.example", "session": "http://169.254.169.254/latest"}
    assert job.run().verified == "checksum"
    assert onedrive.received() == 16 * MIB


def test_an_address_in_the_clear_is_not_called_where_microsoft_is_meant():
    client = Client(None, None, CLOUDS["global"].graph, secure=True)
    with pytest.raises(Transient, match="not its own"):
        client.bare("GET", "http://169.254.169.254/latest")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://contoso.sharepoint.com/sites/team/Shared%20Documents", "contoso.sharepoint.com:/sites/team"),
        ("https://contoso.sharepoint.com", "contoso.sharepoint.com"),
        ("contoso.sharepoint.com,1-2,3-4", "contoso.sharepoint.com,1-2,3-4"),
    ],
)
def test_a_site_is_named_by_its_address_or_id(given, kept):
    assert OneDriveOptions(site=given).site == kept
