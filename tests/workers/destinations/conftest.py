from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.contracts import fault_stands_accounts as accounts
from tests.contracts import fault_stands_servers as servers
from tests.contracts.dropbox_site import DropboxSite
from tests.contracts.fault_stand import PROVIDERS
from tests.contracts.folder_site import FolderSite
from tests.contracts.google_drive_site import DriveSite
from tests.contracts.onedrive_site import OneDriveSite
from tests.contracts.rclone_servers import served
from tests.contracts.rclone_site import RcloneBucket, RcloneSite
from tests.contracts.s3_servers import Proxy, moto, rclone, reset_moto
from tests.contracts.s3_site import S3Site
from tests.fakes.dropbox import FakeDropbox
from tests.fakes.google_drive import Drive
from tests.fakes.onedrive import FakeOneDrive
from workers.destinations import (
    _dropbox_client,
    _google_drive_client,
    _google_drive_session,
    _onedrive_session,
    _onedrive_wire,
)


@pytest.fixture(scope="session")
def moto_port():
    with moto() as port:
        yield port


@pytest.fixture(scope="session")
def rclone_port(tmp_path_factory):
    with rclone(tmp_path_factory.mktemp("rclone")) as port:
        yield port


@pytest.fixture
def on_moto(moto_port):
    reset_moto(moto_port)
    with Proxy(moto_port).running() as proxy:
        yield S3Site(proxy, atomic=True)


@pytest.fixture
def on_rclone(rclone_port):
    with Proxy(rclone_port).running() as proxy:
        yield S3Site(proxy, atomic=False)


@pytest.fixture(params=["on_moto", "on_rclone"])
def s3_site(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def google_drive():
    with Drive().running() as drive:
        yield DriveSite(drive)


@pytest.fixture
def dropbox_site():
    with FakeDropbox().running() as fake:
        yield DropboxSite(fake)


@pytest.fixture
def onedrive():
    with FakeOneDrive().running() as fake:
        yield OneDriveSite(fake)


@pytest.fixture(scope="session")
def rclone_servers(tmp_path_factory):
    """Servers by kind, started when they are asked for."""
    with ExitStack() as stack:
        found = {}

        def server(kind):
            if kind not in found:
                found[kind] = stack.enter_context(served(kind, tmp_path_factory.mktemp(f"rclone-{kind}")))
            return found[kind]

        yield server


@pytest.fixture
def rclone_on_moto(moto_port):
    reset_moto(moto_port)
    site = RcloneBucket(moto_port)
    yield site
    site.remove_all()


@pytest.fixture
def rclone_at(rclone_servers):
    """A site on the server of that kind."""
    made = []

    def site(kind):
        made.append(RcloneSite(rclone_servers(kind)))
        return made[-1]

    yield site
    for one in made:
        one.remove_all()


@pytest.fixture(params=PROVIDERS)
def stand(request, monkeypatch, tmp_path):
    monkeypatch.setattr(_dropbox_client, "READ_SECONDS", 0.5)
    monkeypatch.setattr(_google_drive_client, "SILENCE", 0.5)
    monkeypatch.setattr(_google_drive_session, "PAUSE", 0.0)
    monkeypatch.setattr(_onedrive_wire, "SILENCE", 0.5)
    monkeypatch.setattr(_onedrive_session, "PAUSE", 0.0)
    ask = request.getfixturevalue
    if request.param == "rclone":
        site = ask("rclone_at")("webdav")
        with Proxy(int(site.options["url"].rpartition(":")[2])).running() as proxy:
            site.options = {**site.options, "url": f"http://127.0.0.1:{proxy.port}"}
            yield servers.rclone_stand(site, proxy)
    elif request.param == "folder":
        yield servers.folder_stand(FolderSite(tmp_path / "root", monkeypatch), monkeypatch)
    elif request.param == "s3":
        yield servers.s3_stand(ask("on_moto"))
    else:
        fixture = {"dropbox": "dropbox_site"}.get(request.param, request.param)
        yield getattr(accounts, f"{request.param}_stand")(ask(fixture))


@pytest.fixture
def provider(request):
    return request.node.callspec.params["stand"]
