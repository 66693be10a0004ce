"""The page for a document that somebody sent: a context and a renderer process of its own, made while nobody waits.

No two documents share a page, so nothing of one can reach the next. Making a page takes 35 ms, and its first print
takes 20 ms more than its second, so the next one is made, and has printed once, after the last answer was handed over.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from workers.browser._network import FONTS, closed_context

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


_DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><style>text{fill:red}</style>
<clipPath id="c"><rect width="9" height="9"/></clipPath><linearGradient id="g"><stop stop-color="red"/></linearGradient>
<g clip-path="url(#c)"><path d="M0 0L9 9"/><rect width="9" height="9" fill="url(#g)"/></g>
<text x="5" y="9" style="font-family:Noto Sans,sans-serif;white-space:pre">A</text></svg>"""
FIRST = (
    f'<!doctype html><meta charset="utf-8"><style>body{{font-family:{FONTS}}}</style><p>A</p>'
    f'<img alt="" src="data:image/svg+xml;base64,{b64encode(_DRAWING.encode()).decode()}">'
)
"""What every page prints before its document: the first print of a process is the slow one, and the first drawing takes
4 ms more than the second."""
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
