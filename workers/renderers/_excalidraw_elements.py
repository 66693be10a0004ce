"""Elements as Excalidraw's renderer takes them: every field of a known type and size, ids of ours, nothing random.

What a hostile or hand-made document leaves out is filled in; where an element lies must be right, how it looks may fall
back to Excalidraw's own default.
"""

from __future__ import annotations

import re
from typing import Any

from workers.renderers._excalidraw_file import Element, Saved
from workers.renderers.base import BadDocument
from workers.scene.lenient import optional, text
from workers.scene.letters import width as text_width

MAX_POINTS = 200_000
"""Points of all lines of a drawing."""

MAX_HATCHES = 300_000
"""Strokes with which all areas of a drawing are hatched; each is a part of a path."""

MAX_SIDE = 100_000.0
"""Pixels of an element's side."""

MAX_LETTERS = 1_000_000

LIBERATION_SANS = 9
HELVETICA = 2
EXCALIFONT = 5
FAMILIES = {1: "Virgil", 2: "Helvetica", 3: "Cascadia", 5: "Excalifont", 6: "Nunito", 7: "Lilita One",
            8: "Comic Shanns", 9: "Liberation Sans"}  # fmt: skip
"""Excalidraw's numbers of fonts. Helvetica is nobody's to hand out: Liberation Sans has the same widths."""

LINES = frozenset({"line", "draw", "arrow"})
_PARTS = frozenset({"solid", "hachure", "cross-hatch", "zigzag"})
_HATCHED = {"hachure": 1, "cross-hatch": 2, "zigzag": 1}
_HEADS = frozenset(
    {
        "arrow", "bar", "dot", "circle", "circle_outline", "triangle", "triangle_outline", "diamond", "diamond_outline",
        "crowfoot_one", "crowfoot_many", "crowfoot_one_or_many",
    }
)  # fmt: skip
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,24}|(?:rgb|hsl)a?\([\d.,%\s/deg-]{1,60}\)")
_LINK = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
_OLD_FONT = re.compile(r"([\d.]{1,8})px (.{1,40})")


def clean(saved: Saved) -> list[dict[str, Any]]:
    """The elements of a document, ready to be drawn. Raises BadDocument where one is broken, or all are too much."""
    ids = {str(one.fields["id"]): f"e{one.number}" for one in saved.elements if _is_id(one.fields.get("id"))}
    made = [_element(one, ids) for one in saved.elements]
    owners = {one["id"]: one for one in made}
    for one, written in zip(made, saved.elements, strict=True):
        owner = owners.get(one.get("containerId") or "")
        if owner is None or owner["type"] == "text":
            one.pop("containerId", None)
            continue
        owner["boundElements"].append({"type": "text", "id": one["id"]})
        if written.fields.get("x") is None:  # made by hand: Excalidraw writes where the text lies
            one["x"] = owner["x"] + (owner["width"] - one["width"]) / 2
            one["y"] = owner["y"] + (owner["height"] - one["height"]) / 2
            one["textAlign"] = "center"
    if sum(len(one.get("points") or ()) for one in made) > MAX_POINTS:
        raise BadDocument(f"The lines have more than {MAX_POINTS:,} points. Split the drawing.")
    if sum(len(one.get("text", "")) for one in made) > MAX_LETTERS:
        raise BadDocument(f"The texts have more than {MAX_LETTERS:,} letters. Split the drawing.")
    if sum(map(_hatches, made)) > MAX_HATCHES:
        raise BadDocument(f"More than {MAX_HATCHES:,} strokes would hatch the areas. Use solid fills or wider strokes.")
    return made


def colour(value: object, default: str) -> str:
    """A colour as CSS writes it; the default for anything else."""
    return value if isinstance(value, str) and _COLOUR.fullmatch(value) else default


def _is_id(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def _id_of(value: object, ids: dict[str, str]) -> str | None:
    return ids.get(str(value)) if _is_id(value) else None


def _choice(value: object, choices: frozenset[str], default: str) -> str:
    return value if isinstance(value, str) and value in choices else default


def _between(value: float, least: float, most: float) -> float:
    return min(max(value, least), most)


def _side(one: Element, name: str) -> float:
    found = one.value(name, 0)
    if abs(found) > MAX_SIDE:
        raise one.bad(f"its {name} is {found:,.0f}; up to {MAX_SIDE:,.0f} can be drawn.")
    return found


def _element(one: Element, ids: dict[str, str]) -> dict[str, Any]:
    link = text(one.fields.get("link")).strip()
    given: dict[str, Any] = {
        "type": one.kind,
        "id": f"e{one.number}",
        "x": one.value("x", 0),
        "y": one.value("y", 0),
        "width": _side(one, "width"),
        "height": _side(one, "height"),
        "angle": one.value("angle", 0),
        "strokeColor": colour(one.fields.get("strokeColor"), "#1e1e1e"),
        "backgroundColor": colour(one.fields.get("backgroundColor"), "transparent"),
        "fillStyle": _choice(one.fields.get("fillStyle"), _PARTS, "solid"),
        "strokeWidth": _between(one.value("strokeWidth", 2), 0.1, 500),
        "strokeStyle": _choice(one.fields.get("strokeStyle"), frozenset({"dashed", "dotted"}), "solid"),
        "roughness": _between(one.value("roughness", 1), 0, 10),
        "opacity": _between(one.value("opacity", 100), 0, 100),
        "seed": _seed(one.fields.get("seed"), one.number),
        "roundness": _roundness(one),
        "frameId": _id_of(one.fields.get("frameId"), ids),
        "boundElements": [],
        "groupIds": [],
        "link": link[:2000] if _LINK.match(link) else None,
        "version": 1,
        "versionNonce": 0,
        "updated": 1,
    }
    if one.kind in LINES:
        return given | _line(one)
    if one.kind == "freedraw":
        return given | _ink(one)
    if one.kind == "text":
        return given | _words(one, given, ids)
    if one.kind in {"frame", "magicframe"}:
        return given | {"name": text(one.words("name")) or None}
    return given


def _seed(value: object, number: int) -> int:
    """Seeds are whole numbers up to 2**31; without one the pen would be thrown like dice."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31 else number


def _roundness(one: Element) -> dict[str, Any] | None:
    found = one.fields.get("roundness")
    kind = optional(found.get("type")) if isinstance(found, dict) else None
    if isinstance(found, dict) and kind in {1, 2, 3}:
        radius = optional(found.get("value"))
        return {"type": kind} | ({} if radius is None else {"value": abs(radius)})
    if one.fields.get("strokeSharpness") == "round":  # written before there was roundness
        return {"type": 1 if one.kind in {"rectangle", "image", "embeddable", "iframe"} else 2}
    return None


def _line(one: Element) -> dict[str, Any]:
    points = one.points()
    ends = {
        name: None if one.fields.get(name) is None else _choice(one.fields.get(name), _HEADS, "arrow")
        for name in ("startArrowhead", "endArrowhead")
    }
    if one.kind == "arrow" and "endArrowhead" not in one.fields:
        ends["endArrowhead"] = "arrow"
    return ends | {
        "points": points if len(points) > 1 else [(0.0, 0.0), (_side(one, "width"), _side(one, "height"))],
        "elbowed": one.fields.get("elbowed") is True,
        "startBinding": None,
        "endBinding": None,
    }


def _ink(one: Element) -> dict[str, Any]:
    pressures = one.fields.get("pressures")
    strengths = [optional(value) or 0 for value in pressures] if isinstance(pressures, list) else []
    return {
        "points": one.points() or [(0.0, 0.0)],
        "pressures": [_between(value, 0, 1) for value in strengths],
        "simulatePressure": one.fields.get("simulatePressure") is not False or not strengths,
    }


def _words(one: Element, given: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    size, family = one.value("fontSize", 20), optional(one.fields.get("fontFamily"))
    old = _OLD_FONT.fullmatch(one.words("font"))
    if old:
        size = optional(old[1]) or size
        family = next((number for number, name in FAMILIES.items() if name == old[2]), family)
    family = int(family) if family in FAMILIES else EXCALIFONT
    content = text(one.words("text"))
    spacing = _between(one.value("lineHeight", 0), 0, 10)
    return {
        "text": content,
        "originalText": content,
        "fontSize": _between(size, 1, 5000),
        "fontFamily": LIBERATION_SANS if family == HELVETICA else family,
        "textAlign": _choice(one.fields.get("textAlign"), frozenset({"center", "right"}), "left"),
        "verticalAlign": _choice(one.fields.get("verticalAlign"), frozenset({"middle", "bottom"}), "top"),
        "containerId": _id_of(one.fields.get("containerId"), ids),
        "width": abs(given["width"]) or max(text_width(line, size, "sans") for line in content.split("\n")),
        "height": abs(given["height"]) or (content.count("\n") + 1) * size * (spacing or 1.25),
    } | ({"lineHeight": spacing} if spacing else {})


def _hatches(one: dict[str, Any]) -> float:
    times = _HATCHED.get(one["fillStyle"], 0)
    if not times or one["backgroundColor"] == "transparent" or one["type"] in {"text", "image", "freedraw"}:
        return 0
    if "points" in one:
        across, down = ([point[axis] for point in one["points"]] for axis in (0, 1))
        length = max(across) - min(across) + max(down) - min(down)
    else:
        length = abs(one["width"]) + abs(one["height"])
    return float(times * length / (4 * one["strokeWidth"]))
