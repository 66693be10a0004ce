"""The fonts of this machine, and the characters that none of them has."""

from __future__ import annotations

import subprocess
from bisect import bisect_right
from functools import cache

import structlog

SECONDS = 20
"""Longest wait for fontconfig, which may be building its cache: 18 ms for 324 fonts otherwise."""

log = structlog.get_logger(__name__)


@cache
def installed() -> str:
    """One line for each font: its file and the characters it has, as fontconfig writes them; empty without fontconfig.

    Asked once in a process: who installs a font starts the workers again.
    """
    command = ["fc-list", "--format", "%{file}\t%{charset}\n"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("fonts_unknown", error=str(error))
        return ""
    return "\n".join(sorted(done.stdout.splitlines()))


@cache
def _covered() -> tuple[list[int], list[int]]:
    """First and last code points of the stretches that some font has, in order and apart from one another."""
    spans: set[tuple[int, int]] = set()
    for line in installed().splitlines():
        for part in line.rpartition("\t")[2].split():
            start, _, end = part.partition("-")
            spans.add((int(start, 16), int(end or start, 16)))
    firsts: list[int] = []
    lasts: list[int] = []
    for first, last in sorted(spans):
        if lasts and first <= lasts[-1] + 1:
            lasts[-1] = max(lasts[-1], last)
        else:
            firsts.append(first)
            lasts.append(last)
    return firsts, lasts


def covered(char: str) -> bool:
    """Whether some font has this character; True where the fonts are not known."""
    firsts, lasts = _covered()
    if not firsts:
        return True
    place = bisect_right(firsts, ord(char)) - 1
    return place >= 0 and ord(char) <= lasts[place]
