from __future__ import annotations

import threading

import pytest

from longshore.errors import Transient
from tests.contracts.s3_servers import Answer
from tests.contracts.s3_site import MIB
from tests.contracts.site import Job, Killed, classified, noise

PATIENCE = 20.0


def number_of(seen):
    return int(seen.query["partNumber"][0]) if seen.method == "PUT" and "partNumber" in seen.query else 0


def test_a_part_leaves_while_the_answer_to_the_one_before_is_awaited(s3_site):
    second, waited = threading.Event(), []

    def answer(seen):
        if number_of(seen) == 1:
            waited.append(second.wait(PATIENCE))
        elif number_of(seen) == 2:
            second.set()

    s3_site.proxy.answer = answer
    job = Job(s3_site, noise(16 * MIB))
    assert s3_site.read(job.run()) == job.content
    assert waited == [True]


def test_a_third_part_waits_while_two_are_unanswered(s3_site):
    """What a worker that is killed loses stays bounded, however slowly the endpoint answers."""
    third, early = threading.Event(), []

    def answer(seen):
        if number_of(seen) in {1, 2}:
            early.append(third.wait(1.0))
        elif number_of(seen) == 3:
            third.set()

    s3_site.proxy.answer = answer
    job = Job(s3_site, noise(16 * MIB))
    assert s3_site.read(job.run()) == job.content
    assert early[0] is False


def test_a_refused_part_ends_the_upload_while_the_next_is_answered(on_moto):
    second, over = threading.Event(), threading.Event()

    def answer(seen):
        if number_of(seen) == 1:
            second.wait(PATIENCE)
            return Answer(503)
        if number_of(seen) == 2:
            second.set()
            over.wait(PATIENCE)
        return None

    on_moto.proxy.answer = answer
    try:
        assert isinstance(classified(on_moto.destination(), Job(on_moto, noise(16 * MIB))), Transient)
    finally:
        ended_before_the_answer = not over.is_set()
        over.set()
    assert ended_before_the_answer
    assert 3 not in on_moto.proxy.parts()


def test_no_request_of_an_upload_that_broke_off_is_left(on_moto):
    destination, over = on_moto.destination(), threading.Event()
    on_moto.proxy.answer = lambda seen: over.wait(PATIENCE) and None if number_of(seen) == 1 else None
    job = Job(on_moto, noise(16 * MIB))
    job.stop_at = 9 * MIB
    with pytest.raises(Killed):
        job.run(destination)
    try:
        assert [one.name for one in threading.enumerate() if one.name.startswith("s3-")] == []
    finally:
        over.set()
    job.stop_at = None
    assert on_moto.read(job.run(destination)) == job.content


def test_parts_that_the_endpoint_lacks_in_the_middle_are_sent_alone(on_moto):
    job = Job(on_moto, noise(21 * MIB))
    on_moto.proxy.answer = lambda seen: Answer(503) if number_of(seen) == 5 else None
    assert isinstance(classified(on_moto.destination(), job), Transient)
    on_moto.proxy.answer = lambda seen: None
    on_moto.proxy.seen.clear()
    assert on_moto.read(job.run()) == job.content
    assert on_moto.proxy.parts() == [5]
