"""What a hostile document tries to reach: a server on the loopback, a text and a picture; and how a leak is seen."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote_to_bytes

from PIL import Image, ImageSequence
from pypdf import PdfReader

from tests.contracts.hostile.ways import Documents
from tests.workers.browser.canary import Canary, canary

MARK = "CANARY-a3f97c51"
COLOUR = (201, 17, 143)
"""Of the picture that nobody may read; no document here uses it."""
NEAR = 12
"""How far a lossy format may carry a colour away."""
ENOUGH = 30
"""Pixels of that colour that make a leak."""
DEPTH = 4
"""Texts inside texts that are looked into."""
PASSWD = b"root:x:0:0"

_ADDRESS = r"(?:/[\w-][\w.-]*)+"
"""The path of an address, without steps up."""
_DATA = re.compile(rb"data:[a-z0-9.+/-]*(?:;[a-z0-9=_.-]+)*?(;base64)?,([^\"'\s)>]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Trap:
    """Addresses that must not be reached, and files that must not be read."""

    bird: Canary
    text: Path
    picture: Path
    base: str = ""

    @property
    def at(self) -> str:
        """What every way out but those of `pictures` and `texts` leads to: the canary's web address, or `base`."""
        return self.base or self.web

    @property
    def web(self) -> str:
        """The canary's web address."""
        return f"http://127.0.0.1:{self.bird.port}"

    def ways(self, documents: Documents) -> set[str]:
        """The paths that the documents try at `at`: each is a place in a document from which something may load."""
        tried = "\n".join(map(unpacked, documents.values())).replace("\\", "")
        return set(re.findall(re.escape(self.at) + f"({_ADDRESS})", tried))

    def planted(self, make: Callable[[Trap], Documents]) -> Documents:
        """The same documents with a file where they had a web address, and the secret picture in each such file."""
        ground = self.picture.parent / "ground"
        trap = replace(self, base=ground.as_uri())
        documents = make(trap)
        for way in trap.ways(documents):
            file = ground / way.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(self.picture.read_bytes())
        return documents

    @property
    def pictures(self) -> dict[str, str]:
        """Every spelling of an address at which a picture might be."""
        port, path = self.bird.port, str(self.picture)
        return {
            "http": f"{self.web}/picture.png",
            "name": f"http://localhost:{port}/name.png",
            "short": f"http://127.1:{port}/short.png",
            "number": f"http://2130706433:{port}/number.png",
            "mapped": f"http://[::ffff:127.0.0.1]:{port}/mapped.png",
            "case": f"HtTp://127.0.0.1:{port}/case.png",
            "protocol": f"//127.0.0.1:{port}/protocol.png",
            "ftp": f"ftp://127.0.0.1:{port}/ftp.png",
            "file": self.picture.as_uri(),
            "file-host": f"file://localhost{path}",
            "file-case": f"FILE://{path}",
            "path": path,
            "relative": "secret.png",
            "up": f"{'../' * 12}{path.lstrip('/')}",
            "view": f"view-source:{self.picture.as_uri()}",
        }

    @property
    def texts(self) -> tuple[str, ...]:
        """Every spelling of the secret text, and a file of the machine's own."""
        return (self.text.as_uri(), str(self.text), "file:///etc/passwd", "/etc/passwd", f"{self.web}/text")


@contextmanager
def trap(folder: Path) -> Iterator[Trap]:
    """A trap for as long as the block lasts."""
    folder.mkdir(exist_ok=True)
    text, picture = folder / "secret.txt", folder / "secret.png"
    text.write_text(f"{MARK} {MARK}", encoding="utf-8")
    Image.new("RGB", (64, 64), COLOUR).save(picture)
    with canary() as bird:
        yield Trap(bird, text, picture)


def unpacked(text: str, depth: int = 0) -> str:
    """The text, and after it what its `data:` URLs hold, however deeply."""
    inside = _embedded(text.encode()) if depth < DEPTH else ()
    return "\n".join([text, *(unpacked(one.decode(errors="ignore"), depth + 1) for one in inside)])


def _embedded(content: bytes) -> Iterator[bytes]:
    """What the `data:` URLs in a text hold."""
    for match in _DATA.finditer(content):
        inner = unquote_to_bytes(match[2])
        if match[1]:
            try:
                inner = base64.b64decode(inner.partition(b"#")[0])
            except ValueError:
                continue
        yield inner


def leaks(content: bytes, form: str) -> list[str]:
    """What of the secrets is in an output: words, or pixels of the picture's colour, however deeply embedded."""
    if form in {"png", "jpeg", "webp", "avif", "tiff"}:
        return ["pixels"] if _coloured(content) else []
    if form == "pdf":
        return _in_pdf(content)
    if form in {"zip", "xlsx"}:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = [
                (name.rpartition(".")[2].replace("jpg", "jpeg"), archive.read(name)) for name in archive.namelist()
            ]
        return [found for suffix, part in parts for found in leaks(part, suffix)]
    return _in_text(content)


def _in_text(content: bytes, depth: int = 0) -> list[str]:
    found = ["text"] if MARK.encode() in content or PASSWD in content else []
    for inner in _embedded(content) if depth < DEPTH else ():
        if inner.startswith((b"\x89PNG", b"\xff\xd8", b"GIF8", b"RIFF")):
            found += ["pixels"] if _coloured(inner) else []
        else:
            found += _in_text(inner, depth + 1)
    return found


def _in_pdf(content: bytes) -> list[str]:
    found = []
    for page in PdfReader(io.BytesIO(content)).pages[:20]:
        words = page.extract_text()
        if MARK in words or PASSWD.decode() in words:
            found.append("text")
        found += ["pixels" for one in page.images if one.image is not None and _is_coloured(one.image)]
    return found


def _coloured(content: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return any(_is_coloured(frame) for frame in ImageSequence.Iterator(picture))
    except OSError:  # a broken picture shows nothing
        return False


def _is_coloured(picture: Image.Image) -> bool:
    counted = picture.convert("RGBA").convert("RGB").getcolors(maxcolors=max(1, picture.width * picture.height)) or []
    near = sum(n for n, one in counted if all(abs(a - b) <= NEAR for a, b in zip(one, COLOUR, strict=True)))
    return near >= ENOUGH
