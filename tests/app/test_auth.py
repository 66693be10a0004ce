from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.auth import create_key
from longshore import settings
from longshore.db import clock, reading, transaction
from longshore.errors import Invalid
from longshore.models import ApiKey
from tests.app.conftest import Api

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

SECRET = "a secret of at least thirty-two bytes"


def test_without_a_key_nothing_is_told(client: FlaskClient) -> None:
    answer = client.get("/api/files")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("header", ["Bearer lsk_00000000_nothing", "Bearer x.y.z", "Bearer ", "Basic YTpi", "lsk_"])
def test_a_wrong_key_opens_nothing(client: FlaskClient, header: str) -> None:
    assert client.get("/api/files", headers={"Authorization": header}).status_code == 401


def test_a_key_is_accepted_in_either_header_and_kept_as_a_digest_only(
    client: FlaskClient, key: Callable[..., str]
) -> None:
    token = key("alice")
    assert token.startswith("lsk_")
    for headers in ({"Authorization": f"bearer {token}"}, {"X-API-Key": token}):
        assert client.get("/api/files", headers=headers).status_code == 200
    with reading() as session:
        row = session.scalars(select(ApiKey)).one()
    assert token not in repr(vars(row))
    assert len(row.digest) == 64


def test_a_key_does_what_its_scopes_say(client: FlaskClient, key: Callable[..., str]) -> None:
    calls = {"read": ("GET", "/files"), "write": ("POST", "/export"), "admin": ("GET", "/keys")}
    for scope, allowed in (("read", {"read"}), ("write", {"read", "write"}), ("admin", {"read", "write", "admin"})):
        api = Api(client, key("alice", scope))
        for needed, (method, path) in calls.items():
            status = api(method, path, json={} if method == "POST" else None).status_code
            assert (status == 403) is (needed not in allowed), (scope, needed, status)


def test_the_last_use_of_a_key_is_written_at_most_once_a_minute(alice: Api) -> None:
    def seen() -> datetime | None:
        with reading() as session:
            return session.scalars(select(ApiKey.last_used_at)).one()

    assert seen() is None
    alice.ok("GET", "/files")
    first = seen()
    assert first is not None
    alice.ok("GET", "/files")
    assert seen() == first
    with transaction() as session:
        session.execute(update(ApiKey).values(last_used_at=clock(session) - timedelta(seconds=61)))
    alice.ok("GET", "/files")
    assert (seen() or first) > first


def test_a_revoked_key_is_refused_at_once(admin: Api, client: FlaskClient) -> None:
    made = admin.ok("POST", "/keys", json={"name": "ci", "scopes": ["read"]})
    user = Api(client, made["token"])
    user.ok("GET", "/files")
    listed = admin.ok("GET", "/keys")["keys"]
    assert {one["name"] for one in listed} == {"ci", "test"}
    assert made["token"] not in str(listed)
    admin.ok("DELETE", f"/keys/{made['id']}")
    assert "revoked" in user.problem(401, "GET", "/files")["detail"]
    admin.problem(422, "POST", "/keys", json={"name": "x", "scopes": ["root"]})
    admin.problem(422, "POST", "/keys", json={"name": "x", "scopes": []})


def test_a_key_needs_scopes_that_exist(database: str) -> None:
    for scopes in ([], ["root"]):
        with transaction() as session, pytest.raises(Invalid):
            create_key(session, "alice", "x", scopes, clock(session))


@pytest.fixture
def signed(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Api]:
    """A client with a JWT whose claims may be changed; None leaves one out."""
    monkeypatch.setenv("LONGSHORE_JWT_SECRET", SECRET)
    settings.settings.cache_clear()

    def make(secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> Api:
        now = datetime.now(UTC)
        claims = {"sub": "alice", "aud": "longshore", "exp": now + timedelta(minutes=5)} | changes
        kept = {name: value for name, value in claims.items() if value is not None}
        return Api(client, jwt.encode(kept, secret, algorithm=algorithm))

    return make


def test_a_jwt_acts_for_its_subject(signed: Callable[..., Api], alice: Api) -> None:
    file = alice.file()
    assert signed().ok("GET", f"/files/{file['id']}") == file
    signed(sub="bob").problem(404, "GET", f"/files/{file['id']}")
    signed(scope="read").problem(403, "POST", "/files", json={})
    signed().problem(403, "GET", "/keys")
    assert signed(scope="admin").ok("GET", "/keys")["keys"]


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "another secret of thirty-two bytes!"},
        {"algorithm": "HS512", "secret": SECRET * 3},
        {"aud": "elsewhere"},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 201},
        {"exp": None},
        {"exp": datetime(2020, 1, 1, tzinfo=UTC)},
        {"scope": ["read"]},
    ],
)
def test_a_jwt_that_is_not_ours_is_refused(signed: Callable[..., Api], changes: dict[str, Any]) -> None:
    signed(**changes).problem(401, "GET", "/files")


def test_no_jwt_is_accepted_without_a_secret_of_the_operator(client: FlaskClient) -> None:
    Api(client, jwt.encode({"sub": "alice"}, SECRET)).problem(401, "GET", "/files")
