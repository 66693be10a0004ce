"""The page for a document that somebody sent: a context and a renderer process of its own, made while nobody waits.

No two documents share a page, so nothing of one can reach the next. Making a page takes 35 ms, and its first print
takes 20 ms more than its second, so the next one is made, and has printed once, after the last answer was handed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.browser._network import FONTS, closed_context

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


FIRST = f'<!doctype html><meta charset="utf-8"><style>body{{font-family:{FONTS}}}</style><p>A</p>'
"""What every page prints before its document: the first print of a process is the slow one."""
LOW = 64
"""Height in CSS pixels of a window that nobody sees: what it shows is painted while the document is printed."""


class FreshPages:
    """The pages of one browser in which documents are printed: one ready, one in use, each used once."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._ready: Page | None = None
        self._used: Page | None = None

    def take(self) -> Page:
        """A page that has shown no document. It belongs to the caller until `renew`."""
        self._used, self._ready = self._ready or self._made(), None
        return self._used

    def renew(self) -> None:
        """Close the page that was taken and make the next one; nothing where none was taken."""
        if self._used is None:
            return
        used, self._used = self._used, None
        used.context.close()
        self._ready = self._made()

    def _made(self) -> Page:
        page = closed_context(self._browser, scripts=False, height=LOW).new_page()
        page.set_content(FIRST, wait_until="load")
        page.pdf()
        return page
