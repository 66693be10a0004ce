from __future__ import annotations

import ssl

import pytest

from longshore.egress import check_url
from longshore.errors import Permanent, Refused, Transient
from tests.contracts.google_drive_site import MIB
from tests.contracts.site import Job, Killed, classified, noise
from tests.fakes.google_drive import FOLDER, Fault
from tests.fakes.google_drive_store import File
from workers.destinations import _google_drive_client
from workers.destinations._google_drive_client import Client
from workers.destinations.google_drive import DriveOptions


def test_folders_are_made_once_and_found_again(google_drive):
    for name in ("a", "b"):
        Job(google_drive, b"x", name=name, key=name).run()
    assert google_drive.folders() == [
        "My Drive",
        "My Drive/team",
        "My Drive/team/reports",
        "My Drive/team/reports/2026",
    ]


@pytest.mark.parametrize("name", ["O'Brien \\ 'sons'", "café 世界", "Reports", "a' or name != '"])
def test_folders_of_every_name_are_found_again(google_drive, name):
    for key in ("a", "b"):
        Job(google_drive, b"x", name=key, key=key).run(google_drive.destination(folder=name))
    assert len(google_drive.folders()) == 4 + name.count("\\")


def test_names_that_differ_by_case_are_not_the_same(google_drive):
    Job(google_drive, b"1", name="Report.txt", key="a").run()
    receipt = Job(google_drive, b"2", name="report.txt", key="b", conflict="fail").run()
    assert google_drive.read(receipt) == b"2"
    assert len(google_drive.visible()) == 2


def test_of_twins_that_somebody_made_the_oldest_folder_and_the_youngest_file_are_taken(google_drive):
    first = google_drive.store.add({"name": "team", "mimeType": FOLDER, "parents": ["root"]})
    second = google_drive.store.add({"name": "team", "mimeType": FOLDER, "parents": ["root"]})
    first.created, second.created = "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"
    job = Job(google_drive, b"new", conflict="overwrite")
    job.folder = ""
    files = [google_drive.store.add({"name": "file.bin", "parents": [first.id]}, b"old") for _ in range(2)]
    files[0].created, files[1].created = "2026-01-04T00:00:00.000Z", "2026-01-03T00:00:00.000Z"
    assert job.run().provider_id == files[0].id
    assert files[1].content == b"old"


def test_overwriting_keeps_the_file_its_id_and_its_versions(google_drive):
    first = Job(google_drive, b"1", key="a").run()
    second = Job(google_drive, b"2", key="b", conflict="overwrite").run()
    assert second.provider_id == first.provider_id
    assert [content for _, content in google_drive.store.files[first.provider_id].revisions] == [b"1", b"2"]


def test_a_document_of_googles_own_is_never_replaced(google_drive):
    Job(google_drive, b"x", name="other").run()
    parent = google_drive.files()[0].parents[0]
    google_drive.store.add(
        {"name": "file.bin", "mimeType": "application/vnd.google-apps.document", "parents": [parent]}
    )
    job = Job(google_drive, b"x", conflict="overwrite")
    assert type(classified(google_drive.destination(), job)) is Permanent
    job.conflict = "rename"
    assert job.run().path.endswith("/file (2).bin")


def test_answers_in_pages_are_read_to_their_end(google_drive):
    google_drive.store.page = 1
    Job(google_drive, b"1", name="FILE.BIN", key="a").run()
    Job(google_drive, b"2", name="file.bin", key="b").run()
    assert type(classified(google_drive.destination(), Job(google_drive, b"3", key="c"))) is Permanent


@pytest.mark.parametrize("conflict", ["overwrite", "rename", "skip", "fail"])
def test_a_name_that_somebody_takes_while_the_file_is_sent_follows_the_policy(google_drive, conflict):
    """Somebody creates the file in the moment between the look and the last chunk."""
    Job(google_drive, b"x", name="other", key="other").run()
    parent = google_drive.files()[0].parents[0]

    def taken(body):
        google_drive.store.add({"name": "file.bin", "parents": [parent]}, b"theirs")
        return body

    google_drive.drive.faults = [Fault("chunk", alter=taken)]
    job = Job(google_drive, b"ours", conflict=conflict)
    if conflict == "fail":
        assert type(classified(google_drive.destination(), job)) is Permanent
    else:
        receipt = job.run()
        assert receipt.skipped == (conflict == "skip")
        assert receipt.path.endswith("/file (2).bin" if conflict == "rename" else "/file.bin")
    content = {one.name: one.content for one in google_drive.files()}
    assert content.pop("other") == b"x"
    assert content == {
        "overwrite": {"file.bin": b"ours"},
        "rename": {"file.bin": b"theirs", "file (2).bin": b"ours"},
    }.get(conflict, {"file.bin": b"theirs"})
    assert len(google_drive.files()) == len(content) + 1


def test_a_name_that_is_taken_all_the_time_is_left_to_the_next_attempt(google_drive, monkeypatch):
    monkeypatch.setattr("workers.destinations._google_drive_delivery.ROUNDS", 0)
    assert isinstance(classified(google_drive.destination(), Job(google_drive, b"x")), Transient)


def test_an_upload_goes_on_though_its_name_was_taken_meanwhile(google_drive):
    job = Job(google_drive, noise(5 * MIB), conflict="rename")
    job.stop_at = 3 * MIB
    with pytest.raises(Killed):
        job.run()
    Job(google_drive, b"theirs", key="other").run()
    job.stop_at, before = None, google_drive.received()
    assert job.run().path.endswith("/file (2).bin")
    assert google_drive.received() - before == 3 * MIB


def test_a_checkpoint_of_another_folder_or_endpoint_is_given_up(google_drive):
    job = Job(google_drive, noise(5 * MIB))
    job.stop_at = 3 * MIB
    with pytest.raises(Killed):
        job.run()
    job.stop_at = None
    assert job.run(google_drive.destination(folder="elsewhere")).path == "My Drive/elsewhere/reports/2026/file.bin"
    assert google_drive.unfinished() == []
    job.checkpoint = {
        "endpoint": "https://elsewhere.test",
        "parent": "p",
        "session": "https://elsewhere.test/s",
        "id": "i",
    }
    google_drive.destination().discard(job.checkpoint)
    assert job.run(google_drive.destination(folder="third")).path == "My Drive/third/reports/2026/file.bin"


def test_a_folder_that_vanishes_under_an_upload_is_made_again(google_drive):
    def vanish(body):
        google_drive.store.delete(next(one for one in google_drive.store.files.values() if one.name == "2026"))
        return body

    google_drive.drive.faults = [Fault("chunk", alter=vanish)]
    job = Job(google_drive, b"content")
    assert google_drive.read(job.run()) == b"content"


@pytest.mark.parametrize("role", ["organizer", "fileOrganizer"])
def test_shared_drives_take_files_whatever_may_be_deleted_there(google_drive, role):
    drive = google_drive.store.shared_drive("Company")
    google_drive.store.role = role
    destination = google_drive.destination(folder_id=drive)
    receipt = Job(google_drive, noise(3 * MIB)).run(destination)
    assert receipt.path == "Company/team/reports/2026/file.bin"
    assert receipt.extra["shared_drive_id"] == drive
    assert google_drive.read(receipt) == noise(3 * MIB)
    assert Job(google_drive, b"y", key="b", conflict="rename").run(destination).path.endswith("/file (2).bin")
    report = destination.test()
    assert ("delete" in report.rights) == (role == "organizer")
    assert bool(report.note) == (role != "organizer")
    assert report.free_bytes is None
    assert len(google_drive.visible()) == 2


def test_a_shared_drive_that_may_only_be_read_says_so(google_drive):
    drive = google_drive.store.shared_drive("Company")
    google_drive.store.role = "reader"
    error = classified(google_drive.destination(folder_id=drive, folder=""), Job(google_drive, b"x"))
    assert type(error) is Permanent
    assert "editor" in error.message


def test_the_connection_test_tells_the_account_and_what_is_free(google_drive):
    google_drive.store.limit = 1000
    Job(google_drive, noise(100)).run()
    report = google_drive.destination().test()
    assert report.account == "ann@example.test in My Drive/team"
    assert report.free_bytes == 900
    google_drive.store.limit = None
    assert google_drive.destination().test().free_bytes is None


def test_the_connection_test_removes_its_marker_when_it_fails(google_drive):
    google_drive.drive.faults = [Fault("chunk", alter=lambda body: body[::-1])]
    with pytest.raises(Transient, match="does not give back"):
        google_drive.destination().test()
    assert google_drive.visible() == []


def test_a_folder_that_the_account_does_not_see_is_named(google_drive):
    error = classified(google_drive.destination(folder_id="1nowhere"), Job(google_drive, b"x"))
    assert type(error) is Permanent
    assert "1nowhere" in error.message
    receipt = Job(google_drive, b"x").run()
    error = classified(google_drive.destination(folder_id=receipt.provider_id), Job(google_drive, b"x", key="b"))
    assert type(error) is Permanent


@pytest.mark.parametrize(
    ("given", "folder_id"),
    [
        ("https://drive.google.com/drive/folders/1AbC-_x?usp=sharing", "1AbC-_x"),
        ("https://drive.google.com/drive/u/0/folders/1AbC", "1AbC"),
        ("1AbC", "1AbC"),
        ("", ""),
    ],
)
def test_a_folder_may_be_given_by_its_address(given, folder_id):
    assert DriveOptions(folder_id=given).folder_id == folder_id


@pytest.mark.parametrize("given", ["../x", "a/b", "x' or '1' = '1", "https://evil.test/folders/1"])
def test_a_folder_id_is_an_id(given):
    with pytest.raises(ValueError, match="folder_id"):
        DriveOptions(folder_id=given)


def test_an_endpoint_in_a_closed_network_is_refused_before_anything_is_sent(google_drive):
    assert isinstance(classified(google_drive.destination(check=check_url), Job(google_drive, b"x")), Refused)
    assert google_drive.drive.seen == []


def test_an_endpoint_that_changes_its_address_after_the_check_sees_no_byte(google_drive):
    asked = []

    def second_thoughts(url):
        asked.append(url)
        if len(asked) > 1:
            raise Refused("The address changed.")

    error = classified(google_drive.destination(check=second_thoughts), Job(google_drive, b"x"))
    assert isinstance(error, Refused)
    assert asked == [google_drive.drive.url, google_drive.drive.url]
    assert google_drive.drive.seen == []


def test_who_is_trusted_is_read_once_for_all_connections_of_a_process(google_drive, monkeypatch):
    read = []
    real = ssl.create_default_context
    monkeypatch.setattr(ssl, "create_default_context", lambda **given: read.append(given) or real(**given))
    _google_drive_client._trusted.cache_clear()
    for key in "abc":
        Job(google_drive, b"x", name=key, key=key).run()
    assert len(read) == 1


def test_a_session_elsewhere_is_never_told_the_token(google_drive, monkeypatch):
    job = Job(google_drive, noise(5 * MIB))
    job.stop_at = 3 * MIB
    with pytest.raises(Killed):
        job.run()
    job.stop_at = None
    job.checkpoint["session"] = "http://169.254.169.254/latest"
    assert isinstance(classified(google_drive.destination(), job), Transient)


def test_google_itself_is_asked_where_no_endpoint_is_named(google_drive):
    with _google_drive_client.connect("", lambda url: None, lambda http, url: (http, url)) as client:
        assert client.root == "https://www.googleapis.com"
        assert client.login[1] == "https://oauth2.googleapis.com/token"


@pytest.mark.parametrize("filled", [True, False])
@pytest.mark.parametrize("sign", ["0", "z"])
def test_of_folders_made_in_one_millisecond_all_keep_the_same_one_and_what_lies_in_the_other(
    google_drive, monkeypatch, sign, filled
):
    """Somebody makes a twin in the moment before we look, and a third delivers into ours."""
    store, call, made = google_drive.store, Client.call, []

    def met(client, verb, path, *given, **more):
        answer = call(client, verb, path, *given, **more)
        if verb == "POST" and path == "files" and not made:
            ours = store.files[answer["id"]]
            twin = File(sign + ours.id, ours.name, FOLDER, ours.parents, created=ours.created)
            store.files[twin.id] = twin
            made.extend([ours, twin])
            if filled:
                made.append(store.add({"name": "third.bin", "parents": [ours.id]}, b"third"))
        return answer

    monkeypatch.setattr(Client, "call", met)
    job = Job(google_drive, b"x")
    job.folder = ""
    receipt = job.run()
    ours, twin, *third = made
    kept = min(ours, twin, key=lambda one: one.id)
    assert store.files[receipt.provider_id].parents == [kept.id]
    assert all(store.files[one.id].content == b"third" for one in third)
    assert (ours.id in store.files) == (filled or kept is ours)
    assert twin.id in store.files
