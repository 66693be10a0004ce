"""A folder in the fake Google Drive."""

from __future__ import annotations

from tests.contracts.site import ServerSite
from tests.fakes.google_drive import CLIENT_ID, CLIENT_SECRET, FOLDER, REFRESH
from workers.destinations._google_drive_files import Files
from workers.destinations.base import Place
from workers.destinations.google_drive import DriveOptions, DriveSecrets, GoogleDrive

MIB = 1024 * 1024
RENEWABLE = {"refresh_token": REFRESH, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


class DriveSite(ServerSite):
    part = 2 * MIB
    atomic_remove = False

    def __init__(self, drive):
        self.drive = drive
        self.store = drive.store

    def destination(self, *, secrets=RENEWABLE, check=lambda url: None, **options):
        given = {"endpoint_url": self.drive.url, "folder": "team", "chunk_size_mb": 2, **options}
        return GoogleDrive(DriveOptions(**given), DriveSecrets(**secrets), Place("", check))

    asked = (Files, "named")

    def put(self, name):
        self.store.add({"name": name, "parents": self.files()[0].parents}, b"theirs")

    def read(self, receipt):
        assert self.store.path(self.store.files[receipt.provider_id]) == receipt.path
        return self.store.files[receipt.provider_id].content

    def files(self):
        return [one for one in self.store.files.values() if one.mime != FOLDER and not one.trashed]

    def visible(self):
        return [self.store.path(one) for one in self.files()]

    def contents(self):
        return {self.store.path(one): one.content for one in self.files()}

    def backend(self):
        return self.drive.port

    def unfinished(self):
        return [one.about.get("name", one.target) for one in self.drive.open_sessions()]

    def received(self):
        return self.drive.received

    def folders(self):
        return sorted(self.store.path(one) for one in self.store.files.values() if one.mime == FOLDER)
