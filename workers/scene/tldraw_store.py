"""The records of a tldraw store, sorted into pages, shapes, bindings and assets, from every form it is saved in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from workers.scene.lenient import identity, mapping, sequence, text

Record = dict[str, Any]


@dataclass(slots=True)
class Store:
    """The records that make up a drawing."""

    pages: list[Record] = field(default_factory=list)
    children: dict[str, list[Record]] = field(default_factory=dict)
    bindings: dict[str, list[Record]] = field(default_factory=dict)
    assets: dict[str, Record] = field(default_factory=dict)
    title: str = ""
    count: int = 0


def is_store(canvas: Record) -> bool:
    """Whether a canvas is tldraw's: a store, a `.tldr` file, or shapes that keep their looks in `props`."""
    if "store" in canvas or isinstance(canvas.get("records"), list):
        return True
    return any("props" in mapping(shape) for shape in sequence(canvas.get("shapes")))


def records(canvas: Record) -> list[Record]:
    """All records of a canvas, each with an id; a shape without one is given its place in the document."""
    store = canvas.get("store")
    found: list[Any] = []
    if isinstance(store, dict):
        for key, value in store.items():
            plural = key in ("shapes", "bindings", "assets", "pages")
            found.extend(_named(value, key) if plural else [{"id": key, **mapping(value)}])
    else:
        found.extend(sequence(store))
    found.extend(sequence(canvas.get("records")))
    if not found:
        found.extend(_named(canvas.get("shapes"), "shapes"))
        found.extend(_named(canvas.get("bindings"), "bindings"))
    return [record for record in found if isinstance(record, dict)]


def _named(value: Any, kind: str) -> list[Record]:
    """The records of a list, or of an object by id, with the type name that their list tells."""
    items = value.items() if isinstance(value, dict) else enumerate(sequence(value))
    name = kind.removesuffix("s")
    return [
        {"id": str(key) if isinstance(value, dict) else f"{name}:{key}", "typeName": name, **mapping(record)}
        for key, record in items
    ]


def sort_out(canvas: Record) -> Store:
    """The store of a canvas. Shapes are ordered back to front: by fractional index, then by their place."""
    store = Store()
    shapes: list[Record] = []
    for record in records(canvas):
        kind = record.get("typeName")
        key = identity(record.get("id"))
        if kind == "page" or key.startswith("page:"):
            store.pages.append(record)
        elif kind == "asset" or key.startswith("asset:"):
            store.assets[key] = record
        elif kind == "binding" or key.startswith("binding:"):
            store.bindings.setdefault(identity(record.get("fromId")), []).append(record)
        elif kind == "document":
            store.title = text(record.get("name"))
        elif kind == "shape" or key.startswith("shape:"):
            shapes.append(record)
    store.pages.sort(key=_order)
    store.count = len(shapes)
    known = {identity(shape.get("id")) for shape in shapes} | {identity(page.get("id")) for page in store.pages}
    for shape in shapes:
        parent = identity(shape.get("parentId"))
        store.children.setdefault(parent if parent in known else "", []).append(shape)
    for siblings in store.children.values():
        siblings.sort(key=_order)
    return store


def _order(record: Record) -> str:
    return text(record.get("index"))
