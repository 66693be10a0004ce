"""Run the long, random and fault tests: one table a suite, and `var/slow.json`. Exits as pytest does.

A test may say what it measured, and what it had to reach, with `record_property("figure", …)` and `("target", …)`; what
it has for people, with `("table", …)`, is printed below.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree as ET

from rich.console import Console
from rich.table import Table

from longshore.settings import ROOT, settings


def main() -> int:
    """Run, read the report, print, write."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        family = ("-o", "junit_family=xunit1")  # the newer one carries no properties
        command = [sys.executable, "-m", "pytest", "-m", "slow", f"--junitxml={report}", *family, *sys.argv[1:]]
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        if not report.is_file():
            return code or 1
        cases = list(ET.parse(report).iter("testcase"))  # noqa: S314 - written by pytest a moment ago
    suites: dict[str, list[ET.Element]] = defaultdict(list)
    for case in cases:
        suites[case.get("classname", "").removeprefix("tests.")].append(case)
    rows = [_row(name, members) for name, members in sorted(suites.items())]
    table = Table(show_edge=False)
    for heading in ("Suite", "Cases", "Passed", "Target", "Figure"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console(width=140).print(table)
    for text in _told(cases, "table"):
        print(f"\n{text}")  # noqa: T201 - the report
    target = settings().home / "slow.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return code


def _row(name: str, cases: list[ET.Element]) -> dict[str, object]:
    passed = sum(all(case.find(bad) is None for bad in ("failure", "error", "skipped")) for case in cases)
    return {
        "suite": name,
        "cases": len(cases),
        "passed": passed,
        "target": "; ".join(_told(cases, "target")) or "all pass",
        "figure": "; ".join(_told(cases, "figure")) or f"{passed} of {len(cases)}",
    }


def _told(cases: list[ET.Element], name: str) -> list[str]:
    found = [one.get("value", "") for case in cases for one in case.iter("property") if one.get("name") == name]
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    sys.exit(main())
