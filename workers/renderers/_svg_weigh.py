"""Count what an SVG really draws: a few hundred bytes of nested references can ask for billions of shapes."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

from workers.renderers._css import scrub
from workers.renderers.base import BadDocument

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_DRAWN = 1_000_000
"""Elements drawn after every reference was followed. librsvg stops at 500,000 referenced ones, Chromium at nothing."""

MAX_CHAIN = 64
"""References that may follow each other (a use of a pattern with a mask with …)."""

_INHERITED = {"fill", "stroke", "marker", "marker-start", "marker-mid", "marker-end", "style"}
_NUMBER = re.compile(r"[0-9.]+")
_XLINK = "{http://www.w3.org/1999/xlink}href"


def vertices(element: _Element) -> int:
    """How often a marker is drawn on an element: once per vertex, at most one for two of its numbers."""
    return (len(_NUMBER.findall(element.get("d") or element.get("points") or "")) + 1) // 2


class Scales:
    """The reference graph of one clean SVG."""

    def __init__(self, root: _Element) -> None:
        self._span: dict[str, tuple[int, int]] = {}
        self._at: list[int] = []
        self._refs: list[tuple[str, int]] = []
        self._known: dict[str, int] = {}
        self._sheet: set[str] = set()
        elements = list(root.iter())
        place = {element: number for number, element in enumerate(elements)}
        end = list(range(1, len(elements) + 1))
        for number in range(len(elements) - 1, 0, -1):
            parent = elements[number].getparent()
            if parent is not None:
                up = place[parent]
                end[up] = max(end[up], end[number])
        self._count = len(elements)
        self._elements = elements
        for number, element in enumerate(elements):
            self._read(element, number, end[number])

    @cached_property
    def _vertices(self) -> list[int]:
        """Vertices of all elements before each one."""
        return [0, *accumulate(map(vertices, self._elements))]

    def _read(self, element: _Element, start: int, end: int) -> None:
        name = element.get("id")
        if name and not element.tag.endswith("Gradient"):  # a gradient is drawn by whatever it fills
            self._span.setdefault(name, (start, end))
        sheet = element.text or "" if element.tag.endswith("}style") else ""
        if "url(" in (small := sheet.lower()) or "\\" in small:
            self._sheet.update(scrub(sheet).fragments)
        for attribute, value in ((str(name), str(value)) for name, value in element.attrib.items()):
            if attribute in {"href", _XLINK} and value.startswith("#"):
                self._add(start, value[1:], 1)
            elif "url(" in value:
                times = end - start if attribute in _INHERITED else 1
                if "marker" in attribute or "marker" in value:
                    times += self._vertices[end] - self._vertices[start]
                for target in scrub(value).fragments:
                    self._add(start, target, times)

    def _add(self, at: int, target: str, times: int) -> None:
        self._at.append(at)
        self._refs.append((target, times))

    def _weigh(self, start: int, end: int, chain: tuple[str, ...]) -> int:
        """Elements drawn by those from `start` to `end`. A reference to where it stands draws nothing."""
        if len(chain) > MAX_CHAIN:
            raise BadDocument(f"More than {MAX_CHAIN} references in the SVG follow each other, from #{chain[0]} on.")
        total = end - start
        for target, times in self._refs[bisect_left(self._at, start) : bisect_left(self._at, end)]:
            span = self._span.get(target)
            if span is None or target in chain:
                continue
            if target not in self._known:
                self._known[target] = self._weigh(*span, (*chain, target))
            total += times * self._known[target]
            if total > MAX_DRAWN:
                raise BadDocument(
                    f"The SVG draws more than {MAX_DRAWN:,} elements once #{target} is repeated as often as it is "
                    "referred to. Draw less, or flatten the nested references."
                )
        return total

    def weigh(self) -> int:
        """Elements drawn in all; raises BadDocument above MAX_DRAWN."""
        total = self._weigh(0, self._count, ())
        for target in sorted(self._sheet & self._span.keys()):
            total += self._count * self._weigh(*self._span[target], (target,))
            if total > MAX_DRAWN:
                raise BadDocument(
                    f"The SVG's style sheet paints with #{target}, which may draw more than {MAX_DRAWN:,} elements. "
                    "Use a lighter pattern or fewer shapes."
                )
        return total
