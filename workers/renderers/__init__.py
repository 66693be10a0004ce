"""The catalogue of conversions: the modules in this folder, found by their file names."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from workers.renderers.base import Conversion


def names() -> list[str]:
    """Names of the renderer modules, without importing any of them."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name != "base" and not m.name.startswith("_"))


@cache
def catalogue() -> tuple[Conversion, ...]:
    """Every declared conversion, ordered by source and target.

    Raises ValueError where a module declares none, or two declare the same edge.
    """
    found: dict[tuple[str, str], Conversion] = {}
    for name in names():
        module = importlib.import_module(f"{__name__}.{name}")
        edges = [edge for value in vars(module).values() for edge in getattr(value, "conversions", ())]
        if not edges:
            message = f"{module.__name__} declares no conversion"
            raise ValueError(message)
        for edge in edges:
            known = found.setdefault((edge.source, edge.target), edge)
            if known is not edge:
                message = f"{edge.source} -> {edge.target} is declared in {name} and somewhere else"
                raise ValueError(message)
    return tuple(found[key] for key in sorted(found))
