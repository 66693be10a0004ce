"""A part of an Excalidraw drawing: some of its elements with the arrows between them, or frames with what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from workers.renderers.base import BadDocument, Render
from workers.scene.lenient import identity, mapping, sequence

if TYPE_CHECKING:
    from workers.renderers._excalidraw_file import Element

FRAMES = frozenset({"frame", "magicframe"})
_TOLD = 10


def part(elements: Sequence[Element], render: Render) -> tuple[Element, ...]:
    """The elements that the settings `scope` and `ids` mean, in their order; all of them for the whole drawing.

    An id may be that of a group. Raises BadDocument for what is not there, naming it.
    """
    scope, ids = render.setting("scope", "full"), render.setting("ids", ())
    if scope == "full" or not isinstance(ids, tuple):
        return tuple(elements)
    chosen = _named(elements, ids, frames=scope == "frame")
    chosen |= {_id(one) for one in elements if _text(one, "frameId") in chosen}
    cut = 0
    for one in elements:
        ends = [_text(mapping(one.fields.get(end)), "elementId") for end in ("startBinding", "endBinding")]
        inside = [end in chosen for end in ends if end]
        if _id(one) not in chosen and any(inside):
            if len(inside) == len(ends) and all(inside):
                chosen.add(_id(one))
            else:
                cut += 1
    chosen |= {_id(one) for one in elements if _text(one, "containerId") in chosen}
    if cut:
        arrows = (
            "1 arrow leads out of the selection, and was"
            if cut == 1
            else f"{cut} arrows lead out of the selection, and were"
        )
        render.warn(f"{arrows} left out.")
    return tuple(one for one in elements if _id(one) in chosen)


def used_files(files: dict[str, Any], elements: Sequence[Element], render: Render) -> dict[str, Any]:
    """The pictures that go with the part: none that no element of it shows."""
    if render.setting("scope", "full") == "full":
        return files
    used = {_text(one, "fileId") for one in elements}
    return {name: file for name, file in files.items() if name in used}


def _named(elements: Sequence[Element], ids: tuple[str, ...], *, frames: bool) -> set[str]:
    known: dict[str, set[str]] = {}
    for one in elements:
        if frames and one.kind not in FRAMES:
            continue
        names = [_id(one), _text(one, "name")] if frames else [_id(one), *map(identity, sequence(_groups(one)))]
        for name in names:
            if name:
                known.setdefault(name, set()).add(_id(one))
    missing = [name for name in ids if name.strip() not in known]
    if missing:
        what = "frame" if frames else "element"
        there = ", ".join(list(known)[:_TOLD]) or "none"
        raise BadDocument(
            f"The drawing has no {what}{'s' if len(missing) > 1 else ''} {', '.join(missing[:_TOLD])}. "
            f"Its {what}s are: {there}."
        )
    return set().union(*(known[name.strip()] for name in ids))


def _groups(element: Element) -> object:
    return element.fields.get("groupIds")


def _id(element: Element) -> str:
    return _text(element, "id") or f"#{element.number}"


def _text(holder: Element | dict[str, Any], name: str) -> str:
    fields = holder if isinstance(holder, dict) else holder.fields
    return identity(fields.get(name)).strip()
