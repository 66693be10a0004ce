from __future__ import annotations

import pytest

from tests.contracts.destination_contract import DestinationContract


class TestOneDrive(DestinationContract):
    @pytest.fixture
    def site(self, onedrive):
        return onedrive
