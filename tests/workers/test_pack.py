from __future__ import annotations

import gzip
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pyrage
import pytest
from backports import zstd
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from app.removal import delete_export
from longshore import exports, queue
from longshore.artifacts import store
from longshore.db import clock, transaction
from longshore.errors import NotFound, Permanent, Transient
from longshore.models import Artifact, Delivery, Receipt
from tests.age_file import opened
from tests.rows import artifact_row, delivery_rows, submitted
from workers.clean import clean
from workers.deliver import deliver
from workers.destinations.folder import DESTINATION as FOLDER
from workers.render import render_export

SOURCE = bytes(range(256)) * 1000


@pytest.fixture(autouse=True)
def _rung(monkeypatch):
    monkeypatch.setattr(queue, "send", lambda *_: True)


@pytest.fixture
def identity():
    return pyrage.x25519.Identity.generate()


def asked(content=SOURCE, **packing):
    """The ids of a rendered export and of its delivery, which is to be packed so."""
    export_id = submitted(content=content, kind="file", form="original", called="data.csv", deliveries=1)
    with transaction() as session:
        delivery = session.query(Delivery).where(Delivery.export_id == export_id).one()
        delivery.packing = packing
    render_export(export_id)
    return export_id, delivery.id


def receipt():
    with transaction() as session:
        return session.query(Receipt).one()


def objects(home):
    return [path for path in (home / "artifacts" / "packed").rglob("*") if path.is_file()]


def failing(monkeypatch, error):
    """Let the upload fail like this once it has saved a checkpoint; what the attempts sent."""
    seen = []

    def upload(_self, given):
        with given.open() as reader:
            seen.append((hashlib.sha256(reader.read()).hexdigest(), given.checkpoint, given.size, given.sha256))
        given.save({"part": len(seen)})
        raise error

    monkeypatch.setattr(FOLDER, "upload", upload)
    return seen


def again(delivery_id):
    with transaction() as session:
        session.get_one(Delivery, delivery_id).not_before = None
    deliver(delivery_id)


@pytest.mark.parametrize(
    ("compress", "name", "unpack"),
    [("gzip", "data.csv.gz", gzip.decompress), ("zstd", "data.csv.zst", zstd.decompress)],
)
def test_what_is_compressed_unpacks_to_the_artifact(database, home, compress, name, unpack):
    export_id, delivery_id = asked(compress=compress)
    deliver(delivery_id)
    row = receipt()
    path = Path(row.path)
    assert path.name == name
    sent = path.read_bytes()
    assert unpack(sent) == SOURCE
    assert len(sent) < len(SOURCE) / 10
    assert row.sha256 == hashlib.sha256(SOURCE).hexdigest() == artifact_row(export_id).sha256
    assert row.sent_sha256 == hashlib.sha256(sent).hexdigest()
    delivery = delivery_rows(export_id)[0]
    assert (delivery.size, delivery.bytes_sent, row.size) == (len(sent),) * 3
    assert delivery.packed_key is None
    assert objects(home) == []


def test_gzip_of_the_same_bytes_is_the_same_file(database):
    sent = []
    for _ in range(2):
        _, delivery_id = asked(compress="gzip")
        deliver(delivery_id)
        with transaction() as session:
            sent.append(Path(session.get_one(Receipt, delivery_id).path).read_bytes())
    assert sent[0] == sent[1]
    assert sent[0][4:8] == bytes(4)


def test_what_is_encrypted_opens_with_either_key_and_by_the_specification(database, identity):
    other = pyrage.x25519.Identity.generate()
    _, delivery_id = asked(encrypt_to=[str(identity.to_public()), str(other.to_public())])
    deliver(delivery_id)
    path = Path(receipt().path)
    assert path.name == "data.csv.age"
    sealed = path.read_bytes()
    assert pyrage.decrypt(sealed, [identity]) == SOURCE
    assert opened(sealed, str(identity)) == opened(sealed, str(other)) == SOURCE


def test_the_age_program_opens_it(database, identity, tmp_path):
    if shutil.which("age") is None:
        pytest.skip("the program `age` is not on this machine: apt-get install age")
    _, delivery_id = asked(compress="zstd", encrypt_to=[str(identity.to_public())])
    deliver(delivery_id)
    (tmp_path / "key").write_text(str(identity))
    path = receipt().path
    assert path.endswith("data.csv.zst.age")
    done = subprocess.run(["age", "-d", "-i", tmp_path / "key", path], capture_output=True, check=True)
    assert zstd.decompress(done.stdout) == SOURCE


def test_an_ssh_key_opens_it(database):
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    _, delivery_id = asked(encrypt_to=[public])
    deliver(delivery_id)
    secret = pyrage.ssh.Identity.from_buffer(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    assert pyrage.decrypt(Path(receipt().path).read_bytes(), [secret]) == SOURCE


@pytest.mark.parametrize("size", [1, 64 * 1024, 64 * 1024 + 1])
def test_any_size_can_be_packed(database, identity, size):
    _, delivery_id = asked(SOURCE[:size], compress="gzip", encrypt_to=[str(identity.to_public())])
    deliver(delivery_id)
    assert gzip.decompress(opened(Path(receipt().path).read_bytes(), str(identity))) == SOURCE[:size]


def test_every_attempt_sends_the_same_bytes_so_that_it_may_resume(database, identity, monkeypatch, home):
    _, delivery_id = asked(encrypt_to=[str(identity.to_public())])
    with monkeypatch.context() as patch:
        seen = failing(patch, Transient("reset"))
        deliver(delivery_id)
        again(delivery_id)
    assert len(objects(home)) == 1
    assert [one[1] for one in seen] == [None, {"part": 1}]
    assert seen[0][0] == seen[1][0] == seen[1][3]
    again(delivery_id)
    assert receipt().sent_sha256 == seen[0][0]
    assert objects(home) == []


def test_bytes_that_were_never_finished_are_made_anew(database, identity, home):
    _, delivery_id = asked(encrypt_to=[str(identity.to_public())])
    with transaction() as session:
        session.get_one(Delivery, delivery_id).packed_key = "packed/left"
    store().write("packed/left", [b"half"])
    deliver(delivery_id)
    assert pyrage.decrypt(Path(receipt().path).read_bytes(), [identity]) == SOURCE
    assert objects(home) == []


def test_bytes_that_are_gone_are_made_anew_without_the_old_checkpoint(database, identity, monkeypatch):
    export_id, delivery_id = asked(encrypt_to=[str(identity.to_public())])
    with monkeypatch.context() as patch:
        seen = failing(patch, Transient("reset"))
        deliver(delivery_id)
        store().delete(delivery_rows(export_id)[0].packed_key)
        again(delivery_id)
    assert [one[1] for one in seen] == [None, None]
    assert seen[0][0] != seen[1][0]


def test_an_artifact_that_was_changed_is_not_sent(database, home):
    export_id, delivery_id = asked(compress="gzip")
    store().write(artifact_row(export_id).key, [b"other"])
    deliver(delivery_id)
    row = delivery_rows(export_id)[0]
    assert row.state == "failed"
    assert "is not what was rendered" in row.error_message
    assert clean() == 1
    assert delivery_rows(export_id)[0].packed_key is None


@pytest.mark.parametrize("end", ["failed", "cancelled", "completed", "no artifact", "deleted"])
def test_the_packed_bytes_go_when_nobody_needs_them(database, identity, monkeypatch, home, end):
    export_id, delivery_id = asked(encrypt_to=[str(identity.to_public())])
    failing(monkeypatch, Permanent("No.") if end == "failed" else Transient("reset"))
    monkeypatch.setattr(FOLDER, "discard", lambda _self, _checkpoint: None)
    deliver(delivery_id)
    assert len(objects(home)) == 1
    if end == "deleted":
        delete_export("ann", export_id)
        assert objects(home) == []
        return
    if end != "failed":
        assert clean() == 0
    with transaction() as session:
        row = session.get_one(Delivery, delivery_id)
        if end == "no artifact":
            session.query(Artifact).delete()
        elif end == "cancelled":
            exports.cancel(session, session.get_one(exports.Export, export_id), now=clock(session))
            session.refresh(row)
            row.checkpoint = None
        elif end == "completed":
            row.state = "completed"
    assert clean() == 1
    assert objects(home) == []
    assert delivery_rows(export_id)[0].packed_key is None


def test_a_worker_that_lost_the_delivery_while_packing_leaves_nothing(database, monkeypatch, home):
    export_id, delivery_id = asked(compress="gzip")
    real = store().chunks

    def stolen(key, *args):
        with transaction() as session:
            session.get_one(Delivery, delivery_id).attempt += 1
        return real(key, *args)

    monkeypatch.setattr(store(), "chunks", stolen)
    deliver(delivery_id)
    assert objects(home) == []
    assert delivery_rows(export_id)[0].packed_sha256 is None
    with pytest.raises(NotFound):
        store().open(delivery_rows(export_id)[0].packed_key)


@pytest.mark.slow
def test_packing_takes_the_same_memory_at_any_size(home, record_property):
    script = (
        "import hashlib, resource, sys, uuid\n"
        "from types import SimpleNamespace\n"
        "from longshore.artifacts import store\n"
        "from longshore.packing import Packing\n"
        "from workers.pack import _pack\n"
        "import pyrage\n"
        "key = str(pyrage.x25519.Identity.generate().to_public())\n"
        "size = int(sys.argv[1])\n"
        "stored = store().write('a', (bytes(1 << 20) for _ in range(size)))\n"
        "artifact = SimpleNamespace(id='a', key='a', sha256=stored.sha256)\n"
        "_pack(Packing('zstd', (key,)), artifact, 'b', lambda: None)\n"
        "_pack(Packing('none', (key,)), artifact, 'c', lambda: None)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    used = [
        int(subprocess.run([sys.executable, "-c", script, str(size)], capture_output=True, check=True).stdout)
        for size in (8, 400)
    ]
    record_property("target", "growth below 16 MB from 8 MB to 400 MB")
    record_property("figure", f"{(used[1] - used[0]) / 1024:.1f} MB")
    assert used[1] - used[0] < 16 * 1024
