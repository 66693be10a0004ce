from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from PIL import Image

from longshore.errors import BadDocument, LongshoreError, Refused, Transient
from tests.fakes.web import Server, answer, drip
from workers import pictures
from workers.pictures import Pictures

LOOPBACK = ("127.0.0.0/8",)
BLUE = (12, 34, 250)


def png(colour: tuple[int, int, int] = BLUE, size: tuple[int, int] = (8, 8)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    one.answers["/a.png"] = answer(png())
    yield one
    one.close()


@contextmanager
def getting(seconds: float = 5, resolver: Callable[[str, int], list[str]] | None = None) -> Iterator[Pictures]:
    one = Pictures(allow_private=LOOPBACK, seconds=seconds, **({"resolver": resolver} if resolver else {}))
    try:
        yield one
    finally:
        one.close()


def test_a_picture_is_fetched_once(server):
    with getting() as one:
        assert one.fetch(f"{server.at}/a.png", 5) == png()
        assert one.fetch(f"{server.at}/a.png", 5) == png()
    assert server.asked == ["/a.png"]


def test_a_redirect_is_followed_a_few_times(server):
    for number in range(5):
        server.answers[f"/{number}"] = answer(b"", "302 Found", f"Location: /{number + 1}")
    server.answers["/2"] = answer(b"", "301 Moved", "Location: /a.png")
    with getting() as one:
        assert one.fetch(f"{server.at}/0", 5) == png()
        server.answers["/loop"] = answer(b"", "302 Found", "Location: /loop")
        with pytest.raises(Refused, match="leads on more than 3 times"):
            one.fetch(f"{server.at}/loop", 5)
    assert server.asked.count("/loop") == 4


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/a.png",
        "http://[::ffff:10.0.0.1]/a.png",
        "file:///etc/passwd",
        "http://127.0.0.1:6379/",
        "http://user:password@127.0.0.1/a.png",
    ],
)
def test_each_hop_is_checked(server, target):
    server.answers["/away"] = answer(b"", "302 Found", f"Location: {target}")
    with getting() as one:
        with pytest.raises(LongshoreError) as first:
            one.fetch(f"{server.at}/away", 5)
        with pytest.raises(LongshoreError):
            one.fetch(target, 5)
    assert isinstance(first.value, Refused | Transient)
    assert server.asked == ["/away"]


def test_a_name_that_changes_its_address_is_caught(server):
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    server.answers["/first"] = answer(b"", "302 Found", f"Location: http://rebinding.test:{server.port}/second")
    with getting(resolver=lambda host, port: next(answers)) as one, pytest.raises(Refused, match="may not be reached"):
        one.fetch(f"http://rebinding.test:{server.port}/first", 5)
    assert server.asked == ["/first"]


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"], ids=["head", "body"]
)
def test_a_server_that_takes_its_time_is_left(server, start):
    server.answers["/slow"] = drip(start)
    began = time.monotonic()
    with getting(seconds=0.5) as one:
        with pytest.raises(Transient, match="Fetching the pictures"):
            one.fetch(f"{server.at}/slow", 5)
        with pytest.raises(Transient, match="Fetching the pictures"):
            one.fetch(f"{server.at}/a.png", 5)
    assert time.monotonic() - began < 2
    assert server.asked == ["/slow"]


def test_a_name_server_that_takes_its_time_is_left():
    waiting = threading.Event()

    def slow(host: str, port: int) -> list[str]:
        waiting.wait(20)
        return ["127.0.0.1"]

    began = time.monotonic()
    with getting(seconds=0.3, resolver=slow) as one, pytest.raises(Transient, match="Fetching the pictures"):
        one.fetch("http://slow.test/a.png", 5)
    assert time.monotonic() - began < 2
    waiting.set()


def test_an_answer_without_end_is_cut(server, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_BYTES", 100_000)
    sent = []

    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            sent.append(connection.send(b"\x89PNG\r\n\x1a\n" * 1000))

    server.answers["/huge"] = endless
    with getting() as one, pytest.raises(Refused, match="more than 100,000 bytes"):
        one.fetch(f"{server.at}/huge", 5)
    assert sum(sent) < 20_000_000


def test_all_pictures_together_have_a_limit(server, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_BYTES_ALL", 100)
    monkeypatch.setattr(pictures, "MAX_COUNT", 3)
    for number in range(5):
        server.answers[f"/{number}"] = answer(png()[: 60 + number])
    server.answers["/a.png"] = answer(png())
    with getting() as one:
        assert one.fetch(f"{server.at}/a.png", 5)
        for number in (1, 2):
            with pytest.raises(Refused, match="Use smaller ones"):
                one.fetch(f"{server.at}/{number}", 5)
        with pytest.raises(Refused, match="may refer to 3 pictures"):
            one.fetch(f"{server.at}/4", 5)
    assert server.asked == ["/a.png", "/1", "/2"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<!doctype html><p>Not found</p>", "not a PNG, JPEG, WebP, AVIF, HEIC, GIF or TIFF"),
        (b"II*\0" + b"\0" * 20, "TIFF"),
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n", "header is broken"),
        (png(size=(1, 1)).replace(b"\0\0\0\1\0\0\0\1", b"\0\0\xff\xff\0\0\xff\xff"), "broken|pixels"),
    ],
    ids=["html", "tiff", "empty", "cut", "65535 x 65535"],
)
def test_what_is_no_picture_is_refused(server, body, words):
    server.answers["/x"] = answer(body, "200 OK", "Content-Type: image/png")
    with getting() as one, pytest.raises(BadDocument, match=words):
        one.fetch(f"{server.at}/x", 5)


def test_an_error_of_the_server_is_told(server):
    server.answers["/x"] = answer(png(), "404 Not Found")
    server.answers["/junk"] = lambda connection: connection.sendall(b"SSH-2.0-OpenSSH\r\n")
    with getting() as one:
        with pytest.raises(Refused, match="answers 404"):
            one.fetch(f"{server.at}/x", 5)
        with pytest.raises(Transient, match="does not speak HTTP"):
            one.fetch(f"{server.at}/junk", 5)
