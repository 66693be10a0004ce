from __future__ import annotations

import pytest

from tests.contracts.destination_contract import DestinationContract


class TestSftp(DestinationContract):
    @pytest.fixture
    def site(self, rclone_at):
        return rclone_at("sftp")


@pytest.mark.slow
class TestWebdav(DestinationContract):
    @pytest.fixture
    def site(self, rclone_at):
        return rclone_at("webdav")


@pytest.mark.slow
class TestFtp(DestinationContract):
    @pytest.fixture
    def site(self, rclone_at):
        return rclone_at("ftp")


@pytest.mark.slow
class TestS3(DestinationContract):
    @pytest.fixture
    def site(self, rclone_on_moto):
        return rclone_on_moto
