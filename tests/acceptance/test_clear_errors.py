"""Whatever goes wrong, somebody is told what to do, and nothing is left hanging."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer

from app import create_app
from app.auth import create_key
from longshore.db import clock, transaction
from tests.app.conftest import SVG, Api, Client
from tests.conftest import wait_until
from tests.contracts.s3_servers import KEY_ID, SECRET, rclone
from tests.processes import Processes

ENDED = {"completed", "partial", "failed", "cancelled"}


@pytest.fixture
def api(processes: Processes) -> Api:
    """The API in this process, with the workers that a test starts beside it."""
    app = create_app(configure_logs=False)
    app.test_client_class = Client
    with transaction() as session:
        _row, token = create_key(session, "ann", "test", ["read", "write", "admin"], clock(session))
    return Api(app.test_client(), token)


@pytest.fixture
def workers(processes: Processes) -> None:
    processes.worker("render")
    processes.worker("upload")


@pytest.fixture
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def ended(api: Api, export_id: str) -> dict:
    found: list[dict] = []

    def look() -> bool:
        found[:] = [api.ok("GET", f"/export/{export_id}")]
        return found[0]["state"] in ENDED

    wait_until(look, seconds=60)
    return found[0]


def submit(api: Api, content: str = SVG, kind: str = "svg", form: str = "svg", **more: object) -> str:
    body = {"source": {"kind": kind, "content": content, "name": "drawing"}, "format": form} | more
    return api.ok("POST", "/export", json=body)["id"]


def bucket(endpoint: str, name: str, secret: str = SECRET) -> list[dict]:
    config = {"access_key_id": KEY_ID, "secret_access_key": secret, "bucket_name": name, "endpoint_url": endpoint}
    return [{"destination": "s3", "destination_config": config}]


def test_every_mistake_is_told_and_none_leaves_a_row_behind(api: Api, workers: None, s3: str, tmp_path):
    wrong_key = api("GET", "/export", headers={"Authorization": "Bearer lsk_00000000_wrong"})
    assert (wrong_key.status_code, wrong_key.content_type) == (401, "application/problem+json")

    with transaction() as session:
        _row, bobs = create_key(session, "bob", "test", ["read", "write"], clock(session))
    foreign = submit(api)
    bob = Api(api.client, bobs)
    for method, path in (("GET", ""), ("GET", "/status"), ("GET", "/download"), ("POST", "/cancel"), ("DELETE", "")):
        bob.problem(404, method, f"/export/{foreign}{path}")

    problem = api.problem(400, "POST", "/export", data=b"{", content_type="application/json")
    assert "JSON" in problem["detail"]
    problem = api.problem(422, "POST", "/export", json={"format": "png"})
    assert "source" in str(problem)
    problem = api.problem(422, "POST", "/export", json={"source": {"kind": "svg", "content": SVG}, "format": "docx"})
    assert "format must be one of: svg, png" in str(problem)
    problem = api.problem(422, "POST", "/export", json={"source": {"kind": "svg", "content": SVG}, "format": "md"})
    assert "It can become" in str(problem)
    body = {"source": {"kind": "svg", "content": SVG}, "format": "png", "settings": {"scale": 99}}
    assert "scale" in str(api.problem(422, "POST", "/export", json=body))

    broken = ended(api, submit(api, content="<svg><rect"))
    assert (broken["state"], broken["error"]["code"]) == ("failed", "bad_document")
    assert "line 1" in broken["error"]["message"]

    missing = ended(api, submit(api, deliveries=bucket(s3, "no-such-bucket")))
    assert missing["state"] == "failed"
    assert "no-such-bucket" in missing["deliveries"][0]["error"]["message"]
    assert "Create it" in missing["deliveries"][0]["error"]["message"]
    assert missing["artifact"], "the file was made, and can still be had"

    (tmp_path / "store" / "exports").mkdir(parents=True)
    with rclone(tmp_path / "store") as port:
        refused = ended(api, submit(api, deliveries=bucket(f"http://127.0.0.1:{port}", "exports", secret="wrong")))
        assert refused["deliveries"][0]["state"] == "blocked"
        assert "key" in refused["deliveries"][0]["error"]["message"].lower()
        assert "wrong" not in str(refused["deliveries"][0]["error"])

    assert ended(api, foreign)["state"] == "completed", "the mistakes of others changed nothing"
    counts = api.ok("GET", "/export?limit=100")
    assert {row["state"] for row in counts["exports"]} <= ENDED


def namespace_with_a_small_disk(folder: str) -> list[str]:
    """A command that runs another with a disk of 64 kB mounted there, seen by nobody else."""
    script = f'mount -t tmpfs -o size=64k tmpfs "{folder}" && exec "$@"'
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh"]


def test_a_full_disk_is_told_and_the_delivery_goes_on_by_itself(api: Api, processes: Processes, home):
    deliveries = home / "deliveries"
    deliveries.mkdir(parents=True)
    inside = namespace_with_a_small_disk(str(deliveries))
    if subprocess.run([*inside, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this kernel lets nobody mount a small disk in a namespace")
    processes.worker("render")
    processes.worker("upload", inside=inside)
    shapes = "".join(f'<rect x="{number}" y="{number}" width="9" height="9"/>' for number in range(3000))
    large = f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30">{shapes}</svg>'
    export_id = submit(api, content=large, deliveries=[{"destination": "folder"}])

    def told() -> bool:
        return bool(api.ok("GET", f"/export/{export_id}")["deliveries"][0]["error"])

    wait_until(told, seconds=60)
    delivery = api.ok("GET", f"/export/{export_id}")["deliveries"][0]
    assert delivery["state"] == "retrying"
    assert "full" in delivery["error"]["message"]
    assert delivery["not_before"]
    api.ok("POST", f"/export/{export_id}/cancel")
    assert ended(api, export_id)["state"] == "cancelled"
