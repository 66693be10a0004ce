from __future__ import annotations

import pytest

from tests.contracts.destination_contract import DestinationContract


class TestDropbox(DestinationContract):
    @pytest.fixture
    def site(self, dropbox_site):
        return dropbox_site
