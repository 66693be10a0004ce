"""A tldraw document as a scene."""

from __future__ import annotations

from typing import Any

from workers.scene.lenient import Notes, identity, text
from workers.scene.nodes import Page, Scene
from workers.scene.palette import Theme, palette
from workers.scene.pictures import Fetch
from workers.scene.tldraw_shapes import Shapes
from workers.scene.tldraw_store import sort_out
from workers.scene.tldraw_styles import Styles


def read_store(canvas: dict[str, Any], title: str, theme: Theme, fetch: Fetch | None = None) -> Scene:
    """All pages of a tldraw store, in their order. Shapes whose parent is missing stand on a page of their own."""
    notes = Notes()
    store = sort_out(canvas)
    shapes = Shapes(store, Styles(palette(theme), notes), notes, fetch)
    pages = [Page(text(page.get("name")), shapes.of(identity(page.get("id")))) for page in store.pages]
    loose = shapes.of("")
    if loose:
        pages.append(Page("", loose))
    for _ in range(store.count - shapes.reached):
        notes.add("{n} shape{s} left out: inside a parent that is inside it, or nested too deep.")
    return Scene(title or store.title, tuple(pages), notes.sentences(), notes.lacking())
