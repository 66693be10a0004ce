"""Draw the reviewed reference pictures anew: `python scripts/references.py`. Look at each one before you commit it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.contracts.references import FOLDER, draw, shrunk, subjects


def main() -> None:
    """One small PNG for each kind's showcase."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for kind, sample in subjects():
        with tempfile.TemporaryDirectory() as scratch:
            shrunk(draw(kind, sample, Path(scratch))).save(FOLDER / f"{kind}.png", optimize=True)
        print(f"drawn: {kind}")


if __name__ == "__main__":
    main()
