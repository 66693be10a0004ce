"""Any file: as it is, or zipped. Nothing of it is read as a document, and memory does not grow with it."""

from __future__ import annotations

import zipfile

from longshore.names import clean
from workers.renderers.base import BadDocument, Document, Render, conversion

CHUNK = 1 << 20
LEVEL = 6
"""zlib's default, said here so that the same file gives the same archive."""
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that a ZIP can name."""
PLAIN_FILE = 0o100644 << 16
UNIX = 3
"""Says that the rights above are Unix's (APPNOTE.TXT, 4.4.2)."""


@conversion("file", "original", cost=1)
def to_original(source: Document, _render: Render) -> Document:
    """The file itself, byte for byte."""
    _check(source)
    return Document(source.path, ".original", source.title)


@conversion("file", "zip", cost=100, follows=("compression",))
def to_zip(source: Document, render: Render) -> Document:
    """A ZIP with the file in it under its own name."""
    _check(source)
    path = render.path("zip")
    member = zipfile.ZipInfo(clean(source.title, "file"), EARLIEST)
    member.create_system, member.external_attr = UNIX, PLAIN_FILE
    member.file_size = source.path.stat().st_size  # beyond 2 GiB the archive becomes ZIP64
    stored = render.setting("compression") == "store"
    member.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with (
        source.path.open("rb") as reader,
        zipfile.ZipFile(path, "w", compresslevel=LEVEL) as archive,
        archive.open(member, "w") as writer,
    ):
        while chunk := reader.read(CHUNK):
            render.seconds_left()
            writer.write(chunk)
    return Document(path, ".zip", render.title)


def _check(source: Document) -> None:
    if source.path.stat().st_size == 0:
        raise BadDocument("The file is empty, so there is nothing to deliver. Send its content.")
