from __future__ import annotations

from importlib.metadata import distributions
from types import SimpleNamespace

import pytest

from longshore import queue
from longshore.artifacts import store
from longshore.db import clock, transaction
from longshore.models import Artifact, Attempt
from longshore.settings import settings
from tests.conftest import forget
from tests.rows import DRAWING, artifact_row, export_row, submitted
from workers import make, reuse
from workers.clean import clean
from workers.render import render_export


@pytest.fixture(autouse=True)
def rendered(database, monkeypatch):
    """The names of what was really rendered."""
    monkeypatch.setattr(queue, "send", lambda *_: True)
    real, made = make.convert, []

    def counted(*args, **kwargs):
        made.append(kwargs["title"])
        return real(*args, **kwargs)

    monkeypatch.setattr(make, "convert", counted)
    return made


def made(**wish):
    export_id = submitted(**{"form": "png"} | wish)
    render_export(export_id)
    return export_id


def content(export_id):
    return b"".join(store().chunks(artifact_row(export_id).key))


def outcome(export_id):
    with transaction() as session:
        return session.query(Attempt.outcome).where(Attempt.export_id == export_id).scalar()


def test_the_same_work_is_done_once(rendered):
    first, second = made(), made()
    assert len(rendered) == 1
    assert (outcome(first), outcome(second)) == ("completed", "reused")
    one, other = artifact_row(first), artifact_row(second)
    assert one.key != other.key
    assert (one.sha256, one.size, one.media_type) == (other.sha256, other.size, other.media_type)
    assert content(first) == content(second)
    row = export_row(second)
    assert (row.state, row.progress) == ("completed", 100.0)
    assert row.report.keys() == export_row(first).report.keys()


def test_what_was_said_about_the_first_is_said_about_the_second(rendered):
    linked = DRAWING.replace(b"<rect", b'<image href="https://example.com/a.png" width="9" height="9"/><rect')
    first, second = made(content=linked), made(content=linked)
    assert len(rendered) == 1
    assert export_row(first).report["warnings"]
    assert export_row(second).report["warnings"] == export_row(first).report["warnings"]


def test_a_picture_is_reused_under_another_name_and_a_page_with_a_title_is_not(rendered):
    made(name="One")
    other = made(name="Two")
    assert rendered == ["One"]
    assert artifact_row(other).filename == "Two.png"
    made(form="html", name="One")
    page = made(form="html", name="Two")
    assert rendered == ["One", "One", "Two"]
    assert b"<title>Two</title>" in content(page)


@pytest.mark.parametrize(
    "wish",
    [
        {"owner": "bob"},
        {"settings": {"scale": 1.0}},
        {"form": "webp"},
        {"content": DRAWING + b"\n"},
        {"content": DRAWING, "kind": "html"},
    ],
)
def test_other_work_is_done(wish, rendered):
    first = made()
    if wish.get("kind") == "html":
        wish = wish | {"form": "html"}
    second = made(**wish)
    assert len(rendered) == 2
    assert artifact_row(first).fingerprint != artifact_row(second).fingerprint or "owner" in wish


def test_settings_that_came_in_another_order_are_the_same(rendered):
    made(settings={"scale": 1.0, "width": 20})
    made(settings={"width": 20, "scale": 1.0})
    assert len(rendered) == 1


def test_an_artifact_whose_time_is_up_is_not_reused_and_its_copies_outlive_it(rendered):
    first, second = made(), made()
    with transaction() as session:
        session.query(Artifact).where(Artifact.export_id == first).one().expires_at = clock(session)
    clean()
    assert export_row(first).state == "expired"
    assert content(second).startswith(b"\x89PNG")
    with transaction() as session:
        session.query(Artifact).where(Artifact.export_id == second).one().expires_at = clock(session)
    made()
    assert len(rendered) == 2


def test_where_the_object_is_gone_the_work_is_done_again(rendered):
    store().delete(artifact_row(made()).key)
    again = made()
    assert len(rendered) == 2
    assert outcome(again) == "completed"
    assert content(again).startswith(b"\x89PNG")


def test_what_was_fetched_is_fetched_again(rendered, monkeypatch):
    monkeypatch.setenv("LONGSHORE_REMOTE_IMAGES", "true")
    forget()
    linked = DRAWING.replace(b"<rect", b'<image href="http://127.0.0.1:1/a.png" width="9" height="9"/><rect')
    made(content=linked)
    made(content=linked)
    assert len(rendered) == 2
    made()
    made()
    assert len(rendered) == 3


def test_an_operator_may_want_everything_rendered(rendered, monkeypatch):
    monkeypatch.setenv("LONGSHORE_REUSE", "false")
    forget()
    made()
    made()
    assert len(rendered) == 2


def test_another_release_renders_again(rendered, monkeypatch):
    made()
    monkeypatch.setattr(reuse, "release", lambda: "another")
    made()
    assert len(rendered) == 2


def test_a_release_knows_its_code_its_browser_and_its_fonts(monkeypatch):
    before = reuse.release.__wrapped__()
    assert before == reuse.release.__wrapped__()
    for name, value in (("VERSION", "0.0.0"), ("MADE_BY", reuse.MADE_BY[:-1]), ("browser_path", lambda _: None)):
        with monkeypatch.context() as patch:
            patch.setattr(reuse, name, value)
            assert reuse.release.__wrapped__() != before, name
    monkeypatch.setattr("workers.fonts.installed", lambda: "/fonts/new.ttf\t20-7e")
    assert reuse.release.__wrapped__() != before
    assert all((reuse.HERE / name).exists() for name in reuse.MADE_BY)


@pytest.mark.parametrize(
    "name", ["pillow", "pyvips-binary", "pi-heif", "plotly", "playwright", "nh3", "comrak", "lxml"]
)
def test_a_release_knows_the_version_of_every_library_that_draws(name, monkeypatch):
    before = reuse.release.__wrapped__()
    found = [SimpleNamespace(name=one.name, version=one.version) for one in distributions()]
    (library,) = [one for one in found if one.name.lower().replace("_", "-") == name]
    monkeypatch.setattr(reuse, "distributions", lambda: found)
    assert reuse.release.__wrapped__() == before
    library.version += ".1"
    assert reuse.release.__wrapped__() != before


@pytest.mark.parametrize("name", ["mermaid", "@viz-js/viz", "plotly", "vega", "@excalidraw/excalidraw"])
def test_a_release_knows_the_version_of_every_bundle_that_draws(name, tmp_path, monkeypatch):
    bundles = '{"files": {"bundle.js": {"package": "' + name + '", "version": "1.2.3"}}}'
    (tmp_path / "manifest.json").write_text(bundles)
    monkeypatch.setenv("LONGSHORE_ASSETS", str(tmp_path))
    forget()
    before = reuse.release.__wrapped__()
    (tmp_path / "manifest.json").write_text(bundles.replace("1.2.3", "1.2.4"))
    assert reuse.release.__wrapped__() != before


def test_the_manifest_names_every_bundle_that_draws():
    written = (settings().assets / "manifest.json").read_text(encoding="utf-8")
    for name in ("mermaid", "@viz-js/viz", "plotly", "vega", "package-lock.json"):
        assert name in written
