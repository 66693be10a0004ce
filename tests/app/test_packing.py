from __future__ import annotations

from typing import Any

import pyrage
import pytest

from tests.app.conftest import Api

KEY = str(pyrage.x25519.Identity.generate().to_public())
SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN"


def test_a_delivery_says_how_it_is_packed(alice: Api) -> None:
    deliveries = [
        {"destination": "folder", "compress": "zstd", "encrypt_to": [f" {KEY} ", f"{SSH} ann@laptop"]},
        {"destination": "folder"},
    ]
    packed, plain = alice.export(deliveries=deliveries)["deliveries"]
    assert (packed["compress"], packed["encrypt_to"]) == ("zstd", [KEY, SSH])
    assert (plain["compress"], plain["encrypt_to"]) == ("none", [])


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"compress": "rar"}, "compress", "none"),
        ({"encrypt_to": [KEY, KEY[:-1]]}, "encrypt_to.1", "not a whole public key"),
        ({"encrypt_to": ["me@example.org"]}, "encrypt_to.0", "not a public key"),
        ({"encrypt_to": ["ssh-rsa AAAA"]}, "encrypt_to.0", "not a public key"),
        ({"encrypt_to": [str(pyrage.x25519.Identity.generate())]}, "encrypt_to.0", "This is a secret key"),
        ({"encrypt_to": [KEY] * 21}, "encrypt_to", "20"),
    ],
)
def test_what_files_cannot_be_encrypted_to_is_named(alice: Api, wrong: dict[str, Any], field: str, said: str) -> None:
    body = {"source": {"kind": "svg", "content": "<svg/>"}, "format": "svg"}
    problem = alice.problem(422, "POST", "/export", json=body | {"deliveries": [{"destination": "folder"} | wrong]})
    assert problem["errors"][0]["field"] == f"deliveries.0.{field}"
    assert said in str(problem)
    assert "AGE-SECRET-KEY-1" not in str(problem)


def test_a_schedule_packs_and_stops_packing(alice: Api) -> None:
    when = {"schedule_type": "daily", "schedule_time": "01:30", "file_id": alice.file()["id"], "export_format": "png"}
    packing = {"compress": "gzip", "encrypt_to": [KEY]}
    made = alice.ok("POST", "/scheduled-exports", json=when | packing)
    assert {name: made[name] for name in packing} == packing
    path = f"/scheduled-exports/{made['id']}"
    assert alice.ok("PUT", path, json={"compress": "zstd"})["encrypt_to"] == [KEY]
    changed = alice.ok("PUT", path, json={"compress": "none", "encrypt_to": []})
    assert (changed["compress"], changed["encrypt_to"]) == ("none", [])
    problem = alice.problem(400, "PUT", path, json={"encrypt_to": ["x"]})
    assert problem["errors"][0]["field"] == "encrypt_to.0"


def test_the_preview_of_a_name_shows_its_endings(alice: Api) -> None:
    body = {"name": "{name}", "format": "csv", "compress": "gzip", "encrypt_to": [KEY]}
    assert alice.ok("POST", "/deliveries/preview-name", json=body)["name"] == "Document.csv.gz.age"
