"""The catalogue of destinations: the modules in this folder, found by their file names."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from workers.destinations.base import Destination


def names() -> list[str]:
    """Names of the destinations, without importing any of them."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name != "base" and not m.name.startswith("_"))


@cache
def named(name: str) -> type[Destination]:
    """The destination of that name. Raises KeyError where there is none."""
    if name not in names():
        raise KeyError(name)
    found = importlib.import_module(f"{__name__}.{name}").DESTINATION
    if not (isinstance(found, type) and issubclass(found, Destination)):
        message = f"workers/destinations/{name}.py: DESTINATION is not a Destination"
        raise TypeError(message)
    return found
