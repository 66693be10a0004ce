from __future__ import annotations

import pytest

from tests.contracts.destination_contract import DestinationContract


class TestGoogleDrive(DestinationContract):
    @pytest.fixture
    def site(self, google_drive):
        return google_drive
