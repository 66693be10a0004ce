"""What a document means, as a digest that only its content changes, and whether there is anything in it.

Key order, white space that nobody sees, the editor's camera, selection, versions and timestamps do not count. Where it
is uncertain whether something counts, it does: a needless delivery is better than one that is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workers.meaning import drawings, figures, markup, pictures, texts
from workers.meaning.digest import Meaning, of_file

__all__ = ["Meaning", "meaning"]

_READERS: dict[str, Callable[[bytes], Meaning]] = {
    "canvas": drawings.canvas,
    "tldraw": drawings.canvas,
    "excalidraw": drawings.excalidraw,
    "mermaid": texts.mermaid,
    "graphviz": texts.graphviz,
    "plotly": figures.plotly,
    "vega": figures.vega,
    "markdown": texts.markdown,
    "html": markup.html,
    "svg": markup.svg,
    "image": pictures.image,
}


def meaning(kind: str, path: Path) -> Meaning:
    """The meaning of the document in a file. Raises BadDocument where it cannot be read as one of its kind.

    A document of kind `file`, and of a kind that has no reader, means its bytes.
    """
    read = _READERS.get(kind)
    return of_file(path) if read is None else read(path.read_bytes())
