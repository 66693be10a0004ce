"""One generation of the browser: a thread, a driver, Chromium and its warm pages, which live and end together.

Playwright's objects belong to the thread that made them, so that thread does all the work, and the caller waits for it
as its watchdog. After anything unforeseen the whole generation is thrown away: a half-broken driver is never reused.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Any

import psutil

from longshore.errors import Unavailable
from workers.browser._fresh import FreshPages
from workers.browser._launch import launch, start_driver
from workers.browser._pages import WarmPages
from workers.browser._processes import descendants, end, new_folder, private_bytes, processes_of, sweep

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

log = logging.getLogger(__name__)

CLOSE_SECONDS = 5
KILLED_SECONDS = 1
"""The same for a driver whose browser was killed: it may still be busy with the document that was too much."""


class Engine:
    """A running browser. `submit` hands work to its thread; `kill` ends it from any thread, whatever it is doing."""

    def __init__(self) -> None:
        self.renders = 0
        self.killed = False
        self._folder = new_folder()
        self._driver: psutil.Process | None = None
        self._work: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="browser", daemon=True)
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._pages: WarmPages | None = None
        self._fresh: FreshPages | None = None
        self._thread.start()

    @property
    def browser(self) -> Browser:
        """Chromium, started at the first use. Only for the engine's thread. Raises Unavailable."""
        if self._browser is None:
            sweep()
            if self._playwright is None:
                # a driver that could launch nothing is kept: there can be one in a thread
                self._playwright, self._driver = start_driver(self._folder)
            self._browser = launch(self._playwright, self._folder, lambda: self.killed)
        return self._browser

    @property
    def pages(self) -> WarmPages:
        """The warm pages. Only for the engine's thread."""
        if self._pages is None:
            self._pages = WarmPages(self.browser)
        return self._pages

    @property
    def fresh(self) -> FreshPages:
        """The pages for documents, one for each. Only for the engine's thread."""
        if self._fresh is None:
            self._fresh = FreshPages(self.browser)
        return self._fresh

    def submit(self, work: Callable[[], Any]) -> Future[Any]:
        """Have the engine's thread do the work."""
        future: Future[Any] = Future()
        self._work.put((work, future))
        return future

    def processes(self) -> list[psutil.Process]:
        """The browser's processes; empty before it has started."""
        return descendants(self._driver) if self._driver else []

    def memory(self) -> tuple[int, int]:
        """Private bytes of the browser's processes: of all together, and of the largest."""
        found = private_bytes(self.processes())
        return sum(found), max(found, default=0)

    def kill(self) -> None:
        """End Chromium now, from any thread, whatever it is doing; what the engine's thread waits for raises there."""
        self.killed = True
        end(self.processes() or processes_of(self._folder))

    def close(self) -> None:
        """End everything in order, by force where that takes longer than CLOSE_SECONDS, and remove the folder."""
        done = self.submit(self._stop)
        self._work.put(None)
        seconds = KILLED_SECONDS if self.killed else CLOSE_SECONDS
        if not wait([done], timeout=seconds).done:
            log.warning("The browser's driver did not end in %d s and is killed", seconds)
            self.kill()
            if self._driver is not None:
                self._driver.kill()
        self._thread.join(timeout=CLOSE_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self) -> None:
        while (item := self._work.get()) is not None:
            work, future = item
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - the caller's thread raises it
                future.set_exception(error)
            else:
                self._make_ready()

    def _make_ready(self) -> None:
        """Prepare for the next document, now that nobody waits. What fails here fails again where it is needed."""
        from playwright.sync_api import Error

        if self.killed:
            return
        try:
            if self._fresh is not None:
                self._fresh.renew()
            if self._pages is not None:
                self._pages.tidy()
        except (Error, Unavailable) as error:
            log.info("The next page could not be made ready: %s", error.message)

    def _stop(self) -> None:
        from playwright.sync_api import Error

        with contextlib.suppress(Error):  # a browser that has gone already needs no closing
            if self._browser is not None:
                self._browser.close()
        if self._playwright is not None:
            self._playwright.stop()
