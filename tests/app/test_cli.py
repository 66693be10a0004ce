from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet

from app.cli import main
from app.kinds import kind_of
from longshore.db import reading
from longshore.errors import Invalid
from longshore.models import ApiKey


def run(*arguments, code=0):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == code, result.output
    return result.output


def test_every_command_has_help():
    def walk(command, path):
        assert command.help, path
        for option in getattr(command, "params", ()):
            if option.param_type_name == "option" and option.name not in {"help", "version"}:
                assert option.help, (*path, option.name)
        for name, child in getattr(command, "commands", {}).items():
            walk(child, (*path, name))

    walk(main, ())


def test_formats_needs_no_server_and_says_what_is_available():
    rows = json.loads(run("formats", "--json"))
    cells = {(row["kind"], row["format"]): row for row in rows}
    assert cells["canvas", "svg"]["available"] is True
    assert "browser" in cells["mermaid", "svg"]["needs"]
    assert "scale" in cells["svg", "png"]["settings"]
    assert "theme" not in cells["svg", "png"]["settings"]
    assert set(rows[0]) == {"kind", "format", "available", "needs", "settings"}


def test_formats_without_a_browser_are_marked(monkeypatch):
    monkeypatch.setenv("LONGSHORE_BROWSER", "/nonexistent")
    cells = {(row["kind"], row["format"]): row for row in json.loads(run("formats", "--json"))}
    assert cells["mermaid", "svg"]["available"] is False
    assert cells["canvas", "png"]["available"] is True
    assert "chromium" in run("formats")


def test_doctor_names_the_command_that_mends_a_lack(monkeypatch):
    monkeypatch.setenv("LONGSHORE_BROWSER", "/nonexistent")
    findings = {one["name"]: one for one in json.loads(run("doctor", "--json", code=1))}
    assert findings["Python"]["ok"]
    assert not findings["Browser"]["ok"]
    assert "apt-get install" in findings["Browser"]["remedy"]


def test_a_key_is_shown_once_and_kept_as_its_hash(database):
    token = run("key", "create", "--owner", "ann", "--scope", "read").strip()
    with reading() as session:
        row = session.query(ApiKey).one()
    assert token.startswith(f"lsk_{row.prefix}_")
    assert token not in row.digest
    assert (row.owner, row.scopes) == ("ann", ["read"])


def test_migrate_can_be_run_again(database):
    run("migrate")
    run("migrate")


def test_vault_keys_are_made_and_rotated(database):
    Fernet(run("vault", "key").strip())
    assert "0 secrets" in run("vault", "rotate")


def test_a_senseless_setting_is_one_line(monkeypatch):
    monkeypatch.setenv("LONGSHORE_LEASE", "soon")
    output = run("formats", code=1)
    assert "LONGSHORE_LEASE" in output
    assert "Traceback" not in output


def test_without_a_key_export_says_how_to_get_one(tmp_path):
    (tmp_path / "a.svg").write_text("<svg/>")
    assert "make up" in run("export", str(tmp_path / "a.svg"), "--to", "png", code=1)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.mmd", "graph LR", "mermaid"),
        ("a.MD", "# hi", "markdown"),
        ("a.jpg", "", "image"),
        ("a.json", '{"shapes": []}', "canvas"),
        ("a.json", '{"store": {}}', "tldraw"),
        ("a.excalidraw", "{}", "excalidraw"),
        ("a.json", '{"type": "excalidraw", "elements": []}', "excalidraw"),
        ("a.json", '{"data": [], "layout": {}}', "plotly"),
        ("a.vl.json", "{}", "vega"),
        ("a.json", '{"data": {}, "mark": "bar"}', "vega"),
        ("a.json", '{"$schema": "https://vega.github.io/schema/vega/v6.json", "data": []}', "vega"),
    ],
)
def test_the_kind_is_told_from_name_and_content(tmp_path, name, content, kind):
    (tmp_path / name).write_text(content)
    assert kind_of(tmp_path / name) == kind


def test_anything_else_is_a_file(tmp_path):
    assert kind_of(tmp_path / "backup.tar.gz") == "file"
    assert kind_of(tmp_path / "README") == "file"


def test_json_of_no_known_kind_asks_the_user(tmp_path):
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(Invalid, match="--kind"):
        kind_of(tmp_path / "a.json")


def test_what_is_about_a_delivery_needs_a_connection(tmp_path):
    (tmp_path / "a.svg").write_text("<svg/>")
    for option in (
        ("--folder", "x"),
        ("--name", "x"),
        ("--compress", "gzip"),
        ("--encrypt-to", "x"),
        ("--receipt", "x"),
    ):
        assert "need a --connection" in run("export", str(tmp_path / "a.svg"), "--to", "png", *option, code=2)
