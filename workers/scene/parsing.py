"""From bytes to a canvas: JSON within limits, unwrapped from whatever envelope it came in."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from longshore.errors import BadDocument

_DEEPEST = 200
_MOST_VALUES = 4_000_000
_ENVELOPES = ("canvas_data", "canvasData", "snapshot", "tldraw")
_MOST_WRAPPINGS = 8
_PARTS = frozenset({"shapes", "elements", "nodes", "objects", "connections", "groups", "store", "records", "schema"})


@dataclass(frozen=True, slots=True)
class Source:
    """A document as it was sent, its canvas, and the title its envelope gave it."""

    document: Any
    canvas: Any
    title: str


def load(text: str) -> Source:
    """Read a canvas document.

    `document` is what was sent, except that JSON inside a JSON string has been read. `canvas` is its innermost
    canvas: `canvas_data` of a stored file, `document` of an editor snapshot. Raises BadDocument where the text is not
    JSON, is nested deeper than 200 levels or is not an object or a list.
    """
    document = _unquoted(_json(text))
    title = ""
    canvas = document
    for _ in range(_MOST_WRAPPINGS):
        if not isinstance(canvas, dict):
            break
        name = canvas.get("title")
        title = title or (name if isinstance(name, str) else "")
        inner = next((canvas[key] for key in _ENVELOPES if canvas.get(key) is not None), None)
        if inner is None and isinstance(canvas.get("document"), dict) and "store" in canvas["document"]:
            inner = canvas["document"]
        if inner is None:
            break
        canvas = _unquoted(inner)
    if isinstance(canvas, list):
        canvas = {"shapes": canvas}
    if not isinstance(canvas, dict):
        shown = {str: "text", int: "a number", float: "a number", bool: "true or false", type(None): "null"}
        found = shown.get(type(canvas), "something else")
        message = f"The canvas is {found}, not a JSON object with shapes. Send the canvas as the editor saved it."
        raise BadDocument(message)
    if canvas and not _PARTS & canvas.keys():
        message = "The JSON has none of a canvas's parts, such as `shapes` or `store`. Send the canvas as it was saved."
        raise BadDocument(message)
    return Source(document, canvas, title)


def _unquoted(value: Any) -> Any:
    for _ in range(3):
        if not isinstance(value, str):
            break
        value = _json(value)
    return value


def _json(text: str) -> Any:
    try:
        value = json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        message = f"The document is not JSON: {error.msg} in line {error.lineno}, column {error.colno}."
        raise BadDocument(message) from error
    except RecursionError as error:
        raise BadDocument(_too_deep()) from error
    except ValueError as error:
        raise BadDocument("The document holds a number with thousands of digits. Shorten it.") from error
    _measure(value)
    return value


def _too_deep() -> str:
    return f"The document is nested deeper than {_DEEPEST} levels, which no canvas needs. Flatten it."


def _measure(value: Any) -> None:
    """Raise BadDocument for JSON that is too deep or too large to walk."""
    level = [value]
    seen = 0
    for _ in range(_DEEPEST):
        level = [child for parent in level for child in _children(parent)]
        seen += len(level)
        if seen > _MOST_VALUES:
            message = f"The document holds more than {_MOST_VALUES:,} values. Split it into several documents."
            raise BadDocument(message)
        if not level:
            return
    raise BadDocument(_too_deep())


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [child for child in value.values() if isinstance(child, dict | list)]
    return [child for child in value if isinstance(child, dict | list)] if isinstance(value, list) else []


def without_nan(value: Any) -> tuple[Any, bool]:
    """The same value with null for NaN and infinities, which JSON does not have; and whether there were any."""
    if isinstance(value, float):
        return (value, False) if math.isfinite(value) else (None, True)
    if isinstance(value, dict):
        pairs = {key: without_nan(child) for key, child in value.items()}
        return {key: child for key, (child, _) in pairs.items()}, any(found for _, found in pairs.values())
    if isinstance(value, list):
        children = [without_nan(child) for child in value]
        return [child for child, _ in children], any(found for _, found in children)
    return value, False
