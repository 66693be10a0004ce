"""The way from a kind to a format: declared conversions chained by cost, vector before pixels. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import count

from longshore.errors import Invalid, Unavailable
from workers.needs import Need
from workers.renderers import catalogue
from workers.renderers.base import FORMATS, KINDS, Conversion

PIXELS = frozenset({".png", ".jpeg", ".webp", ".avif", ".tiff"})
LEAVING_PIXELS = 1000
"""Added to an edge that starts from pixels: what is lost there comes back nowhere."""

Check = Callable[[str], Need]
"""`workers.needs.check` with the settings bound."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the matrix. Where it is not available, `remedies` are the commands that make it so."""

    kind: str
    format: str
    steps: tuple[Conversion, ...]
    available: bool
    needs: tuple[str, ...]
    remedies: tuple[str, ...]


def plan(kind: str, form: str, check: Check, edges: Iterable[Conversion] | None = None) -> tuple[Conversion, ...]:
    """The cheapest steps that this machine can take.

    Raises Invalid where no conversion leads there, Unavailable where one would if something was installed.
    """
    if kind not in KINDS:
        raise Invalid(f"{kind!r} is not a kind. Kinds are: {', '.join(KINDS)}.", field="kind")
    known = tuple(catalogue() if edges is None else edges)
    check = cache(check)
    steps = _cheapest(kind, form, [edge for edge in known if all(check(need).available for need in edge.needs)])
    if steps is not None:
        return steps
    wished = _cheapest(kind, form, known)
    if wished is None:
        reachable = [name for name in FORMATS if _cheapest(kind, name, known) is not None]
        raise Invalid(f"{kind} cannot become {form!r}. It can become: {', '.join(reachable)}.", field="format")
    missing = [need for need in map(check, _needs(wished)) if not need.available]
    commands = " and ".join(dict.fromkeys(need.remedy for need in missing))
    names = ", ".join(need.name for need in missing)
    raise Unavailable(f"{kind} to {form} needs {names}, which this machine lacks. Get it with: {commands}")


@cache
def way(kind: str, form: str) -> tuple[Conversion, ...]:
    """The cheapest steps where everything is installed; none where no conversion leads there."""
    return _cheapest(kind, form, catalogue()) or ()


def matrix(check: Check) -> list[Cell]:
    """Every kind and format that some chain connects, whether or not this machine can take it now."""
    cells = []
    check = cache(check)
    for kind in KINDS:
        for form in FORMATS:
            able = [edge for edge in catalogue() if all(check(need).available for need in edge.needs)]
            steps = _cheapest(kind, form, able)
            wished = steps or _cheapest(kind, form, catalogue())
            if wished is None:
                continue
            needs = _needs(wished)
            missing = [need for need in map(check, needs) if not need.available]
            remedies = tuple(dict.fromkeys(need.remedy for need in missing))
            cells.append(Cell(kind, form, wished, steps is not None, needs, remedies))
    return cells


def _needs(steps: Iterable[Conversion]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(need for step in steps for need in step.needs))


def _cheapest(kind: str, form: str, edges: Iterable[Conversion]) -> tuple[Conversion, ...] | None:
    """Dijkstra over forms; the counter keeps equal costs in the order of declaration."""
    by_source: dict[str, list[Conversion]] = {}
    for edge in edges:
        by_source.setdefault(edge.source, []).append(edge)
    order = count()
    heap: list[tuple[int, int, str, tuple[Conversion, ...]]] = [(0, next(order), kind, ())]
    seen: set[str] = set()
    while heap:
        cost, _, at, steps = heapq.heappop(heap)
        if steps and at == f".{form}":
            return steps
        if at in seen:
            continue
        seen.add(at)
        for edge in by_source.get(at, ()):
            penalty = LEAVING_PIXELS if at in PIXELS else 0
            heapq.heappush(heap, (cost + edge.cost + penalty, next(order), f".{edge.target}", (*steps, edge)))
    return None
