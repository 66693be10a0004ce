"""Texts: line ends and the blank space that no reader of the language sees do not count."""

from __future__ import annotations

import re

from longshore.errors import BadDocument
from workers.meaning.digest import Meaning, of_bytes

_MERMAID_TYPES = (
    r"graph|flowchart|\w+Diagram(-v2)?|pie|gantt|mindmap|timeline|gitGraph|journey|kanban|requirement|C4\w+|"
    r"(sankey|xychart|block|packet|architecture|radar|treemap)(-beta)?"
)
_MERMAID_HEADER = re.compile(rf"\A(---\n.*?\n---\n)?\s*({_MERMAID_TYPES})([ \t]+(TB|TD|BT|RL|LR))?[;\s]*\Z", re.DOTALL)
_MERMAID_COMMENT = re.compile(r"^[ \t]*%%(?!\{).*$", re.MULTILINE)
"""A `%%` line; `%%{...}%%` is a directive, which changes the drawing."""
_GRAPH_WITHOUT_CONTENT = re.compile(r"\A\s*(strict\s+)?(di)?graph\b[^{]*\{\s*\}\s*\Z", re.IGNORECASE)


def markdown(content: bytes) -> Meaning:
    """A note: blanks at a line's end may break the line, so only those at the end of the text go."""
    text = _text(content).rstrip()
    return of_bytes(text.encode(), empty=not text.strip())


def mermaid(content: bytes) -> Meaning:
    """A diagram's text, without comments; empty where there is no more than the name of its type."""
    text = _lines(_MERMAID_COMMENT.sub("", _text(content)))
    return of_bytes(text.encode(), empty=not text or _MERMAID_HEADER.match(text) is not None)


def graphviz(content: bytes) -> Meaning:
    """A graph's text; empty where nothing stands between its braces."""
    text = _lines(_text(content))
    return of_bytes(text.encode(), empty=not text or _GRAPH_WITHOUT_CONTENT.match(text) is not None)


def _lines(text: str) -> str:
    """Without blank lines, and without blanks at the end of lines."""
    return "\n".join(line.rstrip() for line in text.split("\n") if line.strip())


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise BadDocument("The document is not UTF-8 text.") from error
