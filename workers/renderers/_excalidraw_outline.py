"""An Excalidraw document as a scene of texts, frames and connections: what an outline tells, without how it looks."""

from __future__ import annotations

from workers.renderers._excalidraw_file import Element, Saved
from workers.scene.geometry import placed
from workers.scene.lenient import identity, mapping, text
from workers.scene.nodes import Colour, Connector, End, Figure, Frame, Head, Label, Node, Page, Run, Scene, Style, Words

INK = Colour("#000000")
AREAS = frozenset({"rectangle", "diamond", "ellipse", "image", "iframe", "embeddable"})
FRAMES = frozenset({"frame", "magicframe"})


class _Outline:
    """The nodes of one document. A text that is bound to a shape or an arrow is its label."""

    def __init__(self, saved: Saved) -> None:
        self._elements = saved.elements
        known = {identity(one.fields.get("id")): one for one in saved.elements}
        self._labels: dict[str, str] = {}
        self._bound: set[int] = set()
        for one in saved.elements:
            owner = known.get(identity(one.fields.get("containerId"))) if one.kind == "text" else None
            if owner is not None and owner.kind != "text":
                self._bound.add(one.number)
                self._labels[identity(owner.fields.get("id"))] = _said(one)
        self._frames = {key for key, one in known.items() if one.kind in FRAMES and key}

    def nodes(self, frame: str = "") -> tuple[Node, ...]:
        """What lies in a frame; without one, what lies in none."""
        return tuple(
            node
            for one in self._elements
            if one.number not in self._bound and self._frame_of(one) == frame
            for node in self._node(one)
        )

    def _frame_of(self, one: Element) -> str:
        frame = identity(one.fields.get("frameId"))
        return frame if frame in self._frames and one.kind not in FRAMES else ""

    def _node(self, one: Element) -> list[Node]:
        key = identity(one.fields.get("id"))
        label = _label(" ".join(part for part in (self._labels.get(key, ""), _link(one)) if part))
        width, height = abs(one.value("width", 0)), abs(one.value("height", 0))
        matrix = placed(one.value("x", 0), one.value("y", 0))
        if one.kind == "text":
            return [Words(id=key, matrix=matrix, label=_label(f"{_said(one)} {_link(one)}"))]
        if one.kind in AREAS:
            return [Figure(id=key, matrix=matrix, form="rectangle", width=width, height=height, style=Style(),
                           label=label)]  # fmt: skip
        if one.kind in FRAMES:
            name = text(one.words("name")) or "Frame"
            return [Frame(id=key, matrix=matrix, width=width, height=height, style=Style(), name=name,
                          name_colour=INK, children=self.nodes(key) if key else ())]  # fmt: skip
        if one.kind in {"arrow", "line"}:
            ends = (_end(one, "start", ""), _end(one, "end", "arrow" if one.kind == "arrow" else ""))
            return [Connector(id=key, matrix=matrix, start=ends[0], end=ends[1], style=Style(), label=label)]
        return []


def scene(saved: Saved) -> Scene:
    """The document as one page."""
    return Scene(saved.title or text(saved.app_state.get("name")), (Page("", _Outline(saved).nodes()),))


def _said(one: Element) -> str:
    return text(one.words("originalText") or one.words("text")).strip()


def _link(one: Element) -> str:
    link = text(one.fields.get("link")).strip()
    return f"({link})" if link.startswith(("https://", "http://", "mailto:")) else ""


def _label(words: str) -> Label:
    return Label((((Run(words.strip()),)),), INK)


def _end(one: Element, side: str, default: str) -> End:
    head: Head = "arrow" if one.fields.get(f"{side}Arrowhead", default) else "none"
    binding = mapping(one.fields.get(f"{side}Binding")) or mapping(one.fields.get(side))
    return End(target=identity(binding.get("elementId") or binding.get("id")), head=head)
