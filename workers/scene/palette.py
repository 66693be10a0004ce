"""The two themes: the papers we draw on, and the named colours of tldraw on each of them.

The values of the thirteen names are those of tldraw's default theme, so that a drawing keeps the colours its author
saw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workers.scene.nodes import Colour

Theme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Swatch:
    """One name in its uses: lines, light fill, hatching, sticky note, writing on the note, highlighter."""

    solid: Colour
    semi: Colour
    pattern: Colour
    note: Colour
    note_text: Colour
    highlight: Colour


@dataclass(frozen=True, slots=True)
class Palette:
    """One theme."""

    theme: Theme
    paper: Colour
    ink: Colour
    faint: Colour
    card: Colour
    outline: Colour
    frame: Colour
    frame_line: Colour
    swatches: dict[str, Swatch]

    def swatch(self, name: str) -> Swatch | None:
        """The swatch of a tldraw colour name."""
        return self.swatches.get(name)


_LIGHT = """
black        1d1d1d e8e8e8 494949 fce19c 000000 fddd00
grey         9fa8b2 eceef0 bcc3c9 c0cad3 000000 cbe7f1
light-violet e085f4 f5eafa e9acf8 dfb0f9 000000 ff88ff
violet       ae3ec9 ecdcf2 bd63d3 db91fd 000000 c77cff
blue         4465e9 dce1f8 6681ee 8aa3ff 000000 10acff
light-blue   4ba1f1 ddedfa 6fbbf8 9bc4fd 000000 00f4ff
yellow       f1ac4b f9f0e6 fecb92 fed49a 000000 fddd00
orange       e16919 f8e2d4 f78438 faa475 000000 ffa500
green        099268 d3e9e3 39a785 6fc896 000000 00ffc8
light-green  4cb05e dbf0e0 65cb78 98d08a 000000 65f641
light-red    f87777 f4dadb fe9e9e f7a5a1 000000 ff7fa3
red          e03131 f4dadb e55959 fc8282 000000 ff636e
white        ffffff f5f5f5 f9f9f9 ffffff 000000 ffffff
"""

_DARK = """
black        f2f2f2 2c3036 989898 2c2c2c f2f2f2 d2b700
grey         9398b0 33373c 7c8187 56595f f2f2f2 9cb4cb
light-violet e599f7 383442 9770a9 762f8e f2f2f2 c400c7
violet       ae3ec9 31293c 763a8b 681683 f2f2f2 9e00ee
blue         4f72fc 262d40 3a4b9e 2a3f98 f2f2f2 0079d2
light-blue   4dabf7 2a3642 4d7aa9 1f5495 f2f2f2 00bdc8
yellow       ffc034 3c3934 fecb92 98571b f2f2f2 d2b700
orange       f76707 3a2e2a 9f552d 843906 f2f2f2 d07a00
green        099268 253231 366a53 014429 f2f2f2 009774
light-green  40c057 2a3830 4e874e 21581d f2f2f2 00a000
light-red    ff8787 3b3235 a56767 923632 f2f2f2 db005b
red          e03131 36292b 8f3734 89231a f2f2f2 de002c
white        f3f3f3 f5f5f5 f9f9f9 eaeaea 1d1d1d ffffff
"""


def _swatches(table: str) -> dict[str, Swatch]:
    rows = (line.split() for line in table.strip().splitlines())
    return {name: Swatch(*(Colour(f"#{value}") for value in values)) for name, *values in rows}


LIGHT = Palette(
    theme="light",
    paper=Colour("#ffffff"),
    ink=Colour("#1f2933"),
    faint=Colour("#64748b"),
    card=Colour("#ffffff"),
    outline=Colour("#475569"),
    frame=Colour("#f8fafc"),
    frame_line=Colour("#cbd5e1"),
    swatches=_swatches(_LIGHT),
)

DARK = Palette(
    theme="dark",
    paper=Colour("#101114"),
    ink=Colour("#eef2f6"),
    faint=Colour("#94a3b8"),
    card=Colour("#1b1e24"),
    outline=Colour("#94a3b8"),
    frame=Colour("#16181d"),
    frame_line=Colour("#3b4250"),
    swatches=_swatches(_DARK),
)


def palette(theme: Theme) -> Palette:
    """The palette of a theme."""
    return DARK if theme == "dark" else LIGHT
