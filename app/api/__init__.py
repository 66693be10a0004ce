"""The resources, one file each; a module here that has a `blueprint` is one."""

from __future__ import annotations

import importlib
import pkgutil

from apiflask import APIBlueprint


def blueprints() -> list[APIBlueprint]:
    """Every resource's blueprint, found by file name."""
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    return [module.blueprint for module in modules if hasattr(module, "blueprint")]
