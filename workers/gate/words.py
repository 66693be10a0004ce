"""A handful of words of the source must stand in a result that carries text."""

from __future__ import annotations

import html
import re
import unicodedata
from base64 import b64decode
from collections.abc import Callable, Iterable

from workers.gate.pdf import Seen
from workers.renderers.base import Document, Render

HANDFUL = 8
BEGINNING = 50_000
"""Characters of a source that the handful is taken from: 3 ms at most."""
LEGIBLE = "\u0590"
"""First character of the scripts whose letters a PDF may name by other code points (radicals, presentation forms)."""

_WORD = re.compile(r"(?<![\w*_~`\\&:/.@#$%{}<>+=-])[^\W\d_]{4,14}(?![\w*_~`\\&;:/@#$%{}<>+=-]|\.\w)")
_TAGS = re.compile(r"<[^<>]*>")
_FENCE = re.compile(r"(?ms)^\s{0,3}(`{3,}|~{3,}).*?(?:^\s{0,3}\1|\Z)")
_FRONT = re.compile(r"\A---\n(?:.*\n){0,200}?---(?:\n|\Z)")
_UNREAD = re.compile(r"(?is)<!--.*?-->|<(head|script|style|template|title|noscript|svg|select|object)\b.*?</\1\s*>")
_PROSE = re.compile(r"(?m)^(?:#{1,6} )?[^\W\d_][^\[\]()<>|\n]*$")
_UNREAD_IN_DRAWING = re.compile(r"(?is)<!--.*?-->|<(defs|script|style|title|desc|symbol|metadata|switch)\b.*?</\1\s*>")
_SVG_TEXT = re.compile(r"(?s)<text\b[^<>]*>(.*?)</text>")
_LABELS = {
    "mermaid": re.compile(r'\["?([^\[\]"(){}|/\\<>\n]{3,80})"?\]'),
    "graphviz": re.compile(r'\blabel\s*=\s*"([^"\\]{3,80})"'),
    "plotly": re.compile(r'"layout"\s*:\s*\{\s*"title"\s*:\s*(?:\{\s*"text"\s*:\s*)?"([^"\\<]{3,80})"'),
    "canvas": re.compile(r'"(?:text|label)"\s*:\s*"([^"\\]{3,200})"'),
    "tldraw": re.compile(r'"text"\s*:\s*"([^"\\]{3,200})"'),
}
_EMBEDDED = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)")
_FLOW = re.compile(r"\s*(?:flowchart|graph)\b")


def check(content: str, kind: str, made: Document, form: str, seen: Seen | None, render: Render) -> None:
    """Warn where words are missing from an `md`, `html`, `svg`, or a PDF in which `seen` was seen."""
    if form not in {"md", "html", "svg", "pdf"} or render.setting("scope", "full") != "full":
        return
    looked_for = handful(content, kind)
    if not looked_for:
        return
    lacking = _not_in_pdf(looked_for, seen) if seen else _not_in_text(looked_for, made.read_text())
    if lacking:
        render.not_drawn["words"] = lacking
        render.warn(f"These words of the document were not found in the {form.upper()}: {', '.join(lacking)}.")


def handful(content: str, kind: str) -> list[str]:
    """Words that any drawing of the document shows; none where nobody can tell."""
    content = content[:BEGINNING]
    if kind in _LABELS:
        if kind == "mermaid" and not _FLOW.match(content):
            return []
        texts: Iterable[str] = _LABELS[kind].findall(content)
    else:
        read = _READERS.get(kind)
        texts = read(content) if read else ()
    words = list(dict.fromkeys(word for text in texts for word in _WORD.findall(text)))
    step = max(1, len(words) // HANDFUL)
    return words[::step][:HANDFUL]


def _of_note(content: str) -> Iterable[str]:
    text = _UNREAD.sub("\n", _FENCE.sub("\n", _FRONT.sub("", content.replace("\r\n", "\n"))))
    return _PROSE.findall(text)


def _of_page(content: str) -> Iterable[str]:
    return [html.unescape(_TAGS.sub(" ", _UNREAD.sub(" ", content)))]


def _of_drawing(content: str) -> Iterable[str]:
    return [html.unescape(_TAGS.sub(" ", text)) for text in _SVG_TEXT.findall(_UNREAD_IN_DRAWING.sub(" ", content))]


_READERS: dict[str, Callable[[str], Iterable[str]]] = {"markdown": _of_note, "html": _of_page, "svg": _of_drawing}


def _not_in_text(words: list[str], made: str) -> list[str]:
    lacking = [word for word in words if word not in made]
    if not lacking:
        return []
    made += "".join(b64decode(drawing).decode(errors="replace") for drawing in _EMBEDDED.findall(made))
    # a word may be spread over elements, broken into lines, written in capitals, or escaped
    plain = html.unescape(_TAGS.sub("", made)).replace("\\", "")
    folded = _folded(plain)
    return [word for word in lacking if _folded(word) not in folded]


def _not_in_pdf(words: list[str], seen: Seen) -> list[str]:
    """By the characters of its fonts: a text of a page cannot be had without them."""
    if seen.characters is None:
        return []
    known = set(_folded("".join(seen.characters)))
    return [word for word in words if max(word) < LEGIBLE and not set(_folded(word)) <= known]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
