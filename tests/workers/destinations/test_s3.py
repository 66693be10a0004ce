from __future__ import annotations

import pytest

from tests.contracts.destination_contract import DestinationContract


class TestMoto(DestinationContract):
    @pytest.fixture
    def site(self, on_moto):
        return on_moto


class TestRclone(DestinationContract):
    @pytest.fixture
    def site(self, on_rclone):
        return on_rclone
