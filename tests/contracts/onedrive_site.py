"""A folder in the fake OneDrive."""

from __future__ import annotations

from tests.contracts.site import ServerSite
from tests.fakes.onedrive import CLIENT_ID, REFRESH
from workers.destinations._onedrive_drive import Drive
from workers.destinations.base import Place, Tokens
from workers.destinations.onedrive import OneDrive, OneDriveOptions, OneDriveSecrets

MIB = 1024 * 1024
RENEWABLE = {"refresh_token": REFRESH, "client_id": CLIENT_ID}


class OneDriveSite(ServerSite):
    part = 5 * MIB

    def __init__(self, fake):
        self.fake = fake
        self.store = fake.store
        self.renewed = []

    def destination(self, *, secrets=RENEWABLE, check=lambda url: None, **options):
        given = {"endpoint_url": self.fake.url, "folder": "Team", "chunk_mb": 5, **options}
        place = Place("", check, Tokens(self.renewed.append))
        return OneDrive(OneDriveOptions(**given), OneDriveSecrets(**secrets), place)

    asked = (Drive, "look")

    def put(self, name):
        self.store.write(self.files()[0].parent, name, b"theirs", "fail")

    def read(self, receipt):
        assert self.store.path(self.store.items[receipt.provider_id]) == receipt.path
        return self.store.items[receipt.provider_id].content

    def files(self):
        return [one for one in self.store.items.values() if one.content is not None]

    def visible(self):
        return [self.store.path(one) for one in self.files()]

    def contents(self):
        return {self.store.path(one): one.content for one in self.files()}

    def through(self, port):
        self.fake.shown_port = port
        return self.destination()

    def backend(self):
        return self.fake.port

    def unfinished(self):
        return [one.name for one in self.fake.sessions.values()]

    def received(self):
        return self.fake.received
