"""The warm browser of this process: JavaScript bundles kept loaded, pictures and PDFs of HTML, and no network at all.

    browser().call("mermaid", "(text) => mermaid.parse(text)", source, seconds=30)
    browser().picture(html, width=800, height=None, scale=2, form="png", quality=90, transparent=False, seconds=30)
    browser().pdf(html, size_mm=(210, 297), margins_mm=(15, 15, 15, 15), outline=True, seconds=30)

One browser per process, started at the first use and never before a fork. What a user sent is drawn in a context of
its own, with JavaScript off, by `set_content`: never from a file, never from an address.
"""

from __future__ import annotations

import atexit
import os
import threading

from workers.browser._browser import Browser
from workers.browser._network import ORIGIN, asset
from workers.browser._pages import Form, ScriptError

__all__ = ["ORIGIN", "Browser", "Form", "ScriptError", "asset", "browser"]


class _Process:
    """What belongs to one process and must not survive a fork."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.browser: Browser | None = None


_process = _Process()


def browser() -> Browser:
    """The browser of this process. Costs nothing until it is asked to draw."""
    with _process.lock:
        if _process.browser is None:
            _process.browser = Browser()
        return _process.browser


def _close() -> None:
    if _process.browser is not None:
        _process.browser.close()


atexit.register(_close)
os.register_at_fork(after_in_child=_process.__init__)  # type: ignore[misc]  # the child starts a browser of its own
