from __future__ import annotations

import socket
import threading
import time

import pytest

from longshore.errors import Cancelled
from workers.interrupt import Interrupt


def after(seconds, work):
    threading.Timer(seconds, work).start()


def test_a_system_call_that_waits_is_left_at_once():
    ours, theirs = socket.socketpair()
    stop = Interrupt()
    after(0.2, stop.now)
    began = time.monotonic()
    with pytest.raises(Cancelled), stop:
        ours.recv(1)
    assert time.monotonic() - began < 1
    ours.close()
    theirs.close()


def test_a_send_that_nobody_reads_is_left_at_once():
    ours, theirs = socket.socketpair()
    stop = Interrupt()
    after(0.2, stop.now)
    began = time.monotonic()
    with pytest.raises(Cancelled), stop:
        ours.sendall(bytes(64 * 1024 * 1024))
    assert time.monotonic() - began < 1
    ours.close()
    theirs.close()


def test_what_is_held_is_done_to_its_end_and_then_left():
    stop, done = Interrupt(), []

    def work():
        with stop:
            with stop.held():
                stop.now()
                time.sleep(0.1)
                done.append("committed")
            done.append("went on")

    with pytest.raises(Cancelled):
        work()
    assert done == ["committed"]


def test_an_interrupt_that_comes_too_late_changes_nothing():
    stop = Interrupt()
    with stop:
        pass
    stop.now()
    time.sleep(0.05)


def test_an_interrupt_that_came_before_is_not_forgotten():
    stop = Interrupt()
    stop.now()
    with pytest.raises(Cancelled), stop:
        pytest.fail("the block was entered")


def test_outside_the_main_thread_the_code_asks_by_itself():
    seen = []

    def work():
        stop = Interrupt()
        with stop:
            stop.now()
            try:
                stop.check()
            except Cancelled:
                seen.append("cancelled")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == ["cancelled"]
