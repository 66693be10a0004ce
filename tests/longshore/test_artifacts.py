from __future__ import annotations

import hashlib
import os
import resource
import signal

import pytest

from longshore.artifacts import open_store, store
from longshore.errors import NotFound, Permanent
from longshore.settings import settings
from tests.conftest import forget

CONTENT = os.urandom(3 * 1024 * 1024 + 7)


def chunks(content, size=65536):
    return (content[start : start + size] for start in range(0, len(content), size))


@pytest.fixture(params=["folder", "s3"])
def any_store(request, home, monkeypatch):
    if request.param == "s3":
        endpoint = request.getfixturevalue("s3_endpoint")
        monkeypatch.setenv("LONGSHORE_STORE_URL", "s3://artifacts/some/prefix")
        monkeypatch.setenv("LONGSHORE_STORE_ENDPOINT", endpoint)
        monkeypatch.setenv("LONGSHORE_STORE_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("LONGSHORE_STORE_SECRET_ACCESS_KEY", "secret")
        forget()
    return open_store(settings())


@pytest.fixture(scope="session")
def s3_endpoint():
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s"
    )
    client.create_bucket(Bucket="artifacts")
    client.close()
    yield endpoint
    server.stop()


def test_what_is_written_is_read_back_whole_and_hashed(any_store):
    written = any_store.write("a/b", chunks(CONTENT))
    assert (written.size, written.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert b"".join(any_store.chunks("a/b")) == CONTENT


def test_a_range_is_read_without_the_rest(any_store):
    any_store.write("a", chunks(CONTENT))
    assert b"".join(any_store.chunks("a", start=1000, length=2_000_000)) == CONTENT[1000:2_001_000]
    with any_store.open("a") as reader:
        reader.seek(-7, os.SEEK_END)
        assert reader.read() == CONTENT[-7:]


def test_an_empty_object_is_an_object(any_store):
    assert any_store.write("empty", []).size == 0
    assert list(any_store.chunks("empty")) == []


def test_a_missing_object_is_not_found_and_deleting_it_is_quiet(any_store):
    with pytest.raises(NotFound):
        list(any_store.chunks("nothing"))
    any_store.delete("nothing")


def test_a_write_that_breaks_off_leaves_nothing(any_store):
    def broken():
        yield b"half"
        raise RuntimeError("the source is gone")

    with pytest.raises(Exception, match="the source is gone"):
        any_store.write("half", broken())
    with pytest.raises(NotFound):
        list(any_store.chunks("half"))


def test_a_full_disk_is_a_clear_error_and_leaves_nothing(home):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        with pytest.raises(Permanent, match="full"):
            store().write("big", chunks(CONTENT))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert not [path for path in (home / "artifacts").rglob("*") if path.is_file()]


def test_a_store_of_another_kind_is_refused(monkeypatch):
    monkeypatch.setenv("LONGSHORE_STORE_URL", "ftp://somewhere")
    forget()
    with pytest.raises(Permanent, match="LONGSHORE_STORE_URL"):
        store()


def test_a_copy_outlives_its_original(any_store):
    any_store.write("a/original", chunks(CONTENT))
    any_store.write("b/copy", [b"before"])
    any_store.copy("a/original", "b/copy")
    any_store.write("a/original", [b"after"])
    assert b"".join(any_store.chunks("b/copy")) == CONTENT
    any_store.delete("a/original")
    assert b"".join(any_store.chunks("b/copy")) == CONTENT


def test_a_copy_of_nothing_is_refused(any_store):
    with pytest.raises(NotFound, match="gone"):
        any_store.copy("a/nothing", "b/nothing")
    with pytest.raises(NotFound):
        any_store.open("b/nothing").read()


def test_where_files_cannot_be_linked_they_are_copied(home, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    store().write("a", chunks(CONTENT))
    store().copy("a", "b/c")
    store().delete("a")
    assert b"".join(store().chunks("b/c")) == CONTENT
    with pytest.raises(NotFound):
        store().copy("a", "d")
