"""The most memory that decoding a picture may take, whatever its header says and whichever library decodes it."""

from __future__ import annotations

import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from workers.renderers.base import BadDocument, Refused

MOST = 4 * 2**30
"""Bytes of addresses beside what the process has. The largest picture that is allowed takes 2.9 GB of them to become an
AVIF and 2.3 GB to become a JPEG, two thirds of which are touched."""
TOO_MUCH = "The picture takes more memory than is allowed. Send a smaller one, with 8 bits a channel."

_SCARCE = re.compile(r"memory|unable to mmap|unable to allocate", re.IGNORECASE)
"""How libvips and the libraries below it say that they got none."""


@contextmanager
def bounded() -> Iterator[None]:
    """No more than MOST for as long as the block or the function lasts. Start no process within: it would inherit it.

    Raises Refused where more was needed, and BadDocument for what libvips raises and nobody else translated. A library
    that ends the process when it gets no memory ends this worker's child, which counts as an attempt, not the machine.
    """
    import pyvips

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = psutil.Process().memory_info().vms + MOST
    with suppress(ValueError, OSError):  # where the system knows no such limit, or a lower one holds already
        if soft == resource.RLIM_INFINITY or limit < soft:
            resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    except MemoryError as error:
        raise Refused(TOO_MUCH) from error
    except BadDocument as error:
        if _SCARCE.search(error.detail or ""):
            raise Refused(TOO_MUCH, detail=error.detail) from error
        raise
    except pyvips.Error as error:
        if _SCARCE.search(str(error)):
            raise Refused(TOO_MUCH, detail=str(error)) from error
        raise BadDocument("The picture cannot be decoded. Save it as PNG or JPEG.", detail=str(error)) from error
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
