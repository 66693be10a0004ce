"""Starting Chromium: the strictest way that works on this machine."""

from __future__ import annotations

import logging
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from longshore.errors import Unavailable
from longshore.settings import settings
from workers.browser._network import FLAGS
from workers.needs import browser_path, check

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

log = logging.getLogger(__name__)

WRAPPER = Path(__file__).with_name("chromium-in-netns.sh")

HEAP_MB = 512
"""JavaScript heap of one page: a bomb ends there, and the largest honest chart measured stays below half of it."""

ARGUMENTS = (
    *FLAGS,
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--no-first-run",
    "--font-render-hinting=none",
    f"--js-flags=--max-old-space-size={HEAP_MB}",
)

PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "FONTCONFIG_FILE", "FONTCONFIG_PATH")
"""All that the browser learns of our environment: no secret is in a process that runs strangers' documents."""

LAUNCH_SECONDS = 30


@cache
def namespace_works() -> bool:
    """Whether the kernel lets this user make a network namespace."""
    if not os.access(WRAPPER, os.X_OK):
        return False
    try:
        done = subprocess.run(["unshare", "-c", "-n", "--", "true"], capture_output=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _ways() -> list[tuple[bool, bool]]:
    """Strictest first. Chromium's sandbox refuses to run as root."""
    sandbox = [True, False] if os.geteuid() else [False]
    namespace = [True, False] if namespace_works() else [False]
    return [(inside, boxed) for inside in namespace for boxed in sandbox]


def launch(playwright: Playwright, folder: Path, stopped: Callable[[], bool]) -> Browser:
    """Start the browser with `folder` as its scratch folder, the strictest way first.

    Raises Unavailable where there is none or none starts, and Playwright's own error once `stopped()` says so.
    """
    from playwright.sync_api import Error

    program = browser_path(settings())
    if program is None:
        need = check("browser", settings())
        raise Unavailable(f"No browser is installed on this machine. Get one with: {need.remedy}")
    failure = ""
    for inside, boxed in _ways():
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}  # noqa: TID251 - passed on, not read
        environment |= {"HOME": str(folder), "TMPDIR": str(folder), "LONGSHORE_BROWSER_PROGRAM": str(program)}
        try:
            started = playwright.chromium.launch(
                executable_path=WRAPPER if inside else program,
                args=list(ARGUMENTS),
                chromium_sandbox=boxed,
                env=dict(environment),
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
                timeout=LAUNCH_SECONDS * 1000,
            )
        except Error as error:
            if stopped():
                raise
            failure = error.message
            log.warning("The browser did not start (namespace %s, sandbox %s): %s", inside, boxed, failure)
        else:
            return started
    raise Unavailable(
        f"The browser {program} does not start on this machine. Run it by hand to see why, "
        "or set LONGSHORE_BROWSER to another one.",
        detail=failure,
    )


@contextmanager
def scratch_in(folder: Path) -> Iterator[None]:
    """The driver makes the browser's profile in its TMPDIR, and takes that from our environment alone."""
    variables = os.environ  # noqa: TID251 - set for the child, not read
    before = variables.get("TMPDIR")
    tempfile.gettempdir()  # settle our own answer before the variable changes
    variables["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del variables["TMPDIR"]
        else:
            variables["TMPDIR"] = before


def start_driver(folder: Path) -> tuple[Playwright, psutil.Process]:
    """Start Playwright's driver in this thread; the process is the parent of every browser it launches."""
    from playwright.sync_api import sync_playwright

    me = psutil.Process()
    before = {child.pid for child in me.children()}
    with scratch_in(folder):
        playwright = sync_playwright().start()
    drivers = [child for child in me.children() if child.pid not in before and "run-driver" in child.cmdline()]
    return playwright, drivers[0]
