"""What a PDF shows, read from its objects without drawing anything (ISO 32000-1)."""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

INFLATED = 20_000_000
"""Bytes that one stream may unfold to here."""

_STREAM = re.compile(rb">>\s*stream\r?\n")
_OBJECT = re.compile(rb"(?<!\d)(\d{1,10}) \d{1,5} obj\b")
_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
_BOX = re.compile(rb"/MediaBox\s*\[\s*([-\d.]+)\s+([-\d.]+)\s+([-\d.]+)\s+([-\d.]+)\s*\]")
_FONT = re.compile(rb"/Type\s*/Font(?![A-Za-z])")
_FONT_ON_PAGE = re.compile(rb"/Font\s*<<\s*/")
_IMAGE = re.compile(rb"/Subtype\s*/Image(?![A-Za-z])|/Shading(?![A-Za-z])")
_GROUP = re.compile(rb"/Subtype\s*/Form(?![A-Za-z])")
"""What is drawn on a layer of its own is a stream of its own (section 8.10)."""
_TO_UNICODE = re.compile(rb"/ToUnicode (\d{1,10}) 0 R")
_OPERATOR = re.compile(rb"(?<![^\s\]>)])(?:(f\*?|F|B\*?|b\*?|S|s|sh|TJ|Tj)|(rg|g|k|scn?))(?=\s|\Z)")
"""What paints, and what sets the colour of areas (sections 8.5.3, 9.4.3 and 8.6.8)."""
_NUMBERS = re.compile(rb"(?<!\S)((?:(?:\d+\.?\d*|\.\d+)\s+)+)\Z")
_BEFORE = 100
"""Bytes before an operator in which its numbers stand."""
_CHARS = re.compile(rb"beginbfchar(.*?)endbfchar", re.DOTALL)
_RANGES = re.compile(rb"beginbfrange(.*?)endbfrange", re.DOTALL)
_PAIR = re.compile(rb"<\s*[0-9a-fA-F]+\s*>\s*<\s*([0-9a-fA-F\s]+)>")
_RANGE = re.compile(
    rb"<\s*([0-9a-fA-F]+)\s*>\s*<\s*([0-9a-fA-F]+)\s*>\s*(?:<\s*([0-9a-fA-F]+)\s*>|\[(.*?)\])", re.DOTALL
)
_HEX = re.compile(rb"<\s*([0-9a-fA-F\s]+)>")


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is in a PDF.

    `sizes`: width and height of each page in points, where they are told outside of its streams. `characters`: those of
    its text; None where some font does not tell.
    """

    pages: int
    sizes: list[tuple[float, float]]
    blank: bool
    characters: frozenset[str] | None


def see(content: bytes) -> Seen:
    """Read a finished PDF."""
    streams = list(_streams(content))
    outside = _outside(content, streams)
    told = b"\n".join([outside, *(_unfold(one) for _, head, one in streams if b"/ObjStm" in head)])
    fonts = len(_FONT.findall(told))
    shows = bool(fonts and _FONT_ON_PAGE.search(told)) or _IMAGE.search(told) is not None
    drawn = (one for _, head, one in streams if b"/Type" not in head or _GROUP.search(head))
    blank = not shows and not any(len(text) >= INFLATED or _paints(text) for text in map(_unfold, drawn))
    characters = _characters(told, streams) if fonts else frozenset()
    return Seen(len(_PAGE.findall(told)), _sizes(outside), blank, characters)


def _streams(content: bytes) -> Iterator[tuple[tuple[int, int], bytes, bytes]]:
    """Where each stream's data lies, what stands before it, the data."""
    place = 0
    while found := _STREAM.search(content, place):
        end = content.find(b"endstream", found.end())
        if end < 0:
            return
        head = content[content.rfind(b" obj", 0, found.start()) - 20 : found.end()]
        yield (found.end(), end), head, content[found.end() : end]
        place = end


def _sizes(outside: bytes) -> list[tuple[float, float]]:
    boxes = [[float(number) for number in found] for found in _BOX.findall(outside)]
    return [(right - left, top - bottom) for left, bottom, right, top in boxes]


def _outside(content: bytes, streams: list[tuple[tuple[int, int], bytes, bytes]]) -> bytes:
    """The objects without the data of their streams."""
    parts, place = [], 0
    for (start, end), _, _ in streams:
        parts.append(content[place:start])
        place = end
    return b"".join([*parts, content[place:]])


def _unfold(data: bytes) -> bytes:
    """A stream's data without FlateDecode; as it is where it has another filter or none."""
    try:
        return zlib.decompressobj().decompress(data, INFLATED)
    except zlib.error:
        return data


def _paints(operators: bytes) -> bool:
    """Whether something beside a white ground is painted."""
    white = False
    for found in _OPERATOR.finditer(operators):
        if found[2]:
            numbers = _NUMBERS.search(operators[max(0, found.start() - _BEFORE) : found.start()])
            full = 0 if found[2] == b"k" else 1  # of ink, or of light
            white = numbers is not None and all(float(number) == full for number in numbers[1].split())
        elif not white or found[1] not in {b"f", b"f*", b"F"}:
            return True
    return False


def _characters(told: bytes, streams: list[tuple[tuple[int, int], bytes, bytes]]) -> frozenset[str] | None:
    maps = {int(number) for number in _TO_UNICODE.findall(told)}
    if not maps:
        return None
    found: set[str] = set()
    for _, head, data in streams:
        number = _OBJECT.search(head)
        if number and int(number[1]) in maps:
            found |= _mapped(_unfold(data))
    return frozenset(found)


def _mapped(cmap: bytes) -> set[str]:
    """The characters that a ToUnicode map leads to (section 9.10.3)."""
    found: set[str] = set()
    for block in _CHARS.findall(cmap):
        for target in _PAIR.findall(block):
            found |= set(_text(target))
    for block in _RANGES.findall(cmap):
        for first, last, start, listed in _RANGE.findall(block):
            if listed:
                for target in _HEX.findall(listed):
                    found |= set(_text(target))
                continue
            found |= _run(_text(start), int(last, 16) - int(first, 16))
    return found


def _run(start: str, steps: int) -> set[str]:
    """A text, and the same with its last character counted up so many times."""
    if not start:
        return set()
    last = ord(start[-1])
    return set(start[:-1]) | {chr(code) for code in range(last, min(last + steps, sys.maxunicode, last + 65535) + 1)}


def _text(digits: bytes) -> str:
    return bytes.fromhex(digits.decode()).decode("utf-16-be", errors="ignore")
