from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.app.conftest import Api
from workers.destinations import names
from workers.renderers.base import SETTINGS

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

NEED_NO_KEY = {"/healthz", "/readyz", "/metrics", "/api/receipt-keys"}


@pytest.fixture
def spec(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").get_json()
    return found


def test_the_description_is_whole(client: FlaskClient, spec: dict[str, Any]) -> None:
    assert spec["openapi"].startswith("3.1")
    described = {(path, method.upper()) for path, operations in spec["paths"].items() for method in operations}
    served = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method)
        for rule in client.application.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith(("/docs", "/openapi", "/oauth"))
    }
    assert described == served
    refs = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(spec)))
    assert refs <= spec["components"]["schemas"].keys()
    operations = [(path, one) for path, methods in spec["paths"].items() for one in methods.values()]
    assert len({one["operationId"] for _path, one in operations}) == len(operations)
    for path, one in operations:
        assert one["summary"].endswith("."), path
        assert "application/problem+json" in one["responses"]["default"]["content"]
        assert (one["security"] == [{}]) is (path in NEED_NO_KEY), path


def test_the_catalogues_follow_the_plug_ins(alice: Api) -> None:
    formats = alice.ok("GET", "/formats")
    cells = {(cell["kind"], cell["format"]): cell for cell in formats["formats"]}
    cell = cells["svg", "png"]
    assert (cell["available"], cell["remedy"], cell["extension"]) == (True, "", "png")
    assert cell["way"][0] == "svg"
    assert cell["way"][-1] == "png"
    fields = SETTINGS["png"].model_fields.keys()
    assert cell["settings"]["properties"].keys() == fields - {"scope", "ids", "theme", "metadata"}
    assert cells["canvas", "png"]["settings"]["properties"].keys() == fields - {"metadata"}
    assert cells["image", "json"]["settings"]["properties"] == {}
    for cell in cells.values():
        for name, one in cell["settings"]["properties"].items():
            assert len(one["description"]) > 15, (cell["format"], name)
    assert formats["kinds"]["svg"]
    destinations = {one["name"]: one for one in alice.ok("GET", "/destinations")["destinations"]}
    assert list(destinations) == names()
    assert destinations["s3"]["secrets"]["required"] == ["access_key_id", "secret_access_key"]
    assert destinations["folder"]["aliases"] == ["local"]


def test_what_is_not_available_says_how_to_get_it(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    from workers.plan import Cell

    lacking = Cell("mermaid", "svg", (), False, ("browser", "mermaid"), ("apt-get install x", "make assets"))
    monkeypatch.setattr("app.api.catalogue.matrix", lambda _check: [lacking])
    cell = alice.ok("GET", "/formats")["formats"][0]
    assert (cell["available"], cell["remedy"]) == (False, "apt-get install x and make assets")
