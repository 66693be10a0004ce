# ruff: noqa: INP001 - part of a script, not a module of a package
"""Excalidraw for `build.py`: its package and what it imports as one script, its fonts, and everybody's licences."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

ENTRY = "excalidraw.js"
"""The script beside this file that is bundled, and the bundle's name in dist."""

FONT_NOTE = "excalidraw-fonts.txt"
"""The file beside this one that says whose the fonts are; the package says nothing about it."""

PACKAGE = "@excalidraw/excalidraw"
FONTS = "dist/prod/fonts"
UNUSED_FONTS = frozenset({"Assistant"})
"""Fonts of the editor's buttons, which no drawing shows."""

BEFORE = 'window.EXCALIDRAW_ASSET_PATH = location.origin + "/excalidraw/"; window.Worker = undefined;'
"""Runs first. Without the path every font is asked for at a foreign address. Without workers fonts are cut to size in
the page at once: the workers' script would be a second file, and failing to start one costs an error and a retry."""

LEFT_OUT = ("@excalidraw/mermaid-to-excalidraw", "./locales/*")
"""What only the editor loads, when it is asked to: a reader of Mermaid and 55 translations, two thirds of the whole."""


def bundle(node: Path, here: Path, packages: Path, target: Path) -> str:
    """Write the bundle to `target`; the licences of all that went into it. Raises CalledProcessError."""
    listing = target.with_suffix(".meta.json")
    command = [
        str(node), str(packages / "esbuild" / "bin" / "esbuild"), str(here / ENTRY),
        "--bundle", "--minify", "--format=iife", "--target=chrome120", "--charset=utf8", "--legal-comments=eof",
        "--log-level=error", f"--banner:js={BEFORE}", f"--metafile={listing}", f"--outfile={target}",
        '--define:process.env.NODE_ENV="production"', '--define:process.env.IS_PREACT="false"',
        *(f"--external:{name}" for name in LEFT_OUT),
    ]  # fmt: skip
    subprocess.run(command, cwd=here, capture_output=True, text=True, check=True)
    used = json.loads(listing.read_text(encoding="utf-8"))["inputs"]
    listing.unlink()
    return licences({folder for path in used if (folder := package_of(here / path, packages))})


def package_of(path: Path, packages: Path) -> Path | None:
    """The folder of the package that a bundled file belongs to; None for our own."""
    inside = [parent for parent in path.parents if packages in parent.parents]
    return next((parent for parent in inside if parent.parent.name == "node_modules" or _scoped(parent)), None)


def _scoped(folder: Path) -> bool:
    return folder.parent.name.startswith("@") and folder.parent.parent.name == "node_modules"


def licences(folders: set[Path]) -> str:
    """The licence texts of packages, by name; where one ships none, what its manifest says."""
    texts = {}
    for folder in folders:
        manifest = json.loads((folder / "package.json").read_text(encoding="utf-8"))
        found = sorted(one for one in folder.iterdir() if one.name.lower().startswith(("licen", "copying")))
        said = "\n".join(one.read_text(encoding="utf-8").strip() for one in found if one.is_file())
        name = f"{manifest['name']} {manifest['version']}"
        texts[name] = said or f"{manifest.get('license', 'unknown')} (its manifest says so; it ships no licence text)"
    return "\n\n".join(f"---- {name}\n\n{text}" for name, text in sorted(texts.items())) + "\n"


def copy_fonts(packages: Path, dist: Path) -> list[str]:
    """Copy the fonts to dist/fonts; their paths in dist."""
    made = []
    for folder in sorted((packages / PACKAGE / FONTS).iterdir()):
        if folder.name in UNUSED_FONTS:
            continue
        (dist / "fonts" / folder.name).mkdir(parents=True)
        for file in sorted(folder.glob("*.woff2")):
            shutil.copyfile(file, dist / "fonts" / folder.name / file.name)
            made.append(f"fonts/{folder.name}/{file.name}")
    return made
