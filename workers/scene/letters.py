"""How wide text is, without a font: advance widths of the Noto faces by character, and wide East Asian ones by class.

Good to a few per cent for the scripts in the tables, which is what wrapping and centring need.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from workers.scene.nodes import Family, Run

_FIRST = 32
# Advance widths of U+0020 to U+007E in thousandths of the font size.
_SANS = (
    "260 269 408 646 572 831 732 225 300 300 551 572 268 322 268 372 572 572 572 572 572 572 572 572 572 572 268 268 "
    "572 572 572 434 899 639 650 632 730 556 519 728 741 339 273 619 524 907 760 781 605 781 622 549 556 731 600 930 "
    "586 566 572 329 372 329 572 444 281 561 615 480 615 564 344 615 618 258 258 534 258 935 618 605 615 615 413 479 "
    "361 618 508 786 529 510 470 380 551 380 572"
)
_SERIF = (
    "260 332 408 559 559 896 742 220 346 346 500 559 250 310 250 288 559 559 559 559 559 559 559 559 559 559 286 286 "
    "559 559 559 474 921 705 654 614 727 623 590 714 793 367 357 700 623 938 763 742 604 742 656 544 613 717 675 1047 "
    "660 625 592 360 288 360 559 459 274 563 614 492 614 535 369 538 635 320 300 585 310 945 645 577 614 614 471 451 "
    "352 635 579 862 578 565 511 428 559 428 559"
)
_TABLES: dict[Family, tuple[int, ...]] = {
    "sans": tuple(map(int, _SANS.split())),
    "serif": tuple(map(int, _SERIF.split())),
}
_MONO = 600
_BOLD = 1.06
_WIDE = 1000
_EMOJI = 1245
_OTHER = 600
_UPPER = 690

_JOINER, _EMOJI_STYLE, _KEYCAP = "\u200d", "\ufe0f", "\u20e3"
_SKIN = re.compile("[\U0001f3fb-\U0001f3ff]")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]")
_PICTURE = re.compile("[\U0001f000-\U0001faff\u231a\u231b\u23e9-\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f"
                      "\u2693\u26a1\u26aa\u26ab\u26bd\u26be\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa"
                      "\u26fd\u2705\u270a\u270b\u2728\u274c\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0\u27bf"
                      "\u2b1b\u2b1c\u2b50\u2b55]")  # fmt: skip


def clusters(text: str) -> list[str]:
    """The text in pieces that are drawn as one sign: a letter with its marks, an emoji sequence, a flag."""
    found: list[str] = []
    for char in text:
        if found and _continues(found[-1], char):
            found[-1] += char
        else:
            found.append(char)
    return found


def _continues(before: str, char: str) -> bool:
    if char in (_JOINER, _EMOJI_STYLE, _KEYCAP, "\ufe0e") or unicodedata.category(char) in ("Mn", "Me", "Mc"):
        return not before.isspace()
    if _SKIN.match(char):
        return bool(_PICTURE.match(before))
    if _FLAG.match(char):
        return len(before) == 1 and bool(_FLAG.match(before))
    return before[-1] == _JOINER and bool(_PICTURE.match(char) or "\u2600" <= char <= "\u27bf")


@lru_cache(maxsize=16384)
def advance(cluster: str, family: Family) -> int:
    """Width of one cluster in thousandths of the font size."""
    char = cluster[0]
    if _PICTURE.match(char) or _EMOJI_STYLE in cluster:
        return _EMOJI
    if unicodedata.east_asian_width(char) in ("W", "F"):
        return _WIDE
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    if family == "mono":
        return _MONO
    base = unicodedata.normalize("NFD", char)[0]
    if _FIRST <= ord(base) < _FIRST + len(_TABLES[family]):
        return _TABLES[family][ord(base) - _FIRST]
    return _UPPER if char.isupper() else _OTHER


def width(text: str, size: float, family: Family, *, bold: bool = False) -> float:
    """Width of a line of text in pixels."""
    thousandths = sum(advance(cluster, family) for cluster in clusters(text))
    return thousandths * size / 1000 * (_BOLD if bold else 1.0)


def run_width(run: Run, size: float, family: Family) -> float:
    """Width of a run in pixels."""
    return width(run.text, size, "mono" if run.mono else family, bold=run.bold)
