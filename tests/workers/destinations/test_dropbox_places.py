from __future__ import annotations

import pytest
from pydantic import ValidationError

from longshore.egress import check_url
from longshore.errors import NeedsReconnect, Permanent, Refused, Transient
from tests.contracts.dropbox_site import MIB
from tests.contracts.site import Job, classified, noise
from tests.fakes.dropbox import Fault
from tests.fakes.dropbox_account import content_hash
from workers.destinations.dropbox import DropboxOptions, DropboxSecrets

LINK = "sharing/create_shared_link_with_settings"


def test_the_connection_test_tells_the_account_and_what_is_free(dropbox_site):
    dropbox_site.fake.account.put("/other.bin", b"12345")
    dropbox_site.fake.account.quota = 1000
    report = dropbox_site.destination().test()
    assert (report.account, report.free_bytes, report.note) == ("Ann Ship <ann@example.com>", 995, "")
    assert dropbox_site.visible() == ["/other.bin"]


def test_the_connection_test_works_without_the_right_to_ask_for_the_account(dropbox_site):
    dropbox_site.fake.scopes.discard("account_info.read")
    report = dropbox_site.destination().test()
    assert report.free_bytes is None
    assert "account_info.read" in report.note


@pytest.mark.parametrize("scope", ["files.content.read", "files.content.write"])
def test_the_connection_test_names_a_missing_permission_and_cleans_up(dropbox_site, scope):
    dropbox_site.fake.scopes.discard(scope)
    with pytest.raises(NeedsReconnect, match=scope):
        dropbox_site.destination().test()
    assert dropbox_site.visible() == []


def test_the_connection_test_notices_other_bytes(dropbox_site):
    dropbox_site.fake.faults = [Fault("files/upload", "rot")]
    with pytest.raises(Transient):
        dropbox_site.destination().test()
    assert dropbox_site.visible() == []


def test_the_receipt_tells_dropbox_s_own_names_and_hash(dropbox_site):
    content = noise(9 * MIB)
    receipt = Job(dropbox_site, content, name="a b#é.png").run()
    assert receipt.checksum == f"content_hash:{content_hash(content)}"
    assert receipt.url == "https://www.dropbox.com/home/Team/reports/2026/a%20b%23%C3%A9.png"
    file = dropbox_site.fake.account.files[receipt.path.lower()]
    assert (receipt.provider_id, receipt.extra["rev"]) == (file.id, file.rev)
    assert "canary" not in repr(receipt)


def test_case_is_not_told_apart_and_overwriting_keeps_the_file_s_identity(dropbox_site):
    first = Job(dropbox_site, b"one", name="Chart.PNG", key="first").run()
    assert type(classified(dropbox_site.destination(), Job(dropbox_site, b"two", name="chart.png"))) is Permanent
    second = Job(dropbox_site, b"two", name="chart.png", conflict="overwrite", key="second").run()
    assert (second.provider_id, second.path) == (first.provider_id, first.path)
    assert dropbox_site.read(second) == b"two"


def test_equal_files_of_two_deliveries_stay_two(dropbox_site):
    first = Job(dropbox_site, b"same", key="first", conflict="rename").run()
    job = Job(dropbox_site, b"same", key="second", conflict="rename")
    job.checkpoint = {"path": first.path, "number": 1, "modified": "2026-01-02T03:04:05Z"}
    job.checkpoint["content_hash"] = content_hash(b"same")
    assert job.run().path != first.path


@pytest.mark.parametrize("audience", ["public", "team"])
def test_a_shared_link_is_made_once_and_found_again(dropbox_site, audience):
    job = Job(dropbox_site, b"x")
    destination = dropbox_site.destination(shared_link=audience)
    receipt = job.run(destination)
    assert f"/{audience}?" in receipt.url
    assert receipt.extra["shared_link"] == receipt.url
    assert job.run(destination).url == receipt.url
    assert dropbox_site.fake.routes().count(LINK) == 2


def test_a_link_that_is_not_given_is_told_in_the_receipt_and_in_the_test(dropbox_site):
    destination = dropbox_site.destination(shared_link="public")
    dropbox_site.fake.account.links_declined = "email_not_verified"
    receipt = Job(dropbox_site, b"x").run(destination)
    assert "confirmed email" in receipt.extra["shared_link_error"]
    assert receipt.url.startswith("https://www.dropbox.com/home/")
    dropbox_site.fake.scopes.discard("sharing.write")
    assert "sharing.write" in destination.test().note


def test_a_link_whose_answer_was_lost_is_asked_for_again(dropbox_site):
    dropbox_site.fake.faults = [Fault(LINK, "drop_after")]
    destination, job = dropbox_site.destination(shared_link="public"), Job(dropbox_site, b"x")
    assert isinstance(classified(destination, job), Transient)
    assert "/public?" in job.run(destination).url
    assert dropbox_site.fake.routes().count("files/upload") == 1


def test_what_stands_in_the_way_is_named(dropbox_site):
    account = dropbox_site.fake.account
    account.put("/Team/reports", b"a file")
    error = classified(dropbox_site.destination(), Job(dropbox_site, b"x", conflict="rename"))
    assert type(error) is Permanent
    assert "is a file" in error.message
    account.put("/Team/folder/file.bin/inner", b"y")
    job = Job(dropbox_site, b"x", conflict="overwrite")
    job.folder = "folder"
    error = classified(dropbox_site.destination(), job)
    assert type(error) is Permanent
    assert "folder has this name" in error.message
    error = classified(dropbox_site.destination(folder="else"), Job(dropbox_site, b"x", name="desktop.ini"))
    assert "of this name" in error.message


def test_the_endpoint_is_checked_before_and_by_the_address_that_was_dialled(dropbox_site):
    checked = []
    Job(dropbox_site, b"x").run(dropbox_site.destination(check=checked.append))
    assert set(checked) == {dropbox_site.fake.url}
    assert len(checked) >= 2

    def second_thoughts(url):
        checked.append(url)
        if len(checked) > 1:
            raise Refused("The address changed.")

    checked.clear()
    before = len(dropbox_site.fake.seen)
    assert isinstance(classified(dropbox_site.destination(check=second_thoughts), Job(dropbox_site, b"y")), Refused)
    assert len(dropbox_site.fake.seen) == before
    assert isinstance(classified(dropbox_site.destination(check=check_url), Job(dropbox_site, b"y")), Refused)


def test_a_redirect_is_not_followed(dropbox_site):
    where = {"Location": "http://169.254.169.254/latest/meta-data"}
    dropbox_site.fake.faults = [Fault("files/get_metadata", "answer", 307, where)]
    error = classified(dropbox_site.destination(), Job(dropbox_site, b"x"))
    assert isinstance(error, Transient)
    assert dropbox_site.fake.routes() == ["/oauth2/token"]


def test_credentials_in_netrc_are_not_sent(dropbox_site, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert Job(dropbox_site, b"x").run().verified == "checksum"


@pytest.mark.parametrize(
    ("given", "field", "kind"),
    [
        ({}, "access_token", "missing"),
        ({"app_key": "k", "app_secret": "s"}, "access_token", "missing"),
        ({"refresh_token": "r"}, "access_token", "app_key"),
        ({"access_token": ""}, "access_token", "too_short"),
        ({"access_token": "a", "folder_id": "f"}, "folder_id", "extra_forbidden"),
    ],
)
def test_credentials_that_cannot_work_are_refused(given, field, kind):
    with pytest.raises(ValidationError) as told:
        DropboxSecrets.model_validate(given)
    found = [(error["loc"][0], error["type"]) for error in told.value.errors()]
    assert found == [(field, kind)]


def test_credentials_and_options_take_the_names_that_people_use():
    DropboxSecrets.model_validate({"access_token": "a"})
    secrets = DropboxSecrets.model_validate({"refresh_token": "r", "client_id": "k", "client_secret": "s"})
    assert secrets.app_key.get_secret_value() == "k"
    assert DropboxOptions.model_validate({"folder": "/exports"}).chunk_mb == 8
    with pytest.raises(ValidationError):
        DropboxOptions.model_validate({"chunk_mb": 6})
