"""Provider and fault, what becomes of the delivery, and how much was sent for it: `python -m tests.slow` prints it.

Each cell is a delivery with its attempts, as workers/deliver.py makes them: after Transient it is tried again, after
NeedsReconnect it is blocked, after Permanent it has failed. Nothing may be lost, doubled or silently wrong. What
`kill -9` ends is a process of its own.
"""

from __future__ import annotations

import io
import time
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from tests.contracts.destination_contract import NAMES
from tests.contracts.fault_stand import FAULTS, PROVIDERS, Stand
from tests.contracts.killing import killed_and_tried_again
from tests.contracts.mortal_upload import FIRST, POINTS, VISIBLE
from tests.contracts.site import Job, Killed, classified, noise
from workers.destinations.base import Cancelled, NeedsReconnect, Permanent, Transient

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
MORE = ("0 bytes", "step -1, ±0, +1", "nasty names", "cancel", *(f"kill -9 {point}" for point in POINTS))
ATTEMPTS = 4
CELLS: dict[tuple[str, str], str] = {}
REASONS: dict[str, None] = {}


def deliver(stand: Stand, job: Job) -> tuple[str, list[Any]]:
    """How it ends, and the errors on the way. What lasts is mended after the first attempt, as people do."""
    errors: list[Any] = []
    for _ in range(ATTEMPTS):
        destination = stand.site.destination()
        try:
            receipt = job.run(destination)
        except Exception as error:  # noqa: BLE001 - classify takes every error
            errors.append(destination.classify(error))
            if not isinstance(errors[-1], Transient):
                return {NeedsReconnect: "blocked", Permanent: "failed"}[type(errors[-1])], errors
            stand.mend()
        else:
            assert stand.site.read(receipt) == job.content
            assert receipt.verified in {"checksum", "readback"}
            assert not receipt.skipped
            return ("retried, " if errors else "") + "completed", errors
    pytest.fail(f"never arrived: {errors}")


def whole(stand: Stand, job: Job) -> None:
    """It is there once, under its name, and nothing is beside it."""
    assert list(stand.site.contents().values()) == [job.content]
    assert stand.site.visible()[0].endswith(f"/{job.name}")
    assert stand.site.unfinished() == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_as_it_should(stand, provider, fault):
    if fault in stand.not_here:
        CELLS[provider, fault] = "n/a"
        REASONS[f"{provider}, {fault}: {stand.not_here[fault]}"] = None
        return
    site, job = stand.site, Job(stand.site, noise(stand.large))
    if fault == "name taken":
        first = Job(site, b"theirs", key="first").run()
        outcome, errors = deliver(stand, job)
        assert site.read(first) == b"theirs"
        assert len(site.visible()) == 1
        CELLS[provider, fault] = outcome
        assert (outcome, len(errors)) == ("failed", 1)
        assert "exists already" in errors[0].message
        assert site.received() <= len(b"theirs")
        return
    if fault == "session gone":
        job.stop_at = stand.large // 2
        with pytest.raises(Killed):
            job.run()
        job.stop_at = None
    before = site.received()
    stand.arms[fault]()
    outcome, errors = deliver(stand, job)
    ratio = (site.received() - before) / stand.large
    CELLS[provider, fault] = f"{outcome} {ratio:.2f}"
    if fault == "revoked credentials":
        assert (outcome, len(errors)) == ("blocked", 1)
        assert site.visible() == []
        assert ratio == 0 or stand.resends
        return
    if fault == "quota full":
        assert outcome == stand.full
        assert errors[0].retry_after == 300 if outcome != "failed" else "Make room" in errors[0].message
    if outcome == "failed":
        assert (fault, site.visible(), site.unfinished()) == ("quota full", [], [])
        return
    assert outcome.endswith("completed")
    assert len(errors) <= 2
    whole(stand, job)
    limit = 2.0 if fault in {"flipped byte", "truncated, answered 200", "session gone"} else 1.5
    limit = stand.resends or limit + stand.ahead * site.part / stand.large
    assert ratio <= (1.0 if fault == "timeout after commit" and not stand.resends else limit)
    if fault == "429 with Retry-After":
        assert errors[0].retry_after == stand.retry_after


def test_sizes_at_the_edges_of_a_step(stand, provider):
    site, part = stand.site, stand.site.part
    for number, size in enumerate((0, part - 1, part, part + 1)):
        job = Job(site, noise(size), name=f"{number}.bin", key=str(number))
        outcome, _ = deliver(stand, job)
        assert outcome == "completed"
        CELLS[provider, MORE[0] if size == 0 else MORE[1]] = f"{outcome} 1.00" if size else outcome
    assert len(site.visible()) == 4
    assert site.received() == 3 * part
    assert site.unfinished() == []


def test_nasty_names(stand, provider):
    done = 0
    for number, name in enumerate(NAMES):
        job = Job(stand.site, f"{number}".encode(), name=name, key=str(number), conflict="rename")
        done += deliver(stand, job)[0] == "completed"
    CELLS[provider, MORE[2]] = f"completed {done}/{len(NAMES)}"
    assert len(stand.site.visible()) == done == len(NAMES)
    assert sorted(stand.site.contents().values()) == sorted(f"{n}".encode() for n in range(len(NAMES)))


def test_cancelling_takes_less_than_two_seconds_and_leaves_nothing(stand, provider):
    job = Job(stand.site, noise(stand.large))
    stopped = []

    def stop(total):
        if total >= stand.large // 2:
            stopped.append(time.monotonic())
            raise Cancelled("The user stopped it.")

    job._sent = stop
    destination = stand.site.destination()
    assert isinstance(classified(destination, job), Cancelled)
    destination.discard(job.checkpoint)
    seconds = time.monotonic() - stopped[0]
    CELLS[provider, MORE[3]] = f"cancelled {seconds:.1f} s"
    assert seconds < 2
    assert (stand.site.visible(), stand.site.unfinished()) == ([], [])


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_process_delivers_once_in_its_next_attempt(stand, provider, point, tmp_path):
    ratio = killed_and_tried_again(provider, stand, point, tmp_path)
    CELLS[provider, f"kill -9 {point}"] = f"completed {ratio:.2f}"
    assert ratio <= (stand.resends or 1.25)
    if point in {FIRST, VISIBLE}:
        assert ratio == 1.0


def test_the_table(record_property):
    table = Table(title="What becomes of a delivery, and bytes sent ÷ size", title_justify="left")
    for heading in ("fault", *PROVIDERS):
        table.add_column(heading, overflow="fold")
    for fault in (*FAULTS, *MORE):
        table.add_row(fault, *(CELLS.get((one, fault), "") for one in PROVIDERS))
    paper = io.StringIO()
    console = Console(file=paper, width=150)
    console.print(table)
    console.print("n/a:", *REASONS, sep="\n  ", highlight=False, soft_wrap=True)
    cells = len(PROVIDERS) * (len(FAULTS) + len(MORE))
    record_property("table", paper.getvalue())
    record_property("target", f"{cells} cells, none lost, doubled or silently wrong")
    record_property("figure", f"{len(CELLS)} of {cells}, {sum(cell == 'n/a' for cell in CELLS.values())} n/a")
    assert len(CELLS) == cells, "run the whole file, in one process"
