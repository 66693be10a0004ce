from __future__ import annotations

import traceback

import pytest

from longshore.settings import SettingsError, settings
from tests.conftest import forget


def read(monkeypatch, **variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    forget()
    return settings()


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"LONGSHORE_LEASE": "soon"}, "LONGSHORE_LEASE"),
        ({"LONGSHORE_HEARTBEAT": "20", "LONGSHORE_LEASE": "30"}, "LONGSHORE_HEARTBEAT"),
        ({"LONGSHORE_JWT_SECRET": "short"}, "LONGSHORE_JWT_SECRET"),
        ({"PORT": "70000"}, "^PORT: "),
        ({"LONGSHORE_EGRESS_PORTS": "443,70000"}, "^LONGSHORE_EGRESS_PORTS: number 2 of the list: "),
        ({"LONGSHORE_VAULT_KEYS_FILE": "/nowhere/at/all"}, "LONGSHORE_VAULT_KEYS_FILE"),
    ],
)
def test_a_senseless_variable_is_named(monkeypatch, variables, named):
    with pytest.raises(SettingsError, match=named):
        read(monkeypatch, **variables)


def test_a_secret_may_come_from_a_file(monkeypatch, tmp_path):
    (tmp_path / "url").write_text("postgresql://ann:hunter2@db/longshore\n")
    config = read(monkeypatch, LONGSHORE_DATABASE_URL_FILE=str(tmp_path / "url"))
    assert config.database == "postgresql+psycopg://ann:hunter2@db/longshore"
    assert "hunter2" not in repr(config)


def test_networks_are_read_as_a_list(monkeypatch):
    config = read(monkeypatch, LONGSHORE_ALLOW_PRIVATE_NETWORKS="10.0.0.0/8, 192.168.0.0/16")
    assert config.allow_private_networks == ("10.0.0.0/8", "192.168.0.0/16")


def test_port_is_honoured(monkeypatch):
    assert read(monkeypatch, PORT="1234").port == 1234


def test_a_mistake_is_told_without_the_other_settings(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LONGSHORE_DATABASE_URL", "postgresql://me:canary@host/db")
    monkeypatch.setenv("LONGSHORE_JWT_SECRET", "canary-too-short")
    with pytest.raises(SettingsError) as caught:
        settings()
    assert "canary" not in "".join(traceback.format_exception(caught.value))
