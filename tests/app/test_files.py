from __future__ import annotations

import base64
import io
from typing import Any

import pytest

from tests.app.conftest import SVG, Api


def content(api: Api, file: dict[str, Any]) -> str:
    return api("GET", f"/files/{file['id']}/content").get_data(as_text=True)


def test_a_text_document_comes_back_as_it_was_sent(alice: Api) -> None:
    answer = alice("POST", "/files", json={"name": "plan", "kind": "markdown", "content": "# Ünï\n"})
    assert answer.status_code == 201
    file = answer.get_json()
    assert answer.headers["Location"] == f"/api/files/{file['id']}"
    assert (file["name"], file["kind"], file["version"], file["size"]) == ("plan", "markdown", 1, 8)
    assert alice.ok("GET", f"/files/{file['id']}") == file
    assert content(alice, file) == "# Ünï\n"


@pytest.mark.parametrize(
    ("fields", "kind", "text"),
    [
        ({"title": "d", "file_type": "canvas", "canvas_data": {"shapes": []}}, "canvas", '{"shapes":[]}'),
        ({"title": "d", "file_type": "note", "note_content": "# hi"}, "markdown", "# hi"),
        ({"title": "d", "file_type": "mermaid", "mermaid_code": "graph TD"}, "mermaid", "graph TD"),
        (
            {"title": "d", "file_type": "mixed", "canvas_data": {"shapes": []}, "note_content": "n"},
            "canvas",
            '{"shapes":[],"note_content":"n"}',
        ),
        ({"title": "d", "file_type": "mixed", "note_content": "n"}, "markdown", "n"),
        ({"title": "d", "file_type": "mermaid", "content": "graph LR", "user_id": "u"}, "mermaid", "graph LR"),
    ],
)
def test_diagrams_are_taken_in_the_words_of_older_clients(
    alice: Api, fields: dict[str, Any], kind: str, text: str
) -> None:
    file = alice.ok("POST", "/files", json=fields)
    assert (file["kind"], file["name"]) == (kind, "d")
    assert content(alice, file) == text


def test_a_picture_comes_as_base64(alice: Api) -> None:
    file = alice.file(kind="image", content=None, content_base64=base64.b64encode(b"\x00\xff").decode())
    assert alice("GET", f"/files/{file['id']}/content").data == b"\x00\xff"


def test_a_multipart_upload_takes_the_kind_from_the_name(alice: Api) -> None:
    part = (io.BytesIO(SVG.encode()), "../../my drawing.svg")
    file = alice.ok("POST", "/files", data={"file": part}, content_type="multipart/form-data")
    assert (file["kind"], file["name"]) == ("svg", "my drawing.svg")
    assert content(alice, file) == SVG


def test_a_raw_body_takes_the_kind_from_its_type(alice: Api) -> None:
    file = alice.ok("POST", "/files?name=n", data=b"# hi", content_type="text/markdown")
    assert (file["kind"], file["name"]) == ("markdown", "n")


@pytest.mark.parametrize(
    ("name", "told", "stored"),
    [
        ("backup.tar.gz", {}, "backup.tar.gz"),
        ("backup.tar.gz", {"name": "Backup 1.5"}, "Backup 1.5.tar.gz"),
        ("plan.svg", {"kind": "file"}, "plan.svg"),
        ("README", {}, "README"),
    ],
)
def test_anything_else_is_stored_as_a_file(alice: Api, name: str, told: dict[str, str], stored: str) -> None:
    data = {"file": (io.BytesIO(b"\x00\xff"), name), **told}
    file = alice.ok("POST", "/files", data=data, content_type="multipart/form-data")
    assert (file["kind"], file["name"]) == ("file", stored)
    raw = alice.ok("POST", "/files?name=n.bin", data=b"\x00", content_type="application/octet-stream")
    assert (raw["kind"], raw["name"]) == ("file", "n.bin")


def test_of_json_the_client_must_say_what_it_is(alice: Api) -> None:
    part = (io.BytesIO(b"{}"), "data.json")
    alice.problem(422, "POST", "/files", data={"file": part}, content_type="multipart/form-data")
    alice.problem(422, "POST", "/files?name=a.json", data=b"{}", content_type="application/octet-stream")
    alice.problem(422, "POST", "/files?name=n", data=b"?", content_type="text/plain")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "word"}, "kind"),
        ({"kind": None}, "kind"),
        ({"content": None}, "content"),
        ({"content_base64": "AA=="}, "content_base64"),
        ({"content": None, "content_base64": "not base64!"}, "content_base64"),
        ({"name": ""}, "name"),
        ({"name": "a\u0000b"}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": 7}, "name"),
    ],
)
def test_a_document_that_cannot_be_meant_is_refused_by_field(alice: Api, fields: dict[str, Any], field: str) -> None:
    body = {"name": "d", "kind": "svg", "content": SVG} | fields
    problem = alice.problem(422, "POST", "/files", json=body)
    assert [one["field"] for one in problem["errors"]] == [field]


def test_an_unknown_type_of_body_is_refused(alice: Api) -> None:
    alice.problem(415, "POST", "/files", data=b"a=b", content_type="application/x-www-form-urlencoded")
    alice.problem(400, "POST", "/files", data={"kind": "svg"}, content_type="multipart/form-data")
    alice.problem(400, "POST", "/files", data=b'{"name": ', content_type="application/json")


def test_a_new_version_replaces_the_content_and_keeps_the_id(alice: Api) -> None:
    file = alice.file()
    changed = alice.ok("PUT", f"/files/{file['id']}", json={"content": "<svg/>", "name": "renamed"})
    assert (changed["id"], changed["version"], changed["name"]) == (file["id"], 2, "renamed")
    assert content(alice, file) == "<svg/>"
    assert alice.ok("PUT", f"/files/{file['id']}", json={"name": "a.md"})["version"] == 2
    alice.problem(422, "PUT", f"/files/{file['id']}", json={"kind": "markdown", "content": "x"})
    alice.problem(422, "PUT", f"/files/{file['id']}", json={})


def test_files_are_listed_newest_first_with_filters_and_pages(alice: Api, bob: Api) -> None:
    names = ["one", "Two %", "three"]
    for name in names:
        alice.file(name=name)
    bob.file(name="of bob")
    alice.export()  # its inline document is nobody's file
    listed = alice.ok("GET", "/files")
    assert [file["name"] for file in listed["files"]] == names[::-1]
    assert (listed["total"], listed["limit"], listed["offset"]) == (3, 20, 0)
    assert [file["name"] for file in alice.ok("GET", "/files?limit=1&offset=1")["files"]] == ["Two %"]
    assert [file["name"] for file in alice.ok("GET", "/files?name=two+%25")["files"]] == ["Two %"]
    assert alice.ok("GET", "/files?kind=markdown")["total"] == 0
    alice.problem(422, "GET", "/files?limit=0")


def test_a_deleted_file_is_gone(alice: Api) -> None:
    file = alice.file()
    assert alice.ok("DELETE", f"/files/{file['id']}") == {"message": "File deleted successfully"}
    for method, path in (("GET", ""), ("GET", "/content"), ("DELETE", ""), ("PUT", "")):
        alice.problem(404, method, f"/files/{file['id']}{path}", json={"name": "x"} if method == "PUT" else None)
    assert alice.ok("GET", "/files")["total"] == 0
