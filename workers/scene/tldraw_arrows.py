"""tldraw arrows, in both ways of binding them: inside the arrow (until 2.1) and as records of their own."""

from __future__ import annotations

from typing import Any

from workers.scene.geometry import Point
from workers.scene.lenient import identity, mapping, number, point, text
from workers.scene.nodes import Connector, End, Head
from workers.scene.tldraw_styles import ARROW_LABELS, Styles

Record = dict[str, Any]
_CENTRE = Point(0.5, 0.5)
_GAP = 5.0
_HEADS: dict[str, Head] = {
    "arrow": "arrow",
    "triangle": "triangle",
    "inverted": "inverted",
    "square": "square",
    "dot": "dot",
    "diamond": "diamond",
    "bar": "bar",
    "pipe": "bar",
}


def connector(props: Record, bindings: list[Record], styles: Styles) -> Connector:
    """An arrow. Its ends stop a little before the shapes they are bound to."""
    bound = {text(mapping(one.get("props")).get("terminal")): one for one in bindings}
    return Connector(
        id="",
        start=_end(props, "start", bound.get("start"), "none"),
        end=_end(props, "end", bound.get("end"), "arrow"),
        style=styles.stroke(props),
        label=styles.label(props, styles.size(props, ARROW_LABELS), None),
        bend="elbow" if props.get("kind") == "elbow" else "arc",
        bow=number(props.get("bend")),
        middle=number(props.get("elbowMidPoint"), 0.5, least=0.0, most=1.0),
        label_at=number(props.get("labelPosition"), 0.5, least=0.0, most=1.0),
        gap=_GAP,
    )


def _end(props: Record, name: str, binding: Record | None, head: str) -> End:
    written = mapping(props.get(name))
    shape = _HEADS.get(text(props.get(f"arrowhead{name.capitalize()}", head)), "none")
    place = point(written) or (Point(0.0, 0.0) if name == "start" else Point(100.0, 0.0))
    if binding is not None:
        details, target = mapping(binding.get("props")), identity(binding.get("toId"))
    else:
        details, target = written, identity(written.get("boundShapeId"))
    if not target:
        return End(at=place, head=shape)
    anchor = point(details.get("normalizedAnchor")) or _CENTRE
    if details.get("isPrecise") is False:
        anchor = _CENTRE
    return End(at=place, target=target, anchor=anchor, exact=details.get("isExact") is True, head=shape)
