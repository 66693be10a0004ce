"""The house rules that no linter knows."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from longshore import VERSION
from longshore.states import TRANSITIONS, DeliveryState, ExportState
from workers import destinations, renderers

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("app", "longshore", "schedules", "workers")
SOURCES = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_files_are_small():
    too_long = {str(path.relative_to(ROOT)): lines(path) for path in SOURCES if lines(path) > 300}
    assert too_long == {}
    assert statistics.median(lines(path) for path in SOURCES) <= 130


def test_no_file_is_named_for_nothing():
    empty_words = {"utils", "util", "common", "helpers", "helper", "manager", "misc", "core"}
    assert [path for path in SOURCES if path.stem in empty_words] == []


def test_readme_tables_are_what_is_declared():
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from readme_tables import filled
    finally:
        sys.path.pop(0)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text == filled(text), "run: python scripts/readme_tables.py"


def test_the_drawn_states_are_the_moves_of_the_table():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for name, kind in (("Export", ExportState), ("Delivery", DeliveryState)):
        drawing = text.partition(f"state {name} {{")[2].partition("}")[0]
        drawn = set(re.findall(r"(\w+) --> (\w+)", drawing))
        assert drawn == {(str(a), str(b)) for a, targets in TRANSITIONS[kind].items() for b in targets}


def test_the_changelog_begins_with_this_version():
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest
    assert newest[1] == VERSION


@pytest.mark.parametrize("name", renderers.names())
def test_every_renderer_has_a_test(name):
    tests = (ROOT / "tests" / "workers" / "renderers").glob("test_*.py")
    assert any(name in path.stem for path in tests)


@pytest.mark.parametrize("name", destinations.names())
def test_every_destination_has_a_test_on_the_contract(name):
    text = (ROOT / "tests" / "workers" / "destinations" / f"test_{name}.py").read_text(encoding="utf-8")
    assert "DestinationContract" in text


def test_listing_plug_ins_imports_none_and_reading_them_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from workers import destinations, renderers\n"
        "renderers.names(); destinations.names()\n"
        "assert not [m for m in sys.modules if m.startswith('workers.renderers.') and m != 'workers.renderers.base'"
        " and not m.startswith('workers.renderers._')], 'names imported a plug-in'\n"
        "renderers.catalogue(); [destinations.named(n) for n in destinations.names()]\n"
        "heavy = {'pyvips', 'playwright', 'boto3', 'botocore', 'dropbox', 'msal', 'requests', 'lxml', 'plotly',"
        " 'celery', 'sqlalchemy'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_api_loads_no_renderer_s_libraries_and_workers_load_no_flask():
    for module, forbidden in (
        ("app", ("playwright", "pyvips")),
        ("workers.tasks", ("flask", "apiflask", "playwright")),
    ):
        code = f"import sys, {module}; assert not {set(forbidden)!r} & set(sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_environment_variables_are_read_in_one_file():
    readers = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if re.search(r"os\.environ|os\.getenv|\bgetenv\(", path.read_text(encoding="utf-8"))
    ]
    # the browser's driver takes TMPDIR from our environment alone, so one is set there
    assert sorted(readers) == ["longshore/settings.py", "workers/browser/_launch.py"]


def test_every_make_target_has_help():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", text, re.MULTILINE))
    with_help = set(re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE))
    assert targets == with_help


def test_documents_link_to_files_that_exist():
    broken = [
        f"{path.name}: {target}"
        for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8"))
        if not target.startswith("http") and not (path.parent / target).exists()
    ]
    assert broken == []


def test_each_decision_has_a_number_of_its_own():
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [page.name.partition("-")[0] for page in pages]
    assert numbers == [f"{number:04}" for number in range(1, len(pages) + 1)]
    for page in pages:
        heading = page.read_text(encoding="utf-8").splitlines()[0]
        assert re.match(rf"# {int(page.name[:4])}\. ", heading), (page.name, heading)
