from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from app.cli import main
from longshore import receipts, signing
from longshore.db import transaction
from longshore.models import Receipt
from longshore.settings import Settings
from longshore.signing import new_key, public_text, read_keyring
from tests.app.conftest import Api

CONTENT = b"artifact"
FACTS: dict[str, Any] = {
    "delivery_id": "d1",
    "schedule": {"id": "s1", "type": "daily", "slot": "2026-03-01T09:00:00.000Z", "timezone": "UTC"},
    "source": {"sha256": "c" * 64},
    "artifact": {"size": 8, "sha256": "c7c5c1d70c5dec4416ab6158afd0b223ef40c29b1dc1f97ed9428b94d4cadb1c"},
    "sent": {"size": 9, "sha256": "b" * 64},
    "arrived": {"destination": "s3", "path": "bucket/a", "checksum": "x", "verified": "checksum", "skipped": False},
    "times": {"delivered": "2026-03-01T09:00:01.000Z"},
}


@pytest.fixture
def shown(tmp_path: Path) -> Path:
    """A receipt of this machine's own key, in a file."""
    path = tmp_path / "receipt.json"
    path.write_text(receipts.sign(FACTS, signing.keyring()))
    return path


def ran(*arguments: Any, code: int, stdin: str | None = None) -> str:
    result = CliRunner().invoke(main, ["verify", *map(str, arguments)], input=stdin)
    assert result.exit_code == code, result.output
    return result.output


def test_a_receipt_is_served_as_it_was_signed_to_its_owner_alone(
    alice: Api, bob: Api, client: FlaskClient, finish: Callable[..., bytes]
) -> None:
    export = alice.export(deliveries=[{"destination": "folder"}])
    path = f"/deliveries/{export['deliveries'][0]['id']}"
    assert "pending" in alice.problem(404, "GET", f"{path}/receipt")["detail"]
    finish(export["id"])
    assert "receipt" not in alice.ok("GET", path)["links"]
    text = receipts.sign(FACTS, signing.keyring())
    with transaction() as session:
        session.query(Receipt).one().signed = text
    links = alice.ok("GET", path)["links"]
    assert links == {"self": f"/api{path}", "receipt": f"/api{path}/receipt"}
    answer = alice("GET", f"{path}/receipt")
    assert answer.get_data(as_text=True) == text
    assert answer.content_type == "application/json"
    assert "attachment" in answer.headers["Content-Disposition"]
    bob.problem(404, "GET", f"{path}/receipt")
    keys = client.get("/api/receipt-keys")
    assert keys.status_code == 200
    known = {one["kid"]: signing.public_key(one["x"]) for one in keys.get_json()["keys"]}
    assert receipts.verify(answer.get_data(), known).ok


def test_a_receipt_is_checked_without_a_server(shown: Path, tmp_path: Path) -> None:
    said = ran(shown, code=0)
    assert "The receipt is genuine." in said
    assert "s3: bucket/a" in said
    assert "2026-03-01T09:00:00.000Z of the daily schedule s1" in said
    file = tmp_path / "file"
    file.write_bytes(CONTENT)
    assert "this is the artifact" in ran(shown, file, code=0)
    file.write_bytes(CONTENT + b"!")
    assert "another file" in ran(shown, file, code=3)
    assert "genuine" in ran("-", code=0, stdin=shown.read_text())


def test_what_is_not_genuine_is_told_and_has_a_status_of_its_own(shown: Path) -> None:
    assert "was changed" in ran("-", code=1, stdin=shown.read_text().replace("bucket/a", "bucket/b"))
    assert "not a receipt" in ran("-", code=1, stdin="{}")
    other = read_keyring(Settings(signing_keys=new_key()))
    assert "not among those given" in ran("-", code=4, stdin=receipts.sign(FACTS, other))
    found = json.loads(ran("-", "--json", code=1, stdin="{}"))
    assert (found["ok"], found["finding"], found["receipt"]) == (False, "malformed", None)
    assert json.loads(ran(shown, "--json", code=0))["receipt"]["delivery_id"] == "d1"


def test_keys_are_named_as_text_or_in_a_file(shown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = signing.keyring()
    text, stranger = (
        public_text(ring.signs.public_key()),
        public_text(read_keyring(Settings(signing_keys=new_key())).signs.public_key()),
    )
    jwks, jwk, plain = tmp_path / "jwks", tmp_path / "jwk", tmp_path / "plain"
    jwks.write_text(CliRunner().invoke(main, ["receipt", "keys", "--json"]).output)
    jwk.write_text(json.dumps(ring.jwks()["keys"][0]))
    plain.write_text(CliRunner().invoke(main, ["receipt", "keys"]).output)
    monkeypatch.setenv("LONGSHORE_HOME", str(tmp_path / "elsewhere"))
    signing.settings.cache_clear()
    assert "There is no key here" in ran(shown, code=2)
    assert not (tmp_path / "elsewhere").exists()
    for key in (text, jwks, jwk, plain):
        ran(shown, "--key", stranger, "--key", key, code=0)
    ran(shown, "--key", stranger, code=4)
    assert "no Ed25519 public key" in ran(shown, "--key", "pub_x", code=2)


def test_a_new_private_key_is_printed() -> None:
    made = CliRunner().invoke(main, ["receipt", "key"]).output.strip()
    assert read_keyring(Settings(signing_keys=made)).key_id
