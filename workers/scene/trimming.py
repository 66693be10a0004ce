"""A canvas document without the shapes that were not selected: what an exported part must not carry along."""

from __future__ import annotations

from typing import Any

from workers.scene.canvas_lines import ends_of
from workers.scene.lenient import identity, mapping, sequence
from workers.scene.tldraw_store import is_store

Record = dict[str, Any]
SHAPES = ("shapes", "elements", "nodes", "objects")
CONNECTIONS = ("connections", "connectors", "edges", "links")


def trimmed(canvas: Record, shown: frozenset[str], around: frozenset[str]) -> Record:
    """The canvas with the `shown` shapes, and those `around` them whose places theirs count from. Nothing is moved."""
    kept = shown | around
    return _store(canvas, kept) if is_store(canvas) else _plain(canvas, kept)


def _plain(canvas: Record, kept: frozenset[str]) -> Record:
    found = dict(canvas)
    names: dict[str, str] = {}
    for field in SHAPES:
        if isinstance(canvas.get(field), list):
            found[field] = [record for record in _shapes(canvas[field], "", kept, names) if record is not None]
    for field in CONNECTIONS:
        if isinstance(canvas.get(field), list):
            found[field] = [one for one in canvas[field] if _between(mapping(one), kept, names)]
    if isinstance(canvas.get("groups"), list):
        found["groups"] = [one for one in canvas["groups"] if identity(mapping(one).get("id")) in kept]
    return found


def _shapes(records: list[Any], parent: str, kept: frozenset[str], names: dict[str, str]) -> list[Record | None]:
    found: list[Record | None] = []
    place = 0
    for record in records:
        if not isinstance(record, dict) or not record:
            continue
        key = identity(record.get("id")) or f"{parent}#{place}"
        names.setdefault(key, key)
        if not parent:
            names.setdefault(str(place), key)
        place += 1
        inner = _shapes(sequence(record.get("children")), key, kept, names)
        held = [child for child in inner if child is not None]
        changed = {**record, "children": held} if "children" in record else record
        found.append(changed if key in kept else None)
    return found


def _between(record: Record, kept: frozenset[str], names: dict[str, str]) -> bool:
    """Whether a connection is itself shown, or leads from a kept shape to another."""
    own = identity(record.get("id"))
    return (own != "" and own in kept) or all(names.get(end, "") in kept for end in ends_of(record))


def _store(canvas: Record, kept: frozenset[str]) -> Record:
    """A tldraw store in any of its forms: shapes, what binds them, and only the pictures that are still shown."""
    found = dict(canvas)
    pictures: set[str] = set()
    for field in ("store", "records", "shapes", "bindings"):
        value = canvas.get(field)
        if isinstance(value, dict | list):
            found[field] = _records(value, field.removesuffix("s"), kept, pictures)
    for field in ("store", "records"):
        if isinstance(found.get(field), dict | list):
            found[field] = _without_assets(found[field], pictures)
    return found


def _records(value: Any, kind: str, kept: frozenset[str], pictures: set[str]) -> Any:
    """The records that stay, in the container that they came in."""
    if isinstance(value, list):
        pairs = [(f"{kind}:{place}", one) for place, one in enumerate(value)]
        return [one for key, one in pairs if _stays(key, one, kind, kept, pictures)]
    found: Record = {}
    for key, one in value.items():
        if kind == "store" and key in {"shapes", "bindings"} and isinstance(one, dict | list):
            found[key] = _records(one, key.removesuffix("s"), kept, pictures)
        elif _stays(key, one, kind, kept, pictures):
            found[key] = one
    return found


def _stays(key: str, value: Any, kind: str, kept: frozenset[str], pictures: set[str]) -> bool:
    record = mapping(value)
    own = identity(record.get("id")) or key
    name = str(record.get("typeName") or "") or (kind if kind in {"shape", "binding"} else own.partition(":")[0])
    if name == "binding":
        return identity(record.get("fromId")) in kept and identity(record.get("toId")) in kept
    if name == "shape" and own in kept:
        pictures.add(identity(mapping(record.get("props")).get("assetId")))
    return name != "shape" or own in kept


def _without_assets(value: Any, pictures: set[str]) -> Any:
    """The same records without pictures that no shape shows."""
    if isinstance(value, list):
        return [one for one in value if not _unused(identity(mapping(one).get("id")), one, pictures)]
    found = {
        key: one for key, one in value.items() if not _unused(identity(mapping(one).get("id")) or key, one, pictures)
    }
    if isinstance(value.get("assets"), dict | list):
        found["assets"] = _without_assets(value["assets"], pictures)
    return found


def _unused(key: str, value: Any, pictures: set[str]) -> bool:
    record = mapping(value)
    asset = record.get("typeName") == "asset" or key.startswith("asset:")
    return asset and (identity(record.get("id")) or key) not in pictures
