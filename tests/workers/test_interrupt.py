from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
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
    assert time.monotonic() - began < 5
    ours.close()
    theirs.close()


def test_a_send_that_nobody_reads_is_left_at_once():
    ours, theirs = socket.socketpair()
    stop = Interrupt()
    after(0.2, stop.now)
    began = time.monotonic()
    with pytest.raises(Cancelled), stop:
        ours.sendall(bytes(64 * 1024 * 1024))
    assert time.monotonic() - began < 5
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


def test_a_process_outlives_an_interrupt_that_comes_before_its_first_block():
    script = """
from longshore.errors import Cancelled
from workers.interrupt import Interrupt
stop = Interrupt()
stop.now()
try:
    with stop:
        print("entered")
except Cancelled:
    print("cancelled")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "cancelled\n"), done.stderr


def test_a_signal_that_arrives_after_its_block_was_refused_interrupts_nothing():
    stop = Interrupt()
    stop._asked.set()
    with pytest.raises(Cancelled), stop:
        pytest.fail("the block was entered")
    os.kill(os.getpid(), signal.SIGUSR2)
    time.sleep(0.05)
