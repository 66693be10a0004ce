from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from longshore.db import clock, transaction
from longshore.exports import fail
from tests.app.conftest import Api
from workers.destinations import names

S3 = {"access_key_id": "AKIA", "secret_access_key": "canary-secret", "bucket_name": "bucket", "folder": "in/out"}


def request(api: Api, **changes: Any) -> dict[str, Any]:
    return {
        "file_id": api.file(name="My drawing")["id"],
        "user_id": "u1",
        "export_format": "png",
        "export_settings": {"width": 1920, "height": 1080, "scale": 2.0, "quality": 80, "background": "white"},
        "destination": "s3",
        "destination_config": S3,
    } | changes


def test_it_is_accepted_like_any_export(alice: Api) -> None:
    answer = alice("POST", "/export/cloud", json=request(alice))
    assert answer.status_code == 202
    export = answer.get_json()
    assert re.fullmatch(r"My_drawing_\d{8}_\d{6}", export["name"])
    assert export["settings"] == {"width": 1920, "height": 1080, "scale": 2.0, "background": "white"}
    assert (export["deliveries"][0]["destination"], export["deliveries"][0]["folder"]) == ("s3", "")
    assert "canary" not in answer.get_data(as_text=True)


def test_waiting_gives_the_answer_that_older_clients_know(
    alice: Api, finish: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def end(export_id: str, _seconds: float) -> bool:
        sizes.append(len(finish(export_id)))
        return True

    monkeypatch.setattr("app.wait.until_ended", end)
    answer = alice("POST", "/export/cloud", json=request(alice), headers={"Prefer": "wait=5"})
    assert answer.status_code == 200
    body = answer.get_json()
    assert body.pop("export_id") in answer.headers["Location"]
    assert body == {
        "success": True,
        "destination": "s3",
        "file_name": "drawing.png",
        "file_size": sizes[0],
        "format": "png",
        "url": "file:///out/drawing.png",
        "path": "/out/drawing.png",
        "bucket": "b",
        "key": "k",
    }


def test_waiting_for_what_fails_says_why(alice: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(export_id: str, _seconds: float) -> bool:
        with transaction() as session:
            message = "The SVG is broken at line 3."
            fail(session, export_id, now=clock(session), fence=None, code="bad_document", message=message)
        return True

    monkeypatch.setattr("app.wait.until_ended", end)
    problem = alice.problem(502, "POST", "/export/cloud", json=request(alice), headers={"Prefer": "wait=5"})
    assert (problem["detail"], problem["code"], problem["success"]) == (
        "The SVG is broken at line 3.",
        "bad_document",
        False,
    )


@pytest.mark.parametrize(
    ("changes", "status", "detail"),
    [
        ({"destination": "ftp"}, 400, f"destination must be one of: {', '.join(names())}"),
        ({"export_format": "docx"}, 400, "export_format must be one of: svg, png, jpeg, webp, avif, tiff, pdf, html"),
        ({"file_id": "nothing"}, 404, "Diagram not found"),
        ({"destination_config": {"bucket_name": "bucket"}}, 400, "Missing required config: access_key_id"),
        ({"export_settings": {"scale": 9}}, 400, "export_settings.scale"),
        ({"export_settings": {"dots": 9}}, 400, "export_settings.dots"),
        ({"destination": None}, 422, "destination"),
    ],
)
def test_errors_are_those_that_older_clients_know(
    alice: Api, changes: dict[str, Any], status: int, detail: str
) -> None:
    assert detail in alice.problem(status, "POST", "/export/cloud", json=request(alice, **changes))["detail"]


def test_settings_that_a_format_does_not_know_are_passed_over(alice: Api) -> None:
    export = alice.ok(
        "POST", "/export/cloud", json=request(alice, export_format="svg", destination="local", destination_config={})
    )
    assert export["settings"] == {"width": 1920, "height": 1080, "background": "white"}
