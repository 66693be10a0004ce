"""Canvases: the shapes and what joins them, without the editor's camera, selection, clocks and counters."""

from __future__ import annotations

from typing import Any

from longshore.errors import BadDocument
from workers.meaning.digest import Meaning, of_value, without
from workers.scene.parsing import load
from workers.scene.tldraw_store import is_store, records

CLOCKS = (
    "created_at", "createdAt", "updated_at", "updatedAt", "modified_at", "modifiedAt", "lastModified", "last_modified",
    "saved_at", "savedAt",
)  # fmt: skip
VIEW = (
    "camera", "viewport", "viewportState", "viewBox", "zoom", "scroll", "scrollX", "scrollY", "pan", "panX", "panY",
    "selection", "selected", "selectedIds", "selected_ids", "selectedShapeIds", "cursor", "session", "history",
)  # fmt: skip
"""How an editor shows a canvas, at its top level."""
DRAWN_RECORDS = frozenset({"document", "page", "shape", "binding", "asset", "group"})
"""Records of a tldraw store that belong to the drawing; cameras, pointers, instances and users do not."""
APP_STATE = ("viewBackgroundColor", "gridSize", "gridModeEnabled", "theme", "exportBackground", "exportWithDarkMode")
"""Of Excalidraw's `appState`, what an export of it shows."""


def canvas(content: bytes) -> Meaning:
    """Shapes and connections in any of their forms, a tldraw store included. Raises BadDocument."""
    found = load(_text(content)).canvas
    if is_store(found):
        drawn = sorted((_stored(one) for one in records(found) if _is_drawn(one)), key=lambda one: str(one.get("id")))
        return of_value(drawn, empty=not any(_type(one) == "shape" for one in drawn))
    rest = without(found, *CLOCKS, *VIEW)
    lists = {key: _shapes(value) for key, value in rest.items() if isinstance(value, list)}
    return of_value(rest | lists, empty=not any(lists.get(key) for key in ("shapes", "elements", "nodes", "objects")))


def excalidraw(content: bytes) -> Meaning:
    """The elements that are not deleted, the pictures in them, and the ground. Raises BadDocument."""
    found = load(_text(content)).canvas
    elements = [
        without(one, "version", "versionNonce", "updated")
        for one in _list(found.get("elements"))
        if not (isinstance(one, dict) and one.get("isDeleted"))
    ]
    files = found.get("files")
    pictures = {key: one.get("dataURL") for key, one in files.items() if isinstance(one, dict)} if files else {}
    state = found.get("appState")
    shown = {key: state[key] for key in APP_STATE if key in state} if isinstance(state, dict) else {}
    return of_value([elements, pictures, shown], empty=not elements)


def _stored(record: dict[str, Any]) -> dict[str, Any]:
    return dict(without(record, *CLOCKS))


def _is_drawn(record: dict[str, Any]) -> bool:
    return _type(record) in DRAWN_RECORDS


def _type(record: dict[str, Any]) -> str:
    return str(record.get("typeName") or str(record.get("id")).partition(":")[0])


def _shapes(value: list[Any]) -> list[Any]:
    return [without(one, *CLOCKS, "selected", "isSelected") for one in value]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadDocument("The document is not UTF-8 text.") from error
