from __future__ import annotations

import io
import socket
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.workers.browser.canary import canary
from workers.browser import Browser, ScriptError, _launch

pytestmark = pytest.mark.browser

SETTLE = 1.0
"""Seconds for whatever a page has started to arrive."""


@pytest.fixture(scope="module", params=["with a network namespace", "without one"])
def strict_browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "without one":
            patch.setattr(_launch, "namespace_works", lambda: False)
        elif not _launch.namespace_works():
            pytest.skip("this kernel lets the user make no network namespace")
        one = Browser()
        yield one
        one.close()


def test_the_canary_notices_a_caller() -> None:
    with canary() as bird:
        urllib.request.urlopen(f"http://127.0.0.1:{bird.port}/direct", timeout=5).close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
            caller.sendto(b"stun", ("127.0.0.1", bird.udp_port))
        time.sleep(0.2)
        assert sorted(bird.hits) == ["GET /direct HTTP/1.1", "udp"]


def test_a_document_reaches_nothing(strict_browser: Browser) -> None:
    with canary() as bird:
        strict_browser.picture(
            bird.page(), width=300, height=200, scale=1, form="png", quality=80, transparent=False, seconds=30
        )
        strict_browser.pdf(bird.page(), seconds=30)
        time.sleep(SETTLE)
        assert bird.hits == []


def test_a_script_in_our_own_page_reaches_nothing(strict_browser: Browser) -> None:
    with canary() as bird:
        run = f"async () => {{ {bird.script()}; await new Promise((done) => setTimeout(done, 800)); return 'ran'; }}"
        assert strict_browser.call("viz", run, None, seconds=30) == "ran"
        frame = "(html) => { document.getElementById('stage').innerHTML = html; }"
        strict_browser.call("viz", frame, bird.page(), seconds=30)
        time.sleep(SETTLE)
        assert bird.hits == []


def test_a_script_cannot_leave_for_another_page(strict_browser: Browser) -> None:
    with canary() as bird:
        away = f"() => {{ setTimeout(() => {{ location.href = 'http://127.0.0.1:{bird.port}/away'; }}, 100); }}"
        strict_browser.call("viz", away, None, seconds=30)
        time.sleep(SETTLE)
        assert bird.hits == []
        assert strict_browser.call("viz", "() => typeof Viz", None, seconds=30) == "object"


def test_local_files_stay_unread(tmp_path: Path, strict_browser: Browser) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("CANARYSECRET", encoding="utf-8")
    html = (
        f'<!doctype html><p>Shown</p><iframe src="{secret.as_uri()}"></iframe>'
        f'<object data="{secret.as_uri()}"></object>'
        f'<embed src="{secret.as_uri()}"><link rel="stylesheet" href="{secret.as_uri()}">'
    )
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(strict_browser.pdf(html, seconds=30))).pages)
    assert "Shown" in text
    assert "CANARYSECRET" not in text
    with pytest.raises(ScriptError):
        strict_browser.call("viz", f"() => fetch('{secret.as_uri()}').then((r) => r.text())", None, seconds=30)
