"""How much of a scene can be told from the ground behind it."""

from __future__ import annotations

from functools import partial

from workers.scene.nodes import Colour, Frame, Group, Node, Picture, Scene, Words


def seen(scene: Scene, ground: str) -> int:
    """How many nodes have a size and a colour other than `ground`. Pictures are not counted: one may be a blank."""
    return sum(_seen(node, ground.lower()) for page in scene.pages for node in page.nodes)


def _seen(node: Node, ground: str) -> int:
    if node.opacity <= 0 or isinstance(node, Picture):
        return 0
    inside = sum(_seen(child, ground) for child in node.children) if isinstance(node, Frame | Group) else 0
    sides = [getattr(node, side) for side in ("width", "height") if hasattr(node, side)]
    has_size = isinstance(node, Words) or not sides or any(sides)
    return inside + int(has_size and any(map(partial(_is_told, ground=ground), _colours(node))))


def _colours(node: Node) -> list[Colour | None]:
    style, label = getattr(node, "style", None), getattr(node, "label", None)
    painted = [style.stroke, style.fill, style.hatch] if style is not None else []
    return [*painted, label.colour] if label is not None and label.plain else painted


def _is_told(colour: Colour | None, ground: str) -> bool:
    return colour is not None and colour.alpha > 0 and colour.hex.lower() != ground
