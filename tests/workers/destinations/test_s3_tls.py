from __future__ import annotations

import pytest

from longshore.errors import Permanent, Refused
from tests.contracts.certificate import certificate
from tests.contracts.s3_servers import rclone
from tests.contracts.s3_site import MIB
from tests.contracts.site import Job, classified, noise


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    """The port of rclone behind TLS, and the certificate to trust."""
    folder = tmp_path_factory.mktemp("tls")
    trusted, key = certificate(folder)
    (folder / "store/exports").mkdir(parents=True)
    with rclone(folder / "store", "--cert", str(trusted), "--key", str(key)) as port:
        yield port, str(trusted)


def connection(on_rclone, port, **options):
    return on_rclone.destination(endpoint_url=f"https://127.0.0.1:{port}", bucket_name="exports", **options)


def test_uploads_pass_tls_without_trailers_and_the_dialled_address_is_checked(on_rclone, secured, monkeypatch):
    port, trusted = secured
    monkeypatch.setenv("AWS_CA_BUNDLE", trusted)
    checked = []
    destination = connection(on_rclone, port, check=checked.append)
    for size in (100, 5 * MIB + 1):
        receipt = Job(on_rclone, noise(size), name=str(size)).run(destination)
        assert (receipt.verified, receipt.size) == ("checksum", size)
        assert receipt.url.startswith(f"https://127.0.0.1:{port}/exports/")
    assert set(checked) == {f"https://127.0.0.1:{port}"}
    assert len(checked) >= 2


def test_an_address_that_is_refused_when_dialled_sees_no_handshake(on_rclone, secured, monkeypatch):
    port, trusted = secured
    monkeypatch.setenv("AWS_CA_BUNDLE", trusted)
    asked = []

    def second_thoughts(url):
        asked.append(url)
        if len(asked) > 1:
            raise Refused("The address changed.")

    assert isinstance(classified(connection(on_rclone, port, check=second_thoughts), Job(on_rclone, b"x")), Refused)
    assert len(asked) == 2


def test_a_certificate_that_nobody_vouches_for_is_permanent(on_rclone, secured):
    error = classified(connection(on_rclone, secured[0]), Job(on_rclone, b"x"))
    assert type(error) is Permanent
    assert "AWS_CA_BUNDLE" in error.message
