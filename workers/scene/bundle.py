"""The export document: the canvas itself, unchanged, in a stable and readable form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from workers.scene.geometry import Box


def bundle(
    canvas: Any,
    *,
    title: str,
    theme: str,
    content: Box | None,
    shapes: int,
    scope: str = "full",
    ids: Sequence[str] = (),
) -> str:
    """The export document as JSON text: keys sorted, two spaces of indentation, nothing invented, no clock.

    Its shape is that of the diagram exports which existing clients read. Raises ValueError for NaN: take them out with
    `parsing.without_nan` first.
    """
    part: dict[str, object] = {}
    if scope != "full":
        part = {"selected_shapes": list(ids)} if scope == "selection" else {"frame_id": ", ".join(ids)}
    document = {
        "version": "1.0.0",
        "type": "autograph-diagram",
        "metadata": {"title": title, "format": "json", "exporter": "longshore", "export_scope": scope,
                     "shape_count": shapes, **part},
        "dimensions": {
            "width": round(content.width, 2) if content else 0,
            "height": round(content.height, 2) if content else 0,
            "scale": 1,
        },
        "settings": {"format": "json", "theme": theme},
        "canvas_data": canvas,
    }  # fmt: skip
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False) + "\n"
