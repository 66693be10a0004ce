"""How to write a conversion: the whole manual.

A conversion is one function that turns a `Document` of one kind or format into a `Document` of another:

    @conversion("graphviz", "svg", cost=20, needs=("browser", "viz"), follows=DRAWN)
    def graphviz_to_svg(source: Document, render: Render) -> Document:
        '''One line for people, shown by `longshore formats`.'''
        ...
        return render.save("svg", text)

A source with a leading dot is a format that an earlier conversion of ours made and may be trusted to be clean
(`.svg`); without the dot it is a kind, as the user sent it (`svg`). So `svg -> svg` cleans, and `.svg -> png` draws
what is clean.

The file's name is its registration: every module in `workers/renderers/` whose name does not begin with `_` (and is
not `base`) is read by `workers.renderers.catalogue()`. Nothing else has to be edited: the planner chains edges by
cost, and validation, `GET /api/formats`, the contract suite and the README's tables follow from the declaration.

Rules:
- Import this module, `workers.browser`, `workers.scene`, `longshore.names` and libraries; nothing else of ours. Import
  heavy libraries (pyvips, playwright, lxml) inside the function: processes that never render read the declaration.
- Never fetch anything, never read a file that `source` does not own. The source is hostile until you have checked it.
  A picture that it refers to by an http(s) address comes from `render.picture()`, or not at all.
- Raise `BadDocument` for a broken source (say what and where), `Unavailable` for a missing program, `Transient` for
  what may pass. Any other exception is a bug and is shown to the user as "internal error".
- Declare in `follows` every setting that changes what you make, and no other: the rest is a 422.
- What the output leaves out is told with `render.warn()`, never dropped silently; each thing of the source that is
  missing is listed with `render.lack()`, too.
- The same source and settings give the same bytes: no clock, no random ids.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from longshore.errors import BadDocument, LongshoreError, Permanent, Refused, Transient, Unavailable
from workers.renderers._formats import FORMATS, KINDS, Format
from workers.renderers._settings import (
    SETTINGS,
    ArchiveSettings,
    CsvSettings,
    LossySettings,
    PageSettings,
    PlainSettings,
    RasterSettings,
    Settings,
    SpreadsheetSettings,
    VectorSettings,
    WebPageSettings,
)

__all__ = [
    "FORMATS",
    "KINDS",
    "SETTINGS",
    "ArchiveSettings",
    "BadDocument",
    "Conversion",
    "CsvSettings",
    "Document",
    "Format",
    "LossySettings",
    "PageSettings",
    "Permanent",
    "PlainSettings",
    "RasterSettings",
    "Refused",
    "Render",
    "Settings",
    "SpreadsheetSettings",
    "Transient",
    "Unavailable",
    "VectorSettings",
    "WebPageSettings",
    "conversion",
]


@dataclass(frozen=True, slots=True)
class Document:
    """A document on disk. `form` is a kind (`svg`, as the user sent it) or a dotted format (`.svg`, made by us)."""

    path: Path
    form: str
    title: str

    def read_bytes(self) -> bytes:
        """The whole content."""
        return self.path.read_bytes()

    def read_text(self) -> str:
        """The content as text, without a byte order mark.

        Raises BadDocument where it is not UTF-8.
        """
        try:
            return self.path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            message = f"The document is not UTF-8 text (byte {error.start}). Save it as UTF-8 and send it again."
            raise BadDocument(message) from error


MOST_LACKED = 100
"""Things of one group that a report lists."""

Fetch = Callable[[str, float], bytes]
"""The picture at an address, within so many seconds. Raises LongshoreError whose message says why there is none."""


@dataclass(slots=True)
class Render:
    """One run of the conversions of one export: its settings, its scratch folder, its deadline.

    `settings` is the model of the *final* format, so a step in the middle of a chain reads what it knows with
    `render.setting("background", "white")`. `deadline` is a `time.monotonic()` instant. `fetch` is None unless the
    operator lets pictures be fetched; `fetched` has the SHA-256 of what was there for each address that was asked,
    empty where there was none.

    For the inspection of the finished file (`workers.gate`): a conversion that makes a table may count in `rows` the
    records that it writes (CSV: with the heads; XLSX: rows with a cell, in all sheets; XML: elements `row` or
    `point`), one that makes a PDF in `pages` its pages; both are counted again there. One that draws says in `things`
    how many of the source's own things can be told from the ground, as it read them, or None where it cannot know; it
    is asked only about a drawing that came out blank. `not_drawn` is what is missing, for programs: by group (`shapes`,
    `traces`, `pictures`, `parts`; `words` and `characters` of the inspection), each with its id, type, name and why.
    """

    folder: Path
    settings: Settings
    deadline: float
    title: str = ""
    warnings: list[str] = field(default_factory=list)
    fetch: Fetch | None = None
    fetched: dict[str, str] = field(default_factory=dict)
    other_size: bool = False
    rows: int | None = None
    pages: int | None = None
    things: Callable[[], int | None] | None = None
    not_drawn: dict[str, list[Any]] = field(default_factory=dict)

    def setting(self, name: str, default: object = None) -> object:
        """One setting by name; `default` where the final format does not have it or the user left it out."""
        value = getattr(self.settings, name, None)
        return default if value is None else value

    def seconds_left(self) -> float:
        """Seconds until the deadline; raises Permanent when it has passed."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            message = "Rendering took longer than the export's deadline. Simplify the document or ask for a longer one."
            raise Permanent(message)
        return left

    def warn(self, message: str) -> None:
        """Tell the user what the output leaves out or could not be sure of. Repeated messages are kept once."""
        if message not in self.warnings:
            self.warnings.append(message)

    def lack(self, group: str, **known: str) -> None:
        """Note one thing that is not drawn, or not as it was meant: its `id`, `type`, `name` and `why`, where known.

        MOST_LACKED of a group are listed. What to tell people stays with `warn`, which gives the number of them.
        """
        one = {name: value[:200] for name, value in known.items() if value}
        listed = self.not_drawn.setdefault(group, [])
        if len(listed) < MOST_LACKED and one not in listed:
            listed.append(one)

    def resized(self, message: str) -> None:
        """Tell the user that the output is not as large as was asked, and why."""
        self.other_size = True
        self.warn(message)

    def picture(self, url: str) -> bytes | None:
        """The PNG, JPEG, GIF, WebP or (not yet clean) SVG at an http(s) address, None where none may be had.

        Why an allowed fetch failed is told by `warn`; that nothing may be fetched is for the conversion to tell.
        """
        if self.fetch is None:
            return None
        left = self.seconds_left()
        self.fetched[url] = ""
        try:
            content = self.fetch(url, left)
        except LongshoreError as error:
            self.warn(f"The picture at {url.partition('?')[0][:100]} was not included. {error.message}")
            return None
        self.fetched[url] = hashlib.sha256(content).hexdigest()
        return content

    def path(self, form: str) -> Path:
        """A fresh path in the scratch folder for an output of this format."""
        count = sum(1 for _ in self.folder.iterdir())
        return self.folder / f"{count}.{FORMATS[form].extension}"

    def save(self, form: str, content: bytes | str) -> Document:
        """Write the output of a conversion."""
        path = self.path(form)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return Document(path=path, form=f".{form}", title=self.title)


Convert = Callable[[Document, Render], Document]


@dataclass(frozen=True, slots=True)
class Conversion:
    """One edge of the plan, from a kind or a dotted format to a format.

    `cost` is about the milliseconds of a warm run on one core. The planner adds a penalty for leaving pixels. `follows`
    names the settings that change what it makes, `on_paper` those that do so only where `page_size` is not `fit`.
    """

    source: str
    target: str
    cost: int
    needs: tuple[str, ...]
    convert: Convert
    follows: frozenset[str] = frozenset()
    on_paper: frozenset[str] = frozenset()

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (self.convert.__doc__ or "").strip().partition("\n")[0]


def conversion(
    source: str,
    target: str,
    *,
    cost: int,
    needs: tuple[str, ...] = (),
    follows: Iterable[str] = (),
    on_paper: Iterable[str] = (),
) -> Callable[[Convert], Convert]:
    """Declare a function as the edge from `source` (a kind, or a dotted format) to `target` (a format).

    `needs` names what must be on the machine: `browser`, or a JavaScript bundle by name (`mermaid`, `viz`, `plotly`).
    `follows` and `on_paper` name the settings that it reads; what no step of a way follows is refused at the door.
    One function may carry several declarations.
    """
    if source not in KINDS and source.removeprefix(".") not in FORMATS:
        message = f"{source!r} is neither a kind nor a dotted format"
        raise ValueError(message)
    if target not in FORMATS:
        message = f"{target!r} is not a format"
        raise ValueError(message)
    followed, paper = frozenset(follows), frozenset(on_paper)
    unknown = (followed | paper) - {name for model in SETTINGS.values() for name in model.model_fields}
    if unknown:
        message = f"{', '.join(sorted(unknown))}: no format has such settings"
        raise ValueError(message)

    def declare(convert: Convert) -> Convert:
        edges: list[Conversion] = convert.__dict__.setdefault("conversions", [])
        edges.append(Conversion(source, target, cost, needs, convert, followed, paper))
        return convert

    return declare
