"""What a cancel must do, whoever the provider is: part of the destinations' contract."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from tests.contracts.site import Job, noise
from workers.destinations.base import Cancelled, Destination
from workers.interrupt import Interrupt

MIB = 1024 * 1024
SOON = 1.0
"""Seconds: the heartbeat needs up to one more to notice that the user cancelled."""


def cancelled(job: Job, destination: Destination, stalled: threading.Event) -> float:
    """Run the upload and cancel it when it stalls; the seconds that this took.

    From then on `sent` raises, as a delivery's does: whoever cleans up afterwards must not call it.
    """
    stop, told = Interrupt(), list[float]()
    given = job.attempt

    def attempt() -> Any:
        upload = given()
        upload.note, told_of = upload.save, upload.sent

        def sent(total: int) -> None:
            if stop.asked:
                raise Cancelled("Stopped.")
            told_of(total)

        upload.sent = sent
        return upload

    def cancel() -> None:
        assert stalled.wait(30)
        time.sleep(0.1)
        told.append(time.monotonic())
        stop.now()

    thread = threading.Thread(target=cancel)
    thread.start()
    job.attempt = attempt  # type: ignore[method-assign]
    try:
        with stop:
            receipt = job.run(destination)
    except Exception:
        if not stop.asked:
            raise
        took = time.monotonic() - told[0]  # a library may wrap what interrupts it
    else:
        pytest.fail(f"the upload succeeded: {receipt}")
    finally:
        thread.join()
    return took


class StoppingContract:
    def test_a_cancel_stops_a_chunk_that_is_stuck_and_leaves_nothing(self, site, record_property):
        job = Job(site, noise(3 * site.part))
        with site.stalling(after=site.part + MIB) as (destination, line):
            took = cancelled(job, destination, line.stalled)
            line.go()
            time.sleep(site.settles)
            destination.discard(job.checkpoint or {})
        record_property("target", f"at most {SOON:g} s after it is noticed")
        record_property("figure", f"{type(destination).__name__}: {took:.2f} s")
        assert took < SOON, took
        assert (site.visible(), site.unfinished()) == ([], [])

    @pytest.mark.parametrize("size", [100, "large"])
    def test_a_cancel_that_comes_with_the_last_answer_leaves_nothing(self, site, size):
        job = Job(site, noise(site.part + 9 if size == "large" else size), conflict="rename")
        with site.stalling(before_answer=lambda: bool(site.visible())) as (destination, line):
            took = cancelled(job, destination, line.stalled)
            line.go()
            assert len(site.visible()) == 1, "it became visible in that moment"
            destination.discard(job.checkpoint or {})
        assert took < SOON, took
        assert (site.visible(), site.unfinished()) == ([], [])

    def test_a_cancel_never_takes_away_what_was_there_before(self, site):
        old = Job(site, noise(1000, 1), key="old").run()
        job = Job(site, noise(1000, 2), key="new", conflict="rename")
        with site.stalling(before_answer=lambda: len(site.visible()) == 2) as (destination, line):
            cancelled(job, destination, line.stalled)
            line.go()
            destination.discard(job.checkpoint or {})
        assert site.read(old) == noise(1000, 1)
        assert len(site.visible()) == 1
