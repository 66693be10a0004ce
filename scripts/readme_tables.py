"""Write README's tables from the declarations: `python scripts/readme_tables.py` after a plug-in came or went."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from workers import destinations
from workers.needs import Need
from workers.plan import matrix
from workers.renderers.base import FORMATS, KINDS

README = ROOT / "README.md"


def formats_table() -> str:
    """Kinds by formats; a cell tells whether a browser is needed."""
    cells = {(cell.kind, cell.format): cell for cell in matrix(lambda name: Need(name, available=True))}
    used = [form for form in FORMATS if any(form == target for _, target in cells)]
    lines = [f"| kind | {' | '.join(used)} |", f"| --- |{' :-: |' * len(used)}"]
    for kind in KINDS:
        marks = [_mark(cells.get((kind, form))) for form in used]
        lines.append(f"| {kind} | {' | '.join(marks)} |")
    return "\n".join(lines)


def _mark(cell: object) -> str:
    needs = getattr(cell, "needs", None)
    if needs is None:
        return ""
    return "◐" if "browser" in needs else "●"


def destinations_table() -> str:
    """Destinations with what they can."""
    lines = ["| destination | is | can |", "| --- | --- | --- |"]
    for name in destinations.names():
        kind = destinations.named(name)
        lines.append(f"| `{name}` | {kind.label} | {', '.join(sorted(kind.features)).replace('_', ' ')} |")
    return "\n".join(lines)


def filled(text: str) -> str:
    """README with the tables between its markers as they should be."""
    for name, table in (("formats", formats_table()), ("destinations", destinations_table())):
        pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        text = re.sub(pattern, lambda match, table=table: match[1] + table + "\n" + match[2], text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")
