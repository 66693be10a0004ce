from __future__ import annotations

import base64
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PIL import Image
from pypdf import PdfReader

from longshore.errors import Permanent, Refused, Transient, Unavailable
from longshore.settings import settings
from workers.browser import Browser, Form, ScriptError, _browser, _pages, _processes, browser

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parent.parent.parent.parent
HTML = "<!doctype html><style>body{margin:0;height:90px}</style><p>Hello 世界 🎉</p>"


@pytest.fixture
def own() -> Iterator[Browser]:
    one = Browser()
    yield one
    one.close()


def picture(
    one: Browser, html: str = HTML, form: Form = "png", scale: float = 1, *, transparent: bool = False
) -> bytes:
    return one.picture(
        html, width=200, height=None, scale=scale, form=form, quality=80, transparent=transparent, seconds=30
    )


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_a_picture_has_the_asked_form_and_size(form: Form) -> None:
    image = Image.open(io.BytesIO(picture(browser(), form=form, scale=2)))
    assert image.format == form.upper()
    assert image.width == 400
    assert image.height == pytest.approx(2 * (90 + 16), abs=40)


def test_a_transparent_picture_has_no_ground() -> None:
    image = Image.open(io.BytesIO(picture(browser(), transparent=True))).convert("RGBA")
    assert image.getpixel((199, 80)) == (0, 0, 0, 0)
    ground = Image.open(io.BytesIO(picture(browser()))).convert("RGBA")
    assert ground.getpixel((199, 80)) == (255, 255, 255, 255)


def test_a_warm_page_is_freed_of_garbage_now_and_then(own: Browser) -> None:
    own.call("viz", "() => { globalThis.left = new WeakRef({ text: 'x'.repeat(99) }); }", None, seconds=30)
    for _ in range(_pages.TIDY_EVERY):
        own.call("viz", "() => 1", None, seconds=30)
    assert own.call("viz", "() => left.deref() === undefined", None, seconds=30)


def test_a_page_that_has_done_its_calls_is_replaced_while_nobody_waits(own: Browser, monkeypatch) -> None:
    monkeypatch.setitem(_pages.FEWER_CALLS, "viz", 2)
    for _ in range(2):
        own.call("viz", "() => { globalThis.mark = 1; }", None, seconds=30)
    assert own._engine is not None
    pages = own._engine.pages._pages
    assert own._engine.submit(lambda: pages["viz"].calls).result(30) == 0
    assert own.call("viz", "() => globalThis.mark === undefined", None, seconds=30)


def test_a_document_runs_no_script() -> None:
    red = "<!doctype html><body style='margin:0;height:50px'><script>document.body.style.background='red'</script>"
    image = Image.open(io.BytesIO(picture(browser(), red))).convert("RGB")
    assert image.getpixel((100, 25)) == (255, 255, 255)


def test_a_picture_that_no_browser_can_paint_is_refused() -> None:
    with pytest.raises(Refused, match="smaller scale"):
        picture(browser(), "<!doctype html><div style='height:20000px'></div>")


def test_a_pdf_is_as_large_as_asked_and_the_same_every_time() -> None:
    first = browser().pdf(HTML, seconds=30, width_px=384, height_px=192)
    page = PdfReader(io.BytesIO(first)).pages
    assert len(page) == 1
    assert (float(page[0].mediabox.width), float(page[0].mediabox.height)) == pytest.approx((288, 144), abs=1)
    time.sleep(1.1)
    assert browser().pdf(HTML, seconds=30, width_px=384, height_px=192) == first


def test_a_pdf_on_paper_has_pages_and_a_footer() -> None:
    html = "<!doctype html>" + "<p style='height:400px'>text</p>" * 6
    footer = (
        "<div style='font-size:9px'>Page <span class='pageNumber'></span> of <span class='totalPages'></span></div>"
    )
    pdf = browser().pdf(html, seconds=30, size_mm=(279.4, 215.9), margins_mm=(15, 15, 15, 15), footer=footer)
    pages = PdfReader(io.BytesIO(pdf)).pages
    assert len(pages) > 2
    assert float(pages[0].mediabox.width) == pytest.approx(792, abs=1)
    assert f"Page 2 of {len(pages)}" in pages[1].extract_text()


def test_an_argument_crosses_unchanged() -> None:
    argument = {"text": "世界 🎉 \u2028 </script>", "numbers": [1, 2.5, None, True], "deep": {"a": [[]]}}
    assert browser().call("viz", "(value) => value", argument, seconds=30) == argument
    assert browser().call("viz", "async () => undefined", None, seconds=30) is None


def test_what_a_script_throws_is_told_and_harms_nothing() -> None:
    with pytest.raises(ScriptError, match="boo"):
        browser().call("viz", "() => { throw new Error('boo'); }", None, seconds=30)
    assert browser().call("viz", "() => 1", None, seconds=30) == 1


def test_an_endless_script_is_stopped_and_the_next_call_works(own: Browser) -> None:
    own.call("viz", "() => 1", None, seconds=30)
    began = time.monotonic()
    with pytest.raises(Permanent, match="longer than 1 s"):
        own.call("viz", "() => { for (;;); }", None, seconds=1)
    assert time.monotonic() - began < 4
    assert own.call("viz", "() => 1", None, seconds=30) == 1


@pytest.mark.slow
def test_a_heap_bomb_ends_in_a_clear_error_and_the_next_call_works(own: Browser) -> None:
    bomb = "() => { const all = []; for (let i = 0;; i++) all.push({ i, more: [i, i, i, i] }); }"
    with pytest.raises(Permanent, match="more memory than a page may have"):
        own.call("viz", bomb, None, seconds=90)
    assert own.call("viz", "() => 1", None, seconds=30) == 1


def test_a_render_that_needs_too_much_memory_is_stopped(own: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_browser, "BUSY_BYTES", 1)
    with pytest.raises(Permanent, match="memory"):
        own.call("viz", "() => new Promise(() => 0)", None, seconds=30)


def test_kill_from_another_thread_ends_the_render_and_the_next_call_works(own: Browser) -> None:
    own.call("viz", "() => 1", None, seconds=30)
    timer = threading.Timer(0.5, own.kill)
    timer.start()
    with pytest.raises(Transient, match="stopped"):
        own.call("viz", "() => new Promise(() => 0)", None, seconds=30)
    timer.join()
    assert own.call("viz", "() => 1", None, seconds=30) == 1


def test_a_dead_browser_is_replaced_after_a_transient_error(own: Browser) -> None:
    own.call("viz", "() => 1", None, seconds=30)
    assert own._engine
    _processes.end(own._engine.processes())
    with pytest.raises(Transient, match="crashed"):
        own.call("viz", "() => 1", None, seconds=30)
    assert own.call("viz", "() => 1", None, seconds=30) == 1


def test_a_dead_driver_is_replaced_too(own: Browser) -> None:
    own.call("viz", "() => 1", None, seconds=30)
    assert own._engine
    assert own._engine._driver
    own._engine._driver.kill()
    with pytest.raises(Transient):
        own.call("viz", "() => 1", None, seconds=30)
    assert own.call("viz", "() => 1", None, seconds=30) == 1


def test_a_spent_browser_and_a_spent_page_are_replaced(own: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_browser, "MAX_RENDERS", 3)
    monkeypatch.setattr(_pages, "MAX_CALLS", 2)
    count = "() => (window.count = (window.count || 0) + 1)"
    assert [own.call("viz", count, None, seconds=30) for _ in range(5)] == [1, 2, 1, 1, 2]


def test_no_two_documents_share_a_page(own: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    used = []
    monkeypatch.setattr(_browser, "draw_pdf", lambda page, _html, **_options: used.append(page) or page.url)
    for _ in range(3):
        own.pdf(HTML, seconds=30)
    engine = own._engine
    assert engine
    assert engine.submit(lambda: len(engine.browser.contexts)).result(30) == 1, "one is ready, the used ones are gone"
    assert len({id(page) for page in used}) == 3
    assert all(page.is_closed() for page in used)


def test_a_page_that_died_while_it_waited_costs_one_attempt(own: Browser) -> None:
    own.pdf(HTML, seconds=30)
    engine = own._engine
    assert engine
    engine.submit(lambda: None).result(30)
    _processes.end(engine.processes())
    with pytest.raises(Transient, match="crashed"):
        own.pdf(HTML, seconds=30)
    assert own.pdf(HTML, seconds=30).startswith(b"%PDF")


def test_closing_leaves_no_process_and_no_folder(own: Browser) -> None:
    own.call("viz", "() => 1", None, seconds=30)
    engine = own._engine
    assert engine
    folder, processes = engine._folder, engine.processes()
    assert any(folder.iterdir())
    own.close()
    assert not folder.exists()
    assert not [one for one in processes if _processes._alive(one)]


def test_no_browser_is_told_with_its_remedy(own: Browser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LONGSHORE_BROWSER", str(tmp_path / "missing"))
    settings.cache_clear()
    with pytest.raises(Unavailable, match="apt-get install"):
        own.pdf(HTML, seconds=30)


def test_a_missing_bundle_is_told_with_its_remedy(
    own: Browser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LONGSHORE_ASSETS", str(tmp_path))
    settings.cache_clear()
    with pytest.raises(Unavailable, match="make assets"):
        own.call("viz", "() => 1", None, seconds=30)


def test_a_killed_worker_leaves_no_browser_behind() -> None:
    script = (
        "import time; from workers.browser import browser; one = browser(); "
        "one.call('viz', '() => 1', None, seconds=30); print(one._engine._folder, flush=True); time.sleep(60)"
    )
    worker = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert worker.stdout
    folder = Path(worker.stdout.readline().strip())
    assert _processes.processes_of(folder)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    until = time.monotonic() + 5
    while [one for one in _processes.processes_of(folder) if _processes._alive(one)] and time.monotonic() < until:
        time.sleep(0.1)
    assert not [one for one in _processes.processes_of(folder) if _processes._alive(one)]
    _processes.sweep()
    assert not folder.exists()


def test_a_forked_child_starts_a_browser_of_its_own() -> None:
    script = (
        "import os; from workers.browser import browser; parent = browser(); child = os.fork()\n"
        "if not child:\n"
        "    ok = browser() is not parent and browser().call('viz', '() => 1', None, seconds=30) == 1\n"
        "    os._exit(0 if ok else 1)\n"
        "raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_sweep_ends_only_what_has_no_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_processes, "root", lambda: tmp_path)
    gone = next(number for number in range(300_000, 400_000) if not psutil.pid_exists(number))
    orphan, owned = tmp_path / f"{gone}-a", tmp_path / f"{os.getpid()}-b"
    orphan.mkdir()
    owned.mkdir()
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", f"--user-data-dir={orphan}"])
    _processes.sweep()
    assert left.wait(timeout=5) == -signal.SIGKILL
    assert not orphan.exists()
    assert owned.exists()


def test_the_cells_of_a_tagged_table_are_named_from_one_on() -> None:
    def named(*numbers: int) -> bytes:
        return b"".join(b"/ID (node%08d) node%08d" % (number, 30) for number in numbers)

    assert _pages.renumbered(named(28, 31, 28)) == named(1, 2, 1)
    html = "<table>" + "<tr><th>a<th>b<tr><td>c<td>d" * 3 + "</table>"
    assert b"(node00000001)" in browser().pdf(html, seconds=30, outline=True)


@pytest.mark.parametrize(
    "body",
    [
        '<img width="90" height="90" src="{}">',
        '<p style="height:90px;background:url({}) no-repeat"></p>',
        "<style>p::after{{content:url({})}}</style><p></p>",
        '<ul style="list-style:url({})"><li>x</ul>',
    ],
)
def test_a_picture_inside_a_page_is_on_paper_however_it_is_shown(body: str) -> None:
    content = io.BytesIO()
    Image.effect_noise((40, 40), 90).save(content, "PNG")
    address = f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
    style = "<style>*{-webkit-print-color-adjust:exact}</style>"
    page = f"<!doctype html><html><head>{style}</head><body>{body.format(address)}</body></html>"
    (shown,) = PdfReader(io.BytesIO(browser().pdf(page, seconds=30))).pages
    assert [image.image.size for image in shown.images if image.image] == [(40, 40)]
