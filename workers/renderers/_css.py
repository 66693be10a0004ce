"""Take out of CSS what would load something, run something or never end.

The result is text that was rewritten, not text that was searched: letters hidden behind escapes are spelled out first,
and every `url()` is written anew from a target that was allowed.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field

RASTER_MAGIC = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/jpg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}
"""Media types that a `data:` picture may have, and the bytes that it must begin with."""

_DATA = re.compile(r"data:([a-z0-9.+/-]+)(?:;[a-z0-9=_-]+)*;base64,([A-Za-z0-9+/=\s]+)", re.IGNORECASE)
_FONT = re.compile(r"(font/[a-z0-9-]+|application/(x-)?font-[a-z0-9-]+|application/octet-stream)", re.IGNORECASE)
_FRAGMENT = re.compile(r"#[^\s\"'()\\<>]+")
_ESCAPE = re.compile(r"\\(?:([0-9a-f]{1,6})(?:\r\n|[ \t\r\n\f])?|([^0-9a-f\r\n\f]))", re.IGNORECASE)
"""An escape is over after six digits, whatever follows (CSS Syntax 3, section 4.3.7)."""
_REFERENCE = re.compile(r"url\(#([\w.:-]+)\)")
_URL = re.compile(r"url\(", re.IGNORECASE)
_IMPORT = re.compile(r"@import[^;{}]*;?", re.IGNORECASE)
_LOADING = re.compile(
    r"(?:-webkit-)?(?:image-set|cross-fade|image|element|src|paint|expression)\([^;{}]*", re.IGNORECASE
)
_BINDING = re.compile(r"(?:-moz-binding|behavior)\s*:", re.IGNORECASE)
_ENDLESS = re.compile(r"\binfinite\b", re.IGNORECASE)
_SUSPECT = (
    "\0",
    "\\",
    "@",
    "url(",
    "image-set(",
    "cross-fade(",
    "image(",
    "element(",
    "src(",
    "paint(",
    "expression(",
    "binding",
    "behavior",
    "infinite",
)
"""Signs of anything that the rules above rewrite, in small letters. Most values in a drawing are a transform or colours
without one, and looking for each of these takes a tenth of the time of a pattern of them all."""
_LEFT = re.compile(
    r"@import|url\((?!#|\"data:)|(?:image-set|cross-fade|image|element|src|paint|expression)\(",
    re.IGNORECASE,
)
"""What must not be in text that was rewritten."""


def picture_bytes(target: str) -> bytes | None:
    """The bytes of a `data:` URL that holds a raster picture whose magic bytes fit its media type, else None."""
    found = _DATA.fullmatch(target.strip())
    if not found or found[1].lower() not in RASTER_MAGIC:
        return None
    try:
        content = base64.b64decode(found[2])
    except binascii.Error:
        return None
    return content if content.startswith(RASTER_MAGIC[found[1].lower()]) else None


def picture_url(content: bytes) -> str:
    """The `data:` URL of a raster picture, empty where its first bytes are none of RASTER_MAGIC."""
    kind = next((kind for kind, magics in RASTER_MAGIC.items() if content.startswith(magics)), "")
    return f"data:{kind};base64,{base64.b64encode(content).decode()}" if kind else ""


def is_fragment(target: str) -> bool:
    """Whether a reference points into its own document."""
    return _FRAGMENT.fullmatch(target.strip()) is not None


def _is_font(target: str) -> bool:
    found = _DATA.fullmatch(target)
    return found is not None and _FONT.fullmatch(found[1]) is not None


@dataclass(slots=True)
class Scrubbed:
    """CSS that loads nothing. `pictures` are the `data:` pictures kept in it; `removed` says what went, for people."""

    css: str
    removed: list[str] = field(default_factory=list)
    fragments: list[str] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)


def scrub(css: str) -> Scrubbed:
    """Rewrite a style sheet, a `style` attribute or one value so that it loads and runs nothing."""
    small = css.lower()
    if not any(sign in small for sign in _SUSPECT):
        return Scrubbed(css)
    reference = _REFERENCE.fullmatch(css)
    if reference:  # most suspects of a drawing are nothing else: a gradient, a clip path, an arrow head
        return Scrubbed(css, fragments=[reference[1]])
    css = css.replace("\0", "\ufffd")
    css = _ESCAPE.sub(_spelled_out, css)
    done = Scrubbed("")
    for rule, name in ((_IMPORT, "@import"), (_LOADING, "CSS functions that load files"), (_BINDING, "CSS bindings")):
        # A space keeps what stood before from growing together with what stood behind.
        css, count = rule.subn(" none " if rule is _LOADING else " ", css)
        if count:
            done.removed.append(name)
    css, endless = _ENDLESS.subn("1", css)
    if endless:
        done.removed.append("endless repetition of animations")
    first, *rest = _URL.split(css)
    done.css = first + "".join(_rewrite(part, done) for part in rest)
    if _LEFT.search(done.css):
        return Scrubbed("", ["CSS that hides what it loads"])
    return done


def _spelled_out(escape: re.Match[str]) -> str:
    """A letter for its escape; any other escape with all six digits, so that no letter behind it can be one of them."""
    if escape[2]:
        return escape[2] if escape[2].isascii() and (escape[2].isalpha() or escape[2] == "-") else escape[0]
    number = int(escape[1], 16)
    letter = chr(number) if number < 128 else ""  # noqa: PLR2004 - ASCII
    return letter if letter.isalpha() or letter == "-" else f"\\{number:06x} "


def _rewrite(part: str, done: Scrubbed) -> str:
    """The text after a `url(`, with that url written anew, or `none` in its place."""
    text = part.lstrip()
    quote = text[:1] if text[:1] in {'"', "'"} else ""
    end = text.find(quote or ")", len(quote))
    target = text[len(quote) : end].strip() if end >= 0 else ""
    tail = text[end + 1 :] if end >= 0 else ""
    if quote:
        before, closed, tail = tail.partition(")")
        if not closed or before.strip():
            target = ""
    if is_fragment(target):
        done.fragments.append(target[1:])
        return f"url({target}){tail}"
    picture = picture_bytes(target)
    if picture is not None:
        done.pictures.append(picture)
    if picture is not None or _is_font(target):
        return f'url("{"".join(target.split())}"){tail}'
    done.removed.append("links to other files in CSS")
    return f"none{tail}"
