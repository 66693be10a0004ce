"""The same documents where the operator lets pictures be fetched: only those, and only from where they may be."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from socket import socket

import pytest

from longshore.errors import LongshoreError
from tests.conftest import forget
from tests.contracts.hostile.documents import GENERATORS
from tests.contracts.hostile.markup import svg_parts
from tests.contracts.hostile.trap import Trap, leaks, trap
from tests.contracts.hostile.ways import SVG
from tests.fakes.web import Server, answer
from workers.browser import _launch, browser
from workers.convert import convert
from workers.renderers.base import KINDS

LIMIT = 30.0
SETTLE = 0.5
HOST = "127.0.0.2"
"""An address of the loopback as well, the only one that the operator opens here."""
FETCHING = {"html", "markdown", "svg", "plotly", "canvas", "tldraw", "vega", "excalidraw", "graphviz"}
"""Kinds whose pictures are fetched; of Excalidraw, those in the drawings that it holds."""


@pytest.fixture(autouse=True)
def open_to_one(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    browser().close()
    monkeypatch.setattr(_launch, "namespace_works", lambda: False)
    monkeypatch.setenv("LONGSHORE_REMOTE_IMAGES", "true")
    monkeypatch.setenv("LONGSHORE_ALLOW_PRIVATE_NETWORKS", f"{HOST}/32")
    forget()
    yield
    browser().close()


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server(HOST)
    yield one
    one.close()


def export(kind: str, text: str, folder: Path) -> bytes | None:
    form = "html" if kind in {"html", "markdown"} else "svg"
    source, out = folder / "source", folder / f"out-{time.monotonic_ns()}"
    source.write_text(text, encoding="utf-8")
    out.mkdir()
    try:
        document, _ = convert(source, kind, form, title="T", given={}, folder=out, seconds=LIMIT)
    except LongshoreError:
        return None
    content = document.read_bytes()
    assert leaks(content, form) == []
    return content


def through(kind: str, server: Server, snare: Trap, folder: Path) -> tuple[str, ...]:
    """What the server was asked for while everything that a document of the kind may load was there."""
    everything = GENERATORS[kind](replace(snare, base=server.at))["everything"]
    for name, address in snare.pictures.items():
        everything = everything.replace(address, f"{server.at}/{name}")
    export(kind, everything, folder)
    time.sleep(SETTLE)
    assert snare.bird.hits == []
    return tuple(server.asked)


@pytest.mark.parametrize("kind", [kind for kind in GENERATORS if kind in KINDS])
def test_no_inner_address_is_reached(kind, tmp_path):
    with trap(tmp_path / "secrets") as snare:
        documents = GENERATORS[kind](snare)
        made = [
            export(kind, text, tmp_path) for name, text in documents.items() if name in {"everything", "image-http"}
        ]
        time.sleep(SETTLE)
        assert snare.bird.hits == []
    assert any(made), "something must be drawn, or this proves nothing"


@pytest.mark.parametrize("kind", [kind for kind in GENERATORS if kind in KINDS])
def test_no_redirect_leads_to_one(kind, server, tmp_path, record_property):
    with trap(tmp_path / "secrets") as snare:
        targets = [*snare.pictures.values(), *snare.texts, "http://169.254.169.254/latest/", "data:image/png;base64,x"]
        turns = cycle(answer(b"", "302 Found", f"Location: {target}") for target in targets)

        def onward(connection: socket) -> None:
            next(turns)(connection)

        server.otherwise = onward
        asked = through(kind, server, snare, tmp_path)
    assert bool(asked) == (kind in FETCHING), "only pictures are fetched"
    record_property("target", "0 callers")
    record_property("figure", f"{kind}: 0 after {len(asked)} redirects")


@pytest.mark.parametrize("kind", [kind for kind in GENERATORS if kind in KINDS])
def test_no_drawing_that_was_fetched_leads_to_one(kind, server, tmp_path):
    with trap(tmp_path / "secrets") as snare:
        drawing = f"<svg {SVG}>%s<image href='{snare.at}/x' width='9' height='9'/><rect width='9' height='9'/></svg>"
        headers = ("Content-Type: image/svg+xml", f"Link: <{snare.at}/link>; rel=preload; as=image", "Refresh: 0")
        server.otherwise = answer((drawing % "").encode(), "200 OK", *headers)
        server.answers["/http"] = answer((drawing % "".join(svg_parts(snare).values())).encode(), "200 OK", *headers)
        asked = through(kind, server, snare, tmp_path)
    assert bool(asked) == (kind in FETCHING)
