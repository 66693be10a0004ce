"""Health checks against the real things: an HTTP server, a database, a broker with nobody behind it."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from longshore import pulses
from longshore.db import clock, transaction
from longshore.settings import ROOT
from scripts import healthy
from tests.conftest import forget


class Answering(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path in ("/healthz", "/healthcheck") else 404)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with HTTPServer(("127.0.0.1", 0), Answering) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield listening.server_port
        listening.shutdown()
        thread.join()


@pytest.mark.parametrize(("name", "variable"), [("web", "LONGSHORE_PORT"), ("flower", "LONGSHORE_FLOWER_PORT")])
def test_what_listens_is_asked_at_its_own_port(server, monkeypatch, name, variable):
    monkeypatch.setenv(variable, str(server))
    forget()
    assert healthy.PROCESSES[name]()


def test_where_nobody_listens_is_not_healthy(monkeypatch):
    monkeypatch.setenv("LONGSHORE_PORT", "1")
    forget()
    with pytest.raises(OSError, match="refused"):
        healthy.web()


@pytest.mark.parametrize(("age", "well"), [(1, True), (59, True), (61, False)])
def test_beat_is_as_well_as_its_last_sign_of_life_is_young(database, age, well):
    with transaction() as session:
        pulses.beat(session, now=clock(session) - timedelta(seconds=age))
    assert healthy.beat() is well


def test_a_beat_that_hangs_is_not_healthy_though_others_elsewhere_work(database):
    with transaction() as session:
        pulses.beat(session, now=clock(session) - timedelta(seconds=61))
        pulses.beat(session, now=clock(session), name=pulses.beat_name("elsewhere", 1))
    assert not healthy.beat()


def test_a_beat_that_never_wrote_is_not_healthy(database):
    assert not healthy.beat()


def test_a_worker_that_is_not_there_is_not_healthy(broker, monkeypatch):
    monkeypatch.setattr(healthy, "SECONDS", 0.3)
    assert not healthy.render()


def test_the_answer_is_an_exit_status_with_a_reason():
    done = subprocess.run(
        [sys.executable, "scripts/healthy.py", "web"],
        cwd=ROOT,
        env={"LONGSHORE_PORT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("web: ")
    assert "Traceback" not in done.stderr


def test_an_unknown_process_is_refused_by_both_scripts():
    for command in ([sys.executable, "scripts/healthy.py", "sail"], ["scripts/run", "sail"]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode not in (0, 1)
        assert "web" in done.stderr


def test_run_becomes_the_process_of_the_procfile(tmp_path):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "run").write_text((ROOT / "scripts" / "run").read_text())
    (tmp_path / "Procfile").write_text(
        '# web: a comment\nweb: sh -c \'echo $$ ${PORT:-8097} "$0"\' "a b"\nupload: no\n'
    )
    with subprocess.Popen(["sh", tmp_path / "scripts" / "run", "web"], stdout=subprocess.PIPE, text=True) as process:
        said, _ = process.communicate(timeout=10)
    assert said == f"{process.pid} 8097 a b\n"
