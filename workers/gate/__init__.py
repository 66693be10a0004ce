"""The second half of the truth gate: what a file shows is held against what was asked for and what the source holds.

`workers.inspect` has opened the file; here it must be as large as was asked, show something, have its rows, and carry
the words and the characters of its source. What the renderer got wrong fails the export; what this machine or the
document lacks is told as a warning. A chart of 2400 x 1600 pixels costs less than 3 ms.
"""

from __future__ import annotations

from collections.abc import Sequence

from workers.gate import blank, glyphs, paper, rows, size, words
from workers.gate.pdf import see
from workers.renderers.base import Document, Render

TEXT = 250_000
"""Bytes of a source whose characters are looked at: 3 ms at most."""


def check(source: Document, steps: Sequence[Document], render: Render) -> None:
    """Hold the last of `steps`, which were made from `source` one after the other, against both ends.

    Adds warnings to `render`. Raises Permanent where the renderer is at fault.
    """
    made = steps[-1]
    form = made.form.removeprefix(".")
    content = _beginning(source)
    size.check(made, form, source.form, render)
    seen = see(made.read_bytes()) if form == "pdf" else None
    if seen:
        paper.check(steps, seen, render)
    rows.check(source, made, form, render)
    blank.check(source, content, steps, seen, render)
    words.check(content, source.form, made, form, seen, render)
    glyphs.check(content, form, render)


def _beginning(source: Document) -> str:
    """The source as text; empty where it is none."""
    with source.path.open("rb") as file:
        content = file.read(TEXT)
    if b"\0" in content[:1000]:
        return ""
    return content.decode("utf-8-sig", errors="ignore")
