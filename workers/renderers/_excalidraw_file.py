"""An Excalidraw document as it was saved or copied: checked as far as everything that reads it relies on."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

from workers.renderers._excalidraw_part import part, used_files
from workers.renderers.base import BadDocument, Render
from workers.scene.lenient import FURTHEST, identity, mapping
from workers.scene.lenient import text as text_of
from workers.scene.parsing import load

MAX_ELEMENTS = 20_000
"""Elements of one drawing; 300 of them take 0.1 s and 400 KB of SVG."""

LIBRARY = "This is a library of Excalidraw shapes, not a drawing. Put its shapes on a canvas and save that."
NO_ELEMENTS = 'The document has no list of "elements". Send the file that Excalidraw saves (Save to disk).'

DRAWN = frozenset(
    {
        "rectangle", "diamond", "ellipse", "line", "draw", "arrow", "freedraw", "text", "image", "frame", "magicframe",
        "iframe", "embeddable",
    }
)  # fmt: skip
"""Types of elements that Excalidraw 0.18 draws; `draw` is the old name of a line."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element as it was written; `number` counts from 1 as its author does, deleted ones included."""

    number: int
    kind: str
    fields: dict[str, Any]

    @property
    def id(self) -> str:
        """Its id as it was written; empty where there is none."""
        return identity(self.fields.get("id"))

    def bad(self, said: str) -> BadDocument:
        """What is wrong with it, to be raised."""
        return BadDocument(f"Element {self.number} ({self.kind[:40]}): {said}")

    def value(self, name: str, default: float) -> float:
        """A number. Raises BadDocument where there is something else, or no drawing reaches that far."""
        found = self.fields.get(name)
        return default if found is None else self.finite(name, found)

    def finite(self, name: str, found: object) -> float:
        """The same for a number that stands somewhere else, called `name` in the message."""
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise self.bad(f"{name} is {shown(found)}, not a number.")
        if isinstance(found, float) and math.isnan(found):
            raise self.bad(f"{name} is NaN, not a number.")
        if abs(found) > FURTHEST:
            raise self.bad(f"{name} is beyond what can be drawn; {-FURTHEST:,.0f} to {FURTHEST:,.0f} is understood.")
        return float(found)

    def words(self, name: str, default: str = "") -> str:
        """Text. Raises BadDocument where there is something else."""
        found = self.fields.get(name)
        if found is not None and not isinstance(found, str):
            raise self.bad(f"{name} is {shown(found)}, not text.")
        return default if found is None else found

    def points(self) -> list[tuple[float, float]]:
        """The corners of a line; none where it has none. Raises BadDocument for what is not a list of pairs."""
        found = self.fields.get("points")
        if found is None:
            return []
        if not isinstance(found, list):
            raise self.bad(f"points is {shown(found)}, not a list.")
        corners = []
        for index, point in enumerate(found):
            if not isinstance(point, list) or len(point) < 2:  # noqa: PLR2004 - x and y
                raise self.bad(f"points[{index}] is not a pair of numbers.")
            corners.append((self.finite(f"points[{index}]", point[0]), self.finite(f"points[{index}]", point[1])))
        return corners


@dataclass(frozen=True, slots=True)
class Saved:
    """A document: what is to be drawn from back to front, without what was deleted."""

    elements: tuple[Element, ...]
    app_state: dict[str, Any]
    files: dict[str, Any]
    title: str


def read(text: str, render: Render) -> Saved:
    """A saved file, what the clipboard holds, or nothing but a list of elements.

    Raises BadDocument where it is not Excalidraw's, or has more than MAX_ELEMENTS. What cannot be drawn is told.
    """
    if '"excalidrawlib"' in text[:1000]:
        raise BadDocument(LIBRARY)
    source = load(text)
    canvas = source.canvas
    listed = canvas.get("elements", canvas.get("shapes") if isinstance(source.document, list) else None)
    if not isinstance(listed, list):
        raise BadDocument(NO_ELEMENTS)
    if len(listed) > MAX_ELEMENTS:
        raise BadDocument(f"The drawing has {len(listed):,} elements; {MAX_ELEMENTS:,} are allowed. Split it.")
    elements = []
    unknown: Counter[str] = Counter()
    for number, fields in enumerate(listed, 1):
        if not isinstance(fields, dict):
            raise BadDocument(f"Element {number} is {shown(fields)}, not an object.")
        element = Element(number, text_of(fields.get("type")) or "without a type", fields)
        if fields.get("isDeleted") is True or element.kind == "selection":
            continue
        if element.kind in DRAWN:
            elements.append(element)
        else:
            unknown[element.kind[:40]] += 1
            render.lack("shapes", id=element.id, type=element.kind, why="Excalidraw 0.18 cannot draw this type")
    for kind, count in unknown.items():
        render.warn(f"Left out: {count} x {kind}, which Excalidraw 0.18 cannot draw.")
    meant = part(elements, render)
    files = used_files(mapping(canvas.get("files")), meant, render)
    return Saved(meant, mapping(canvas.get("appState")), files, source.title)


def shown(value: object) -> str:
    """What a value is, for people."""
    names = {str: "text", bool: "true or false", type(None): "null", list: "a list", dict: "an object"}
    return names.get(type(value), "a number")
