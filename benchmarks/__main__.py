"""Run every benchmark, print the table, write `var/bench.json`. Exits 1 where a target was missed."""

from __future__ import annotations

import json
import sys
import traceback
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from benchmarks import deliveries, peers, render_overhead, schedules, whole_way
from longshore.settings import settings

N = 30


def main() -> int:
    """Measure, print, write."""
    figures, failed = [], False
    for module in (render_overhead, peers, whole_way, schedules, deliveries):
        try:
            figures += module.measure(N)
        except Exception:  # noqa: BLE001 - what the others measured must not be lost with it
            traceback.print_exc()
            failed = True
    table = Table(show_edge=False)
    for heading in ("Figure", "Ours", "Peer", "Ratio", "Target", "n"):
        table.add_column(heading, justify="left" if heading == "Figure" else "right", overflow="fold")
    for one in figures:
        peer = f"{one.peer:.1f} {one.unit} ({one.peer_name})" if one.peer is not None else ""
        ratio = f"{one.ratio:.2f}" if one.ratio is not None else ""
        target = f"<= {one.target:g}" + ("" if one.ratio is not None else f" {one.unit}")
        mark = "[green]" if one.met else "[red]"
        table.add_row(one.name, f"{one.ours:.1f} {one.unit}", peer, ratio, f"{mark}{target}", str(one.n))
    Console(width=140).print(table)
    target = settings().home / "bench.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n", encoding="utf-8")
    return 1 if failed or not all(figure.met for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
