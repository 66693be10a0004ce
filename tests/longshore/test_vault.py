from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from longshore import connections
from longshore.db import clock, reading, transaction
from longshore.errors import Permanent
from longshore.models import Connection
from longshore.rotation import rotate
from longshore.settings import SettingsError, settings
from longshore.vault import Vault, read_keys
from tests.conftest import forget

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_a_secret_opens_only_for_the_row_it_was_sealed_for():
    vault = Vault([OLD])
    envelope = vault.seal({"token": "hunter2"}, "ann", "row-1", "connection")
    assert vault.open(envelope, "ann", "row-1", "connection") == {"token": "hunter2"}
    assert b"hunter2" not in envelope
    for moved in (("bob", "row-1", "connection"), ("ann", "row-2", "connection"), ("ann", "row-1", "checkpoint")):
        with pytest.raises(Permanent, match="Enter the credentials again"):
            vault.open(envelope, *moved)


def test_a_changed_envelope_is_refused():
    vault = Vault([OLD])
    envelope = bytearray(vault.seal({"token": "hunter2"}, "ann"))
    envelope[-10] ^= 1
    with pytest.raises(Permanent):
        vault.open(bytes(envelope), "ann")


def test_after_rotation_the_old_key_may_go(database, monkeypatch):
    monkeypatch.setenv("LONGSHORE_VAULT_KEYS", OLD)
    forget()
    with transaction() as session:
        connections.create(
            session,
            owner="ann",
            name="bucket",
            destination="s3",
            options={},
            secrets={"secret_access_key": "hunter2"},
            now=clock(session),
        )
    monkeypatch.setenv("LONGSHORE_VAULT_KEYS", f"{NEW},{OLD}")
    forget()
    assert rotate() == 1
    monkeypatch.setenv("LONGSHORE_VAULT_KEYS", NEW)
    forget()
    with reading() as session:
        connection = session.scalars(select(Connection)).one()
    assert connections.open_secrets(connection) == {"secret_access_key": "hunter2"}


def test_without_a_configured_key_one_is_made_that_only_we_can_read(home):
    first, again = read_keys(settings()), read_keys(settings())
    assert first == again
    assert (home / "vault.key").stat().st_mode & 0o777 == 0o600


def test_a_key_that_is_none_is_named_at_start():
    with pytest.raises(SettingsError, match="LONGSHORE_VAULT_KEYS"):
        Vault(["short"])


def test_derived_keys_differ_by_purpose_and_key():
    vault = Vault([NEW, OLD])
    assert len({*vault.derive("a"), *vault.derive("b")}) == 4
