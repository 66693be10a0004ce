"""Makefile, Procfile, image, compose file, locks and `.env.example` agree with each other and with the settings."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from honcho.environ import parse_procfile
from packaging.requirements import Requirement

from longshore.settings import PREFIX, ROOT, SECRETS, Settings
from scripts.env_example import PROCFILE, text
from scripts.healthy import PROCESSES

NAMES = {PREFIX + name.upper() for name in Settings.model_fields}
VARIABLES = NAMES | {f"{PREFIX}{name.upper()}_FILE" for name in SECRETS}
PARTS = ["web", "render", "upload", "beat", "flower"]
LOCKS = ["runtime", "dev", "node", "redis"]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def processes() -> dict[str, str]:
    return dict(parse_procfile(read("Procfile")).processes)


def services() -> dict[str, dict]:
    return yaml.safe_load(read("docker-compose.yml"))["services"]


def stages() -> list[str]:
    return re.split(r"^(?=FROM )", read("Dockerfile"), flags=re.MULTILINE)[1:]


def test_the_procfile_has_every_process():
    assert list(processes()) == ["release", *PARTS]


def test_each_worker_takes_the_queue_it_is_named_after():
    for name in ("render", "upload"):
        words = shlex.split(processes()[name])
        assert words[words.index("-Q") + 1] == name
        assert words[words.index("-n") + 1] == f"{name}@%h"
        assert {"--without-gossip", "--without-mingle", "-E"} <= set(words)


@pytest.mark.parametrize(("variable", "default"), [(name, default) for name, default, _ in PROCFILE])
def test_what_the_procfile_reads_is_documented_with_its_default(variable, default):
    assert f"${{{variable}:-{default}}}" in read("Procfile")


def test_the_procfile_reads_nothing_else():
    found = set(re.findall(r"\$\{?([A-Z_]+)", read("Procfile")))
    assert found <= {name for name, _, _ in PROCFILE} | NAMES | {"PORT"}


def test_the_defaults_of_the_procfile_are_the_settings_own():
    fields = Settings.model_fields
    for variable, default in re.findall(r"\$\{LONGSHORE_([A-Z_]+):-([^}]*)\}", read("Procfile")):
        assert default == str(fields[variable.lower()].get_default()), variable


def test_the_example_environment_is_the_settings():
    assert read(".env.example") == text(), "run `make env`"
    assert set(re.findall(r"^#(LONGSHORE_\w+)=", text(), re.MULTILINE)) == NAMES


def test_the_example_environment_holds_the_defaults(monkeypatch):
    without = Settings()
    for line in read(".env.example").splitlines():
        found = re.match(r"#(LONGSHORE_\w+)=(.*)", line)
        if found and found[1] not in os.environ:
            monkeypatch.setenv(found[1], found[2])
    monkeypatch.chdir(ROOT)
    given = Settings()
    differing = {name for name in Settings.model_fields if getattr(given, name) != getattr(without, name)}
    assert differing <= {"assets"}
    assert given.assets.resolve() == without.assets


def test_every_target_of_the_makefile_says_what_it_does():
    makefile = read("Makefile")
    targets = re.findall(r"^([a-z-]+):(?!=)(.*)$", makefile, re.MULTILINE)
    assert {"help", "setup", "demo", "test", "up", "check", "migration", "bench", "slow", "lock"} <= set(dict(targets))
    for target, rest in targets:
        assert re.search(r"## [A-Z]", rest), target
        assert f".PHONY: {target}\n" in makefile, target


@pytest.mark.parametrize("target", ["demo", "test", "up", "check", "migration", "bench", "slow"])
def test_what_runs_code_sets_up_first(target):
    assert re.search(rf"^{target}: setup ", read("Makefile"), re.MULTILINE)


def test_help_lists_every_target():
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in re.findall(r"^([a-z-]+):.*## ", read("Makefile"), re.MULTILINE):
        assert f"\x1b[1m{target:10}" in done.stdout


def test_ci_runs_check_test_and_demo():
    assert "set -euo pipefail" in read(".ci/run")
    assert "for target in check test demo;" in read(".ci/run")


@pytest.mark.parametrize("name", LOCKS)
def test_locks_name_versions_and_hashes_and_no_address(name):
    lock = read(f"requirements/{name}.txt")
    assert "://" not in lock
    pins = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)[1:]
    assert pins
    for pin in pins:
        assert re.match(r"[a-z0-9._-]+(\[[a-z0-9,._-]+\])?==", pin), pin
        assert "--hash=sha256:" in pin, pin


def test_development_has_what_production_has_in_the_same_version():
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9._-]+==\S+)", read(f"requirements/{name}.txt"), re.MULTILINE))

    assert pins("runtime") < pins("dev")


def test_the_javascript_lock_has_hashes_and_no_address():
    packages = json.loads(read("assets/package-lock.json"))["packages"]
    assert len(packages) > 1
    for name, package in packages.items():
        assert "resolved" not in package, name
        assert not name or package["integrity"].startswith("sha512-"), name


def test_the_image_is_built_in_stages_from_one_base():
    bases = [stage.split()[1] for stage in stages()]
    assert bases == ["python:3.11-slim-bookworm", "base", "wheels", "wheels", "base"]
    assert "/" not in bases[0]


def test_the_image_installs_hashed_locks_only():
    installs = re.findall(r"pip install (.*)", read("Dockerfile"))
    assert installs
    for options in installs:
        assert "--require-hashes" in options or "--no-deps --no-build-isolation" in options


def test_nothing_that_an_installed_package_needs_is_missing_or_too_old():
    # Installing takes the locks as they are and resolves nothing, so a hole in them would show only when it is met.
    wrong = []
    for distribution in metadata.distributions():
        for line in distribution.requires or []:
            needed = Requirement(line)
            if needed.marker and not needed.marker.evaluate({"extra": ""}):
                continue
            try:
                there = metadata.version(needed.name)
            except metadata.PackageNotFoundError:
                there = "missing"
            if there == "missing" or not needed.specifier.contains(there, prereleases=True):
                wrong.append(f"{distribution.name} needs {line}: {there}")
    assert not wrong


def test_the_image_runs_as_somebody_else_than_root():
    last = stages()[-1]
    user = re.findall(r"^USER (\d+):(\d+)$", last, re.MULTILINE)
    assert user == [("10001", "10001")]
    assert last.index("USER") > last.index("RUN")
    assert "RUN" not in last[last.index("USER") :]


def test_the_image_has_browser_and_fonts_and_no_compiler():
    last = stages()[-1]
    for package in ("chromium-headless-shell", "fonts-noto-core", "fonts-noto-cjk", "fonts-noto-color-emoji"):
        assert re.search(rf"^ +{package} ", last, re.MULTILINE), package
    assert not re.search(r"build-essential|\bgcc\b|-dev\b|nodejs", last)
    assert "HEALTHCHECK" in last


def test_the_image_copies_only_from_the_tree_and_its_stages():
    for line in read("Dockerfile").splitlines():
        if line.startswith("COPY"):
            assert "://" not in line
            source = next(word for word in line.split()[1:] if not word.startswith("--"))
            assert line.startswith("COPY --from=") or (ROOT / source).exists(), line


def test_nothing_private_enters_the_image():
    ignored = read(".dockerignore").splitlines()
    assert {".*", "secrets", "var", "tests"} <= set(ignored)


def test_compose_runs_every_process_and_what_they_stand_on():
    assert set(services()) == {"postgres", "redis", "migrate", *PARTS}
    for name in PARTS:
        assert services()[name]["command"] == [name]
    assert services()["migrate"]["command"] == ["release"]
    assert 'ENTRYPOINT ["scripts/run"]' in read("Dockerfile")


@pytest.mark.parametrize("name", ["migrate", *PARTS])
def test_compose_uses_only_variables_that_exist(name):
    given = services()[name]["environment"]
    assert set(given) <= VARIABLES | {variable for variable, _, _ in PROCFILE}
    for secret in ("DATABASE_URL", "REDIS_URL", "VAULT_KEYS", "SIGNING_KEYS"):
        path = given[f"{PREFIX}{secret}_FILE"]
        assert Path(path).name in services()[name]["secrets"]


@pytest.mark.parametrize("name", ["postgres", "redis", "migrate", *PARTS])
def test_compose_guards_every_service(name):
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert "inner" in service["networks"]
    assert service.get("user", "10001") != "root"
    assert "/" not in service["image"]


@pytest.mark.parametrize("name", PARTS)
def test_compose_asks_every_process_whether_it_works(name):
    assert services()[name]["healthcheck"]["test"] == ["CMD", "python", "scripts/healthy.py", name]
    assert name in PROCESSES


def test_compose_starts_each_after_what_it_needs():
    for name in PARTS:
        assert services()[name]["depends_on"] == {
            "migrate": {"condition": "service_completed_successfully"},
            "redis": {"condition": "service_healthy"},
        }
    assert services()["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert {"test", "interval"} <= set(services()["postgres"]["healthcheck"]) & set(services()["redis"]["healthcheck"])


def test_redis_keeps_what_it_was_given():
    command = services()["redis"]["command"][-1]
    for words in ("--appendonly yes", "--maxmemory-policy noeviction", "--requirepass"):
        assert words in command


def test_nothing_is_published_beyond_this_machine():
    for name, service in services().items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name


def test_every_secret_of_compose_is_made_by_the_script(tmp_path):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "secrets").write_text(read("scripts/secrets"))
    made = []
    for _ in range(2):
        subprocess.run(["sh", "scripts/secrets"], cwd=tmp_path, check=True, capture_output=True)
        made.append({path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()})
    assert made[0] == made[1]
    declared = yaml.safe_load(read("docker-compose.yml"))["secrets"]
    assert {Path(one["file"]).name for one in declared.values()} == set(made[0])
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700


def test_the_secrets_that_are_made_are_settings(tmp_path, monkeypatch):
    from cryptography.fernet import Fernet

    from longshore.signing import read_keyring

    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "secrets").write_text(read("scripts/secrets"))
    subprocess.run(["sh", "scripts/secrets"], cwd=tmp_path, check=True, capture_output=True)
    for secret in ("database_url", "redis_url", "vault_keys", "signing_keys"):
        monkeypatch.delenv(PREFIX + secret.upper(), raising=False)
        monkeypatch.setenv(f"{PREFIX}{secret.upper()}_FILE", str(tmp_path / "secrets" / secret))
    given = Settings()
    password = (tmp_path / "secrets" / "postgres_password").read_text()
    assert len(password) > 30
    assert given.database == f"postgresql+psycopg://longshore:{password}@postgres:5432/longshore"
    assert (tmp_path / "secrets" / "redis_password").read_text() in given.redis_url.get_secret_value()
    Fernet(given.vault_keys.get_secret_value())
    assert len(read_keyring(given).verify) == 1
