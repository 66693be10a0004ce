"""Breaking text into lines that fit a room, in any script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from workers.scene.letters import advance, clusters, run_width, width
from workers.scene.nodes import Label, Run
from workers.scene.patience import tick

_SHRINK = (1.0, 0.92, 0.84, 0.76, 0.68, 0.6)
_LEAST_SIZE = 7.0
_LONGEST_BALANCED = 300
_LONG = 2000
_HALVINGS = 5
_FULL_ENOUGH = 0.6
_BREAKABLE = 900
"""Clusters at least this wide (thousandths of the size) are ideographs, kana or emoji: a line may end after any."""
_NOT_FIRST = set("、。，．,.!?！？：；:;）」』】〉》〕］｝)]}’”%‰°ー々…‥・ぁぃぅぇぉっゃゅょァィゥェォッャュョ")  # noqa: RUF001
_NOT_LAST = set("（「『【〈《〔［｛([{‘“¥￥$＄#＃")  # noqa: RUF001
_WORDS = re.compile(r"\s+|[^\s]+")
_SOFT = re.compile(r"(?<=[/\-–—_])(?=[^\W\d_])")  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class Block:
    """Wrapped text: its lines, their widths, the size that was chosen, and the room it takes."""

    lines: tuple[tuple[Run, ...], ...]
    widths: tuple[float, ...]
    size: float
    line_height: float

    @property
    def width(self) -> float:
        """Width of the widest line."""
        return max(self.widths, default=0.0)

    @property
    def height(self) -> float:
        """Height of all lines."""
        return self.line_height * len(self.lines)


@lru_cache(maxsize=2048)
def fit(label: Label, room: float | None = None, height: float | None = None) -> Block:
    """Wrap a label into a room `room` pixels wide; None never wraps.

    A label that shrinks gets the largest of a few sizes at which no word has to be broken and all lines fit into
    `height`; where none does, the smallest, and words are broken.
    """
    block = _fitted(label, room, height)
    if room is None or label.align != "middle" or len(label.paragraphs) == len(block.lines):
        return block
    return _balanced(label, block, room)


def _balanced(label: Label, block: Block, room: float) -> Block:
    """The same text on as many lines in the narrowest room: no single sign is left on the last line."""
    if len(label.plain) > _LONGEST_BALANCED or block.widths[-1] > block.width * _FULL_ENOUGH:
        return block
    low, high = block.width / 2, room
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        tried, broken = _wrapped(label, block.size, middle)
        if broken or len(tried.lines) > len(block.lines):
            low = middle
        else:
            block, high = tried, middle
    return block


def _fitted(label: Label, room: float | None, height: float | None) -> Block:
    if not label.shrinks or room is None:
        return _wrapped(label, label.size, room)[0]
    block = None
    for share in _SHRINK if len(label.plain) <= _LONG else (1.0, _SHRINK[-1]):
        size = label.size * share
        if block is not None and size < _LEAST_SIZE:
            break
        block, broken = _wrapped(label, size, room)
        if not broken and (height is None or block.height <= height + 0.5):
            return block
    return block or _wrapped(label, label.size, room)[0]


def _wrapped(label: Label, size: float, room: float | None) -> tuple[Block, bool]:
    lines: list[tuple[Run, ...]] = []
    broken = False
    for paragraph in label.paragraphs:
        if room is None:
            lines.append(paragraph)
            continue
        found, hurt = _paragraph(paragraph, size, label, max(room, size))
        lines.extend(found)
        broken = broken or hurt
    trimmed = tuple(_trimmed(line) for line in lines)
    widths = tuple(sum(run_width(run, size, label.family) for run in line) for line in trimmed)
    return Block(trimmed, widths, size, size * label.line_height), broken


def _paragraph(runs: tuple[Run, ...], size: float, label: Label, room: float) -> tuple[list[tuple[Run, ...]], bool]:
    lines: list[tuple[Run, ...]] = []
    line: list[Run] = []
    used, broken = 0.0, False
    for unit in _units(runs):
        tick()
        wide = sum(run_width(run, size, label.family) for run in unit)
        blank = all(not run.text.strip() for run in unit)
        if used + wide > room and line and not blank:
            lines.append(tuple(line))
            line, used = [], 0.0
        if wide > room and not blank:
            broken = True
            for piece, piece_width in _letters(unit, size, label):
                if used + piece_width > room and line:
                    lines.append(tuple(line))
                    line, used = [], 0.0
                line.append(piece)
                used += piece_width
            continue
        line.extend(unit)
        used += wide
    lines.append(tuple(line))
    return lines, broken


def _letters(unit: list[Run], size: float, label: Label) -> Iterator[tuple[Run, float]]:
    for run in unit:
        for cluster in clusters(run.text):
            tick()
            piece = _cut(run, cluster)
            yield piece, run_width(piece, size, label.family)


def _units(runs: tuple[Run, ...]) -> Iterator[list[Run]]:
    """Stretches that should stay on one line. A word may cross runs, so a unit is a list of runs."""
    unit: list[Run] = []
    for run in runs:
        for piece in _pieces(run.text):
            if unit and _may_break(unit[-1].text, piece):
                yield unit
                unit = []
            unit.append(_cut(run, piece))
    if unit:
        yield unit


def _pieces(text: str) -> Iterator[str]:
    for word in _WORDS.findall(text):
        if word.isascii():
            yield from _SOFT.split(word)
            continue
        held = ""
        for cluster in clusters(word):
            wide = advance(cluster, "sans") >= _BREAKABLE and not cluster.isascii()
            if wide and held:
                yield held
                held = ""
            if wide:
                yield cluster
            else:
                held += cluster
        if held:
            yield held


def _may_break(before: str, after: str) -> bool:
    if before[-1].isspace() or after[0].isspace():
        return True
    if before[-1] in _NOT_LAST or after[0] in _NOT_FIRST:
        return False
    if bool(_SOFT.search(before[-1] + after[0])) and before.isascii() and after.isascii():
        return True
    return any(not text.isascii() and advance(clusters(text)[0], "sans") >= _BREAKABLE for text in (before, after))


def _cut(run: Run, text: str) -> Run:
    """Other text in the face of a run; `_replace` is several times slower, and this is done for every word."""
    return Run(text, run.bold, run.italic, run.strike, run.mono)


def _alike(one: Run, other: Run) -> bool:
    """Whether two runs have the same face."""
    return one[1:] == other[1:]


def _trimmed(line: tuple[Run, ...]) -> tuple[Run, ...]:
    """The line with equal neighbours joined and without blanks at its end."""
    tick()
    joined: list[Run] = []
    for run in line:
        if joined and _alike(joined[-1], run):
            joined[-1] = _cut(run, joined[-1].text + run.text)
        else:
            joined.append(run)
    while joined and not joined[-1].text.rstrip():
        joined.pop()
    if joined:
        joined[-1] = _cut(joined[-1], joined[-1].text.rstrip())
    return tuple(joined)


def natural_width(label: Label) -> float:
    """Width of the longest paragraph without wrapping."""
    return max(
        (sum(run_width(run, label.size, label.family) for run in runs) for runs in label.paragraphs),
        default=width("", label.size, label.family),
    )
