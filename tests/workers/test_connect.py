"""Secrets that a provider replaces while a connection is used."""

from __future__ import annotations

import pytest

from longshore import connections
from longshore.connections import open_secrets, seal_secrets
from longshore.db import clock, transaction
from longshore.models import Connection
from tests.fakes.onedrive import CLIENT_ID, REFRESH, FakeOneDrive
from workers.connect import open_destination

SECRETS = {"refresh_token": REFRESH, "client_id": CLIENT_ID}


@pytest.fixture
def fake(database):
    with FakeOneDrive().running() as fake:
        yield fake


@pytest.fixture
def connection(fake):
    with transaction() as session:
        options = {"endpoint_url": fake.url}
        return connections.create(
            session, owner="ann", name="OneDrive", destination="onedrive", options=options, secrets=SECRETS,
            now=clock(session),
        )  # fmt: skip


def stored(connection):
    with transaction() as session:
        return open_secrets(session.get_one(Connection, connection.id))


def test_a_refresh_token_is_kept_as_the_provider_renews_it(fake, connection):
    open_destination(connection).test()
    kept = stored(connection)
    assert kept["refresh_token"] in fake.refresh - {REFRESH}
    assert kept["client_id"] == CLIENT_ID
    fake.refresh = {kept["refresh_token"]}
    fake.tokens.clear()
    with transaction() as session:
        fresh = session.get_one(Connection, connection.id)
    open_destination(fresh).test()
    assert stored(connection)["refresh_token"] in fake.refresh - {kept["refresh_token"]}


def test_of_several_renewals_in_one_use_the_last_is_kept(fake, connection):
    destination = open_destination(connection)
    destination.test()
    first = stored(connection)["refresh_token"]
    for _ in range(2):
        fake.tokens.clear()
        destination.test()
    last = stored(connection)
    assert last["refresh_token"] == max(fake.refresh, key=lambda one: int(one.rpartition("-")[2]))
    assert last == {**SECRETS, "refresh_token": last["refresh_token"]} != {**SECRETS, "refresh_token": first}


def test_what_somebody_stored_meanwhile_is_not_overwritten(fake, connection):
    destination = open_destination(connection)
    with transaction() as session:
        row = session.get_one(Connection, connection.id)
        seal_secrets(row, {**SECRETS, "refresh_token": "newer"})
    destination.test()
    assert stored(connection)["refresh_token"] == "newer"


def test_a_connection_deleted_meanwhile_is_no_error(fake, connection):
    destination = open_destination(connection)
    with transaction() as session:
        session.delete(session.get_one(Connection, connection.id))
    assert destination.test().account.startswith("ann@example.com")
