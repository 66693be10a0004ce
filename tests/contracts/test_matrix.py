"""The formats of each kind that are promised, held against what the conversions declare and this machine can do."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from longshore.settings import settings
from tests.contracts.test_conversions import pairs, samples
from workers import needs
from workers.plan import Cell, matrix
from workers.renderers.base import FORMATS, KINDS

PICTURES = "png jpeg webp"
PROMISED = {
    "canvas": f"svg {PICTURES} pdf html json md",
    "tldraw": f"svg {PICTURES} pdf html json md",
    "excalidraw": f"svg {PICTURES} pdf html json md",
    "mermaid": f"svg {PICTURES} pdf html json md",
    "graphviz": f"svg {PICTURES} pdf html json md",
    "plotly": f"svg {PICTURES} pdf html json md csv xlsx xml",
    "vega": f"svg {PICTURES} pdf html json csv xlsx xml",
    "markdown": f"svg {PICTURES} pdf html json md csv xlsx",
    "html": f"{PICTURES} pdf html json md csv xlsx",
    "svg": f"svg {PICTURES} pdf html",
    "image": f"{PICTURES} avif tiff pdf html json",
    "file": "original zip",
}
GOOD = 5
"""Samples of each kind beside its showcase."""


def cells(kind: str) -> dict[str, Cell]:
    found = matrix(partial(needs.check, settings=settings()))
    return {cell.format: cell for cell in found if cell.kind == kind}


def test_every_kind_is_in_the_table():
    assert list(PROMISED) == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_declared_formats_are_the_promised_ones(kind):
    assert set(cells(kind)) == set(PROMISED[kind].split())


@pytest.mark.parametrize("kind", KINDS)
def test_this_machine_makes_every_one_of_them(kind):
    absent = {form: cell.remedies for form, cell in cells(kind).items() if not cell.available}
    if any("apt-get" in remedy for remedies in absent.values() for remedy in remedies):
        pytest.skip(f"set-up could install no browser here, so these are not available: {', '.join(absent)}")
    assert absent == {}


@pytest.mark.parametrize("kind", KINDS)
def test_every_pair_is_tried_with_every_sample(kind):
    good = [path for path in samples(kind) if path.stem != "showcase"]
    assert len(good) >= GOOD
    tried = {pair.id for pair in pairs()}
    assert {f"{kind}-{form}-{path.name}" for form in PROMISED[kind].split() for path in samples(kind)} <= tried


def test_the_command_line_lists_the_same(tmp_path: Path):
    command = [sys.executable, "-m", "app.cli", "formats", "--json"]
    listed = json.loads(subprocess.run(command, capture_output=True, check=True, cwd=Path.cwd()).stdout)
    assert {(one["kind"], one["format"]) for one in listed} == {
        (kind, form) for kind, forms in PROMISED.items() for form in forms.split()
    }
    assert {one["format"] for one in listed} <= set(FORMATS)
