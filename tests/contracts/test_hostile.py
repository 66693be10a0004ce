"""Documents that try to reach a server or a file: whatever becomes of them, nothing is reached and nothing is read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from longshore.errors import LongshoreError
from longshore.settings import settings
from tests.contracts.hostile.documents import GENERATORS
from tests.contracts.hostile.trap import Trap, leaks, trap, unpacked
from workers import needs
from workers.browser import _launch, browser
from workers.convert import convert
from workers.needs import browser_path
from workers.plan import matrix
from workers.renderers.base import KINDS

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
LIMIT = 30.0
SETTLE = 0.5
"""Seconds for whatever a page has started to arrive."""
SILENT = {"file", "image", "table", "dataset"}
"""Kinds whose documents have no way to name an address or a file."""
WAYS, SPELLINGS = 32, 12
"""Ways out that a browser is known to have, all of which every kind is tried with, and spellings of an address."""
QUICK = ("html", "svg", "png", "pdf")
"""Formats of the normal run: they take the most different ways."""


@cache
def formats(kind: str) -> tuple[str, ...]:
    """What a kind can become on this machine."""
    cells = matrix(partial(needs.check, settings=settings()))
    return tuple(cell.format for cell in cells if cell.kind == kind and cell.available)


@pytest.fixture(autouse=True, scope="module")
def open_network() -> Iterator[None]:
    """Without the network namespace, so that the canary could be heard and all the other walls must hold."""
    browser().close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_launch, "namespace_works", lambda: False)
        yield
        browser().close()


Export = Callable[[str, str, str], bytes | None]


@pytest.fixture
def export(tmp_path: Path) -> Export:
    """`export(kind, text, format)`: the file, or None where the document was refused in words."""

    def run(kind: str, text: str, form: str) -> bytes | None:
        source, folder = tmp_path / "source", tmp_path / f"out-{time.monotonic_ns()}"
        source.write_text(text, encoding="utf-8")
        folder.mkdir()
        try:
            document, _ = convert(source, kind, form, title="T", given={}, folder=folder, seconds=LIMIT)
        except LongshoreError:
            return None
        return document.read_bytes()

    return run


def attack(kind: str, export: Export, snare: Trap, documents: dict[str, str], forms: tuple[str, ...]) -> int:
    """Try all; the number of files that came out."""
    made = 0
    control = next((SAMPLES / kind).glob("showcase.*")).read_text(encoding="utf-8")
    expected = export(kind, control, forms[0])
    for name, text in documents.items():
        for form in forms:
            content = export(kind, text, form)
            made += content is not None
            assert content is None or leaks(content, form) == [], (name, form)
        assert export(kind, control, forms[0]) == expected, f"{name} changed what came after it"
    time.sleep(SETTLE)
    assert snare.bird.hits == []
    return made


def test_every_kind_is_attacked_or_has_nothing_to_attack_with():
    assert set(KINDS) - set(GENERATORS) <= SILENT


@pytest.mark.parametrize("kind", GENERATORS)
def test_the_ways_out_are_many(kind, tmp_path, record_property):
    """Counted are the places in a document that lead to the canary, then those that lead to a file, and spellings."""
    with trap(tmp_path / "secrets") as snare:
        documents = GENERATORS[kind](snare)
        tried = "\n".join(map(unpacked, documents.values()))
        spellings = {way for way in (*snare.texts, *snare.pictures.values()) if way in tried}
        channels = snare.ways(documents) - {f"/{way.rpartition('/')[2]}" for way in spellings}
        snare.planted(GENERATORS[kind])
        files = {file.name for file in (tmp_path / "secrets" / "ground").rglob("*") if file.is_file()}
    assert len(channels) >= WAYS
    assert len(files) >= WAYS
    assert len(spellings) >= SPELLINGS
    record_property("target", f">= {WAYS} channels, >= {WAYS} files, >= {SPELLINGS} spellings")
    record_property("figure", f"{kind}: {len(channels)} channels, {len(files)} files, {len(spellings)} spellings")


@pytest.mark.parametrize("kind", [kind for kind in GENERATORS if kind in KINDS])
def test_all_ways_out_at_once_lead_nowhere(kind, export, tmp_path):
    forms = tuple(form for form in formats(kind) if form in QUICK)
    with trap(tmp_path / "secrets") as snare:
        web, files = GENERATORS[kind](snare), snare.planted(GENERATORS[kind])
        made = attack(kind, export, snare, {"web": web["everything"], "files": files["everything"]}, forms)
    assert made > len(forms), "both must be drawn, or this proves nothing"


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", [kind for kind in GENERATORS if kind in KINDS])
def test_no_way_out_leads_anywhere(kind, export, tmp_path, record_property):
    with trap(tmp_path / "secrets") as snare:
        files = {f"{name} file": one for name, one in snare.planted(GENERATORS[kind]).items()}
        documents = GENERATORS[kind](snare) | files
        made = attack(kind, export, snare, documents, formats(kind))
    tried = len(documents) * len(formats(kind))
    assert made > tried / 3, "most documents must be drawn, or this proves little"
    record_property("target", "0 callers, 0 secrets")
    record_property("figure", f"{kind}: 0 of {tried} ({len(documents)} documents, {made} files)")


@pytest.mark.browser
@pytest.mark.timeout(180)
def test_no_drawing_calls_from_a_reader_s_browser(export, tmp_path, record_property):
    """Every way out of an SVG drawing, cleaned and opened as files; as they came, most of them do call."""
    program = browser_path(settings())
    if program is None:
        pytest.skip("no browser")
    with trap(tmp_path / "secrets") as snare, sync_playwright() as playwright:
        documents = GENERATORS["svg"](snare)
        page = playwright.chromium.launch(executable_path=str(program)).new_page()
        before = show(page, tmp_path, {name: text.encode() for name, text in documents.items()}, "svg")
        called = len(set(snare.bird.hits))
        snare.bird.hits.clear()
        cleaned = {name: export("svg", text, "svg") for name, text in documents.items()}
        opened = show(page, tmp_path, {name: one for name, one in cleaned.items() if one is not None}, "svg")
        assert snare.bird.hits == []
    assert called > WAYS, "these drawings could have called"
    assert opened > before / 2, "most drawings must be cleaned, or this proves little"
    record_property("target", "0 callers")
    record_property("figure", f"{opened} cleaned drawings: 0 callers; {called} before they were cleaned")


def show(page: Page, folder: Path, contents: dict[str, bytes], suffix: str) -> int:
    """Open all as files, each in a frame of one page; their number."""
    for name, content in contents.items():
        (folder / f"{name}.{suffix}").write_bytes(content)
    frames = "".join(f'<iframe src="{name}.{suffix}"></iframe>' for name in contents)
    (folder / "frames.html").write_text(f"<!doctype html>{frames}")
    page.goto((folder / "frames.html").as_uri(), wait_until="load")
    page.wait_for_timeout(1000 * SETTLE)
    page.goto("about:blank")
    page.wait_for_timeout(1000 * SETTLE)
    return len(contents)


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", [kind for kind in GENERATORS if kind in KINDS])
def test_nor_from_a_reader_s_browser(kind, export, tmp_path, record_property):
    """What we hand on is opened as a file in a browser with scripts and a network, as a careless reader would."""
    program = browser_path(settings())
    if program is None:
        pytest.skip("no browser")
    opened = 0
    with trap(tmp_path / "secrets") as snare, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(program))
        page = chromium.new_page()
        for text in GENERATORS[kind](snare).values():
            for form in {"html", "svg"} & set(formats(kind)):
                content = export(kind, text, form)
                if content is not None:
                    file = tmp_path / f"shown.{form}"
                    file.write_bytes(content)
                    page.goto(file.as_uri(), wait_until="load")
                    opened += 1
        page.wait_for_timeout(1000 * SETTLE)
        assert snare.bird.hits == []
        other = chromium.new_page()
        other.set_content(snare.bird.page().replace("refresh", "stay"))
        other.wait_for_timeout(1000 * SETTLE)
        assert len(snare.bird.hits) > 10, "this browser could have called"
        chromium.close()
    record_property("target", "0 callers")
    record_property("figure", f"{kind}: 0 of {opened} files")
