"""Whose login counts, and what is kept of it, where workers, the user and the provider get in each other's way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from longshore import connections
from longshore.connections import drop_token, kept_token, open_secrets, seal_secrets
from longshore.db import clock, transaction
from longshore.errors import Cancelled, NeedsReconnect, Transient
from longshore.models import Connection
from longshore.rotation import rotate
from workers import tokens
from workers.destinations.base import Grant
from workers.interrupt import Interrupt
from workers.tokens import SharedTokens

SECRETS = {"refresh_token": "first-refresh", "client_id": "client"}


@pytest.fixture
def connection(database):
    with transaction() as session:
        return connections.create(
            session, owner="ann", name="Any", destination="onedrive", options={}, secrets=SECRETS, now=clock(session)
        )


@pytest.fixture
def worker(connection):
    """What a worker opens now."""

    def opened():
        row = stored(connection)
        return SharedTokens(row, open_secrets(row))

    return opened


def stored(connection):
    with transaction() as session:
        return session.get_one(Connection, connection.id)


def change(connection, work):
    with transaction() as session:
        work(session.get_one(Connection, connection.id, with_for_update=True))


def gives(number, before=lambda: None, seconds=1000.0):
    """A login that replaces the refresh token."""

    def login(_secrets):
        before()
        return Grant(f"token-{number}", seconds, {"refresh_token": f"refresh-{number}"})

    return login


def never(_secrets):
    pytest.fail("nobody had to sign in")


def test_no_lock_of_the_database_is_held_while_a_provider_is_waited_for(connection, worker):
    def rename():
        change(connection, lambda row: setattr(row, "name", "New"))

    assert worker().get(gives(1, rename)) == "token-1"
    row = stored(connection)
    assert (row.name, kept_token(row)[0], row.renewing_until) == ("New", "token-1", None)
    assert open_secrets(row) == {**SECRETS, "refresh_token": "refresh-1"}


def test_who_signs_in_is_handed_the_secrets_as_another_has_replaced_them(worker):
    ours, theirs = worker(), worker()
    theirs.get(gives(1))
    seen = []
    assert ours.get(lambda secrets: seen.append(secrets) or Grant("token-2", 1.0), refused="token-1") == "token-2"
    assert seen == [{**SECRETS, "refresh_token": "refresh-1"}]


def test_new_secrets_of_the_user_drop_the_token_and_what_an_older_login_still_gives(connection, worker):
    old = worker()
    old.get(gives(1))
    change(connection, lambda row: seal_secrets(row, {**SECRETS, "refresh_token": "of another account"}))
    assert stored(connection).token is None
    assert old.get(gives(2), refused="token-1") == "token-2"
    row = stored(connection)
    assert (row.token, open_secrets(row)["refresh_token"]) == (None, "of another account")
    assert worker().get(gives(3)) == "token-3"


def test_new_secrets_in_the_middle_of_a_login_win(connection, worker):
    def reconnect():
        change(connection, lambda row: seal_secrets(row, {"refresh_token": "of another account"}))

    assert worker().get(gives(1, reconnect)) == "token-1"
    row = stored(connection)
    assert (row.token, open_secrets(row)) == (None, {"refresh_token": "of another account"})


def test_a_refresh_token_is_kept_where_the_user_changed_something_else_in_the_middle_of_the_login(connection, worker):
    assert worker().get(gives(1, lambda: change(connection, drop_token))) == "token-1"
    row = stored(connection)
    assert (row.token, open_secrets(row)["refresh_token"]) == (None, "refresh-1")


def test_a_refresh_token_that_comes_after_the_lease_is_kept(connection, worker, monkeypatch):
    monkeypatch.setattr(tokens, "LEASE", timedelta(0))
    slow = worker()
    assert slow.get(gives(1)) == "token-1"
    row = stored(connection)
    assert (kept_token(row)[0], open_secrets(row)["refresh_token"]) == ("token-1", "refresh-1")


def test_of_two_whose_lease_ran_out_the_first_to_store_is_kept(connection, worker, monkeypatch):
    monkeypatch.setattr(tokens, "LEASE", timedelta(0))
    assert worker().get(gives(1, lambda: worker().get(gives(2)))) == "token-1"
    row = stored(connection)
    assert (kept_token(row)[0], open_secrets(row)["refresh_token"]) == ("token-2", "refresh-2")


def test_who_is_refused_because_another_replaced_the_refresh_token_takes_that_one_s(worker, monkeypatch):
    monkeypatch.setattr(tokens, "LEASE", timedelta(0))

    def too_late(_secrets):
        worker().get(gives(1))
        raise NeedsReconnect("This refresh token was used already.")

    assert worker().get(too_late) == "token-1"


@pytest.mark.parametrize("error", [NeedsReconnect("Revoked."), Transient("Busy."), KeyboardInterrupt()])
def test_a_login_that_fails_lets_the_next_one_try_at_once(connection, worker, error):
    def fails(_secrets):
        raise error

    with pytest.raises(type(error)):
        worker().get(fails)
    assert stored(connection).renewing_until is None
    assert worker().get(gives(1)) == "token-1"


def test_a_login_is_stopped_after_what_it_gave_is_stored(connection, worker):
    stop = Interrupt()
    with pytest.raises(Cancelled), stop:
        worker().get(gives(1, stop.now))
    row = stored(connection)
    assert (kept_token(row)[0], open_secrets(row)["refresh_token"]) == ("token-1", "refresh-1")


def test_a_given_token_is_used_until_somebody_had_to_renew_it(connection, worker):
    assert worker().get(never, given="given") == "given"
    assert worker().get(gives(1), given="given", refused="given") == "token-1"
    assert worker().get(never, given="given") == "token-1"
    change(connection, drop_token)
    assert worker().get(never, given="given") == "given"


def test_a_connection_that_was_deleted_meanwhile_still_serves_what_is_open(connection, worker):
    ours = worker()
    with transaction() as session:
        session.delete(session.get_one(Connection, connection.id))
    assert ours.get(gives(1)) == "token-1"
    assert ours.get(never) == "token-1"


def test_the_token_is_wrapped_anew_with_the_other_secrets(connection, worker):
    worker().get(gives(1))
    before = stored(connection)
    assert rotate() == 2
    after = stored(connection)
    assert after.token != before.token
    assert kept_token(after) == kept_token(before)
