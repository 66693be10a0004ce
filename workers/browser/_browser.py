"""The browser as conversions see it: calls with a deadline, a watchdog, and a new browser when the old one is spent."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any

from longshore.errors import LongshoreError, Permanent, Transient
from workers.browser._engine import Engine
from workers.browser._launch import HEAP_MB
from workers.browser._pages import Form, Margins, ScriptError, ask, draw_pdf, draw_picture

log = logging.getLogger(__name__)

MAX_RENDERS = 500
"""Renders of one browser before it is replaced, between two of them."""

IDLE_BYTES = 1_500_000_000
"""Private memory above which a browser is replaced after a render."""

BUSY_BYTES = 4_000_000_000
"""Private memory above which a render is stopped; a chart with 100,000 points drawn as SVG takes 2.3 GB."""

FULL_BYTES = HEAP_MB * 750_000
"""Private memory above which a process that crashes did so for lack of memory: three quarters of its heap's limit."""

WEIGH_EVERY = 20
"""Renders between two looks at the idle memory: a look costs some 5 ms."""

TICK = 0.25
"""Seconds between two looks of the watchdog while a render is running."""

A4_MM = (210.0, 297.0)
"""Width and height of the usual paper, in millimetres."""

LATE = "Rendering took longer than {seconds:g} s and was stopped. Simplify the document, or ask for a longer deadline."
HEAVY = "Rendering needed more than 4 GB of memory and was stopped. Simplify the document."
FULL = "The document needed more memory than a page may have, and its page crashed. Simplify the document."
STOPPED = "The browser was stopped while it was rendering."
CRASHED = "The browser crashed while it was rendering; a document that is too large for its memory does that."


class Browser:
    """The browser of this process. One render at a time, from any thread; the others wait for their turn."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._engine: Engine | None = None

    def call(self, bundle: str, script: str, argument: object, *, seconds: float) -> Any:
        """The result of a JavaScript function expression, in the warm page of a bundle (`mermaid`, `plotly`, `viz`).

        The function may be async; argument and result are what JSON can say. Raises ScriptError for what it throws,
        Unavailable without browser or bundle, Permanent after `seconds`, Transient when the browser crashed.
        """
        return self._render(lambda engine: engine.pages.call(bundle, script, argument), seconds)

    def picture(
        self,
        html: str,
        *,
        width: int,
        height: int | None,
        scale: float,
        form: Form,
        quality: int,
        transparent: bool,
        seconds: float,
    ) -> bytes:
        """A picture of HTML, scripts off; sizes in CSS pixels, `height` None: as high as the page is.

        Raises Refused for more pixels than a browser paints, and what `call` raises.
        """

        def draw(engine: Engine) -> bytes:
            return draw_picture(
                engine.browser,
                html,
                width=width,
                height=height,
                scale=scale,
                form=form,
                quality=quality,
                transparent=transparent,
            )

        content: bytes = self._render(draw, seconds)
        return content

    def pdf(
        self,
        html: str,
        *,
        seconds: float,
        width_px: float | None = None,
        height_px: float | None = None,
        pages: int | None = None,
        size_mm: tuple[float, float] = A4_MM,
        margins_mm: Margins = (0, 0, 0, 0),
        header: str = "",
        footer: str = "",
        outline: bool = False,
    ) -> bytes:
        """A PDF of HTML, scripts off, on pages of exactly `width_px` x `height_px`, or of `size_mm`.

        Of `pages` the first so many are printed, else all: a rounding in the last pixel of a drawing makes one more.

        `margins_mm` are top, right, bottom and left. `outline` makes bookmarks of the headings, and tags.

        `header` and `footer` are HTML with the classes of Chromium's templates (`pageNumber`, `totalPages`, `title`).
        The same input gives the same bytes. Raises what `call` raises.
        """

        def draw(engine: Engine) -> bytes:
            return draw_pdf(
                engine.fresh.take(),
                html,
                width_px=width_px,
                height_px=height_px,
                pages=pages,
                size_mm=size_mm,
                margins_mm=margins_mm,
                header=header,
                footer=footer,
                outline=outline,
            )

        content: bytes = self._render(draw, seconds)
        return content

    def ask(self, html: str, script: str, *, width: int, seconds: float) -> Any:
        """What our function expression `script` answers about HTML that is shown `width` CSS pixels wide.

        The HTML's own scripts are off. Raises what `call` raises, but ScriptError.
        """
        return self._render(lambda engine: ask(engine.fresh.take(), html, script, width=width), seconds)

    def kill(self) -> None:
        """End the browser at once, from any thread: the running render raises Transient, the next starts a new one."""
        engine = self._engine
        if engine is not None:
            engine.kill()

    def close(self) -> None:
        """End the browser in order, once the running render is done."""
        with self._turn:
            self._discard()

    def _render(self, draw: Callable[[Engine], Any], seconds: float) -> Any:
        with self._turn:
            if self._engine is not None and self._engine.killed:
                self._discard()
            engine = self._engine = self._engine or Engine()
            try:
                result = self._watch(engine, engine.submit(lambda: draw(engine)), seconds)
            except (LongshoreError, ScriptError):
                raise
            except BaseException:
                engine.kill()  # the caller was interrupted, or the engine is in an unknown state
                self._discard()
                raise
            self._count(engine)
            return result

    def _watch(self, engine: Engine, future: Future[Any], seconds: float) -> Any:
        """Wait for a render, and stop it when it takes too long or too much memory."""
        from playwright.sync_api import Error as PlaywrightError

        deadline = time.monotonic() + seconds
        verdict: LongshoreError | None = None
        largest = 0
        while verdict is None and not wait([future], timeout=max(0, min(TICK, deadline - time.monotonic()))).done:
            if time.monotonic() >= deadline:
                verdict = Permanent(LATE.format(seconds=seconds))
                break
            whole, largest = engine.memory()
            if whole > BUSY_BYTES:
                verdict = Permanent(HEAVY)
        if verdict is None and not isinstance(future.exception(), PlaywrightError):
            return future.result()
        if verdict is None and largest > FULL_BYTES and not engine.killed:
            verdict = Permanent(FULL, detail=str(future.exception()))
        if verdict is None:
            verdict = Transient(STOPPED if engine.killed else CRASHED, detail=str(future.exception()))
        engine.kill()
        self._discard()
        raise verdict

    def _count(self, engine: Engine) -> None:
        engine.renders += 1
        if engine.renders >= MAX_RENDERS or (engine.renders % WEIGH_EVERY == 0 and engine.memory()[0] > IDLE_BYTES):
            log.info("The browser is replaced after %d renders", engine.renders)
            self._discard()

    def _discard(self) -> None:
        """Let go of the engine, and with it of every process and file of this browser."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()
