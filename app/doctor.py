"""What this machine has and lacks, and the command that mends each lack."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from app.embedded import redis_program
from longshore.errors import LongshoreError
from longshore.settings import Settings
from workers import needs

FONT_PROBE = {"Latin": "Noto Sans", "CJK": "Noto Sans CJK SC", "emoji": "Noto Color Emoji"}
"""A family that must be there for the scripts to show, as the set-up installs them."""

FONTS = "sudo apt-get install -y fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji"


@dataclass(frozen=True, slots=True)
class Finding:
    """One look. `remedy` is a command, empty when `ok`."""

    name: str
    ok: bool
    found: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Look at everything that rendering and running need. Starts nothing."""
    version = ".".join(map(str, sys.version_info[:3]))
    return [
        Finding("Python", sys.version_info >= (3, 11), version, "" if sys.version_info >= (3, 11) else "Python 3.11+"),
        _redis(),
        _browser(settings),
        _rclone(settings),
        *(_bundle(name, settings) for name in needs.BUNDLES),
        *(_font(script, family) for script, family in FONT_PROBE.items()),
        _home(settings),
    ]


def _redis() -> Finding:
    try:
        return Finding("Redis server", ok=True, found=str(redis_program()))
    except LongshoreError as error:
        return Finding("Redis server", ok=False, found="none", remedy=error.message.rpartition(": ")[2])


def _browser(settings: Settings) -> Finding:
    path = needs.browser_path(settings)
    need = needs.check("browser", settings)
    return Finding("Browser", need.available, str(path or "none"), need.remedy)


def _rclone(settings: Settings) -> Finding:
    need = needs.check("rclone", settings)
    return Finding("rclone", need.available, str(needs.rclone_path() or "none"), need.remedy)


def _bundle(name: str, settings: Settings) -> Finding:
    need = needs.check(name, settings)
    return Finding(
        f"JavaScript: {name}", need.available, needs.BUNDLES[name] if need.available else "none", need.remedy
    )


def _font(script: str, family: str) -> Finding:
    if not shutil.which("fc-match"):
        return Finding(f"Font: {script}", ok=False, found="fontconfig is missing", remedy=FONTS)
    done = subprocess.run(
        ["fc-match", "-f", "%{family}", family], capture_output=True, text=True, check=False, timeout=30
    )
    ok = family in done.stdout
    return Finding(f"Font: {script}", ok, done.stdout or "none", "" if ok else FONTS)


def _home(settings: Settings) -> Finding:
    home = settings.home.resolve()
    probe = home if home.exists() else next(parent for parent in home.parents if parent.exists())
    ok = os.access(probe, os.W_OK)
    return Finding("Home", ok, str(home), "" if ok else "set LONGSHORE_HOME to a folder you may write to")
