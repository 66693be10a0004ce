"""What every destination must do, whoever the provider is.

A destination's test subclasses `DestinationContract` and gives it a fixture `site`: a `Site` with a local server.
"""

from __future__ import annotations

import io
import threading
import time
from itertools import pairwise
from typing import Any

import pytest

from tests.contracts.removing_contract import RemovingContract
from tests.contracts.site import Job, Killed, Trickle, classified, noise
from tests.contracts.stopping_contract import StoppingContract
from tests.contracts.versions_contract import VersionsContract
from workers.destinations.base import Cancelled, Permanent, Receipt, Refused, Transient

MIB = 1024 * 1024
CLEANED = 2.0
"""Seconds after which a user who cancelled may count on it that nothing is left."""
NAMES = [
    "plain.txt", "two words.png", "Ünïcödé 世界 ελ ≠.svg", "🚢👩‍👩‍👧.png", "it's \"quoted\" & <tagged>.pdf",
    "a+b=c?d#e%20f%.txt",
    "line\nbreak\ttab\r.txt", "nul\0.txt", "back\\slash.txt", "sla/sh.txt", "../../escape.txt", "..", ".", ".hidden",
    "no-extension", "many.dots.tar.gz", " padded ", "semi;colon:pipe|star*.txt", "\u202etxt.exe", "e\u0301.txt",
    "x" * 300 + ".png", "界" * 120 + ".parquet", "a." + "y" * 300, "-rf", "~", "$(reboot).txt", "{name}.txt",
]  # fmt: skip


class DestinationContract(VersionsContract, RemovingContract, StoppingContract):
    """Subclass, and define the fixture `site`."""

    def test_the_connection_test_leaves_nothing_behind(self, site):
        report = site.destination().test()
        assert report.account
        assert set(report.rights) == {"write", "read", "delete"}
        assert site.visible() == []

    @pytest.mark.parametrize("size", ["0", "1", "part-1", "part", "part+1", "2*part", "3*part+7"])
    def test_every_size_arrives_whole_and_proven(self, site, size):
        content = noise(eval(size, {"part": site.part}))  # noqa: S307 - our own expressions, readable in the test's name
        job = Job(site, content)
        receipt = job.run()
        assert site.read(receipt) == content
        assert receipt.size == len(content)
        assert receipt.verified in {"checksum", "readback"}
        assert not receipt.skipped
        assert "://" in receipt.url
        assert len(site.visible()) == 1
        assert job.progress == sorted(job.progress)
        assert job.progress[-1] == len(content)
        steps = [0, *job.progress]
        assert max(after - before for before, after in pairwise(steps)) <= 2 * MIB
        assert site.unfinished() == []

    @pytest.mark.parametrize("name", NAMES, ids=[ascii(name)[:30] for name in NAMES])
    def test_nasty_names_stay_one_file_in_their_folder(self, site, name):
        receipt = Job(site, b"content", name=name).run()
        assert site.read(receipt) == b"content"
        assert len(site.visible()) == 1
        folder, _, last = site.visible()[0].rpartition("/")
        assert folder.endswith("reports/2026")
        assert last not in {"", ".", ".."}
        assert len(last.encode()) <= 255
        assert not any(ord(char) < 32 for char in last)
        if len(name) < 100 and name.rstrip().endswith((".png", ".txt")):
            assert last.endswith(name.strip()[-4:])

    def test_long_names_keep_their_extension_and_their_number(self, site):
        names = [Job(site, b"x", name="n" * 300 + ".png", conflict="rename", key=key).run().path for key in "abc"]
        assert len(set(names)) == len(site.visible()) == 3
        assert all(name.endswith(".png") for name in names)

    @pytest.mark.parametrize("size", [100, "large"])
    def test_overwrite_replaces(self, site, size):
        size = site.part + 1 if size == "large" else size
        Job(site, noise(size, 1), key="first").run()
        receipt = Job(site, noise(size, 2), key="second", conflict="overwrite").run()
        assert site.read(receipt) == noise(size, 2)
        assert len(site.visible()) == 1

    @pytest.mark.parametrize("size", [100, "large"])
    def test_rename_counts_up(self, site, size):
        content = noise(site.part + 1 if size == "large" else size)
        paths = [Job(site, content, name="a.png", conflict="rename", key=key).run().path for key in "abc"]
        assert [path.rpartition("/")[2] for path in paths] == ["a.png", "a (2).png", "a (3).png"]
        assert len(site.visible()) == 3

    def test_rename_finds_its_number_in_a_crowd_by_a_few_questions(self, site, monkeypatch):
        Job(site, b"first", name="a.png").run()
        for number in range(2, site.crowd + 1):
            site.put(f"a ({number}).png")
        asked, (whom, how) = [], site.asked
        really = getattr(whom, how)
        monkeypatch.setattr(whom, how, lambda *given, **more: asked.append(given) or really(*given, **more))
        receipt = Job(site, b"last", name="a.png", conflict="rename", key="last").run()
        assert receipt.path.rpartition("/")[2] == f"a ({site.crowd + 1}).png"
        assert site.read(receipt) == b"last"
        assert len(site.visible()) == site.crowd + 1
        assert len(asked) < 25

    @pytest.mark.parametrize("size", [100, "large"])
    def test_rename_that_was_not_recorded_is_recognised_whatever_came_after_it(self, site, size):
        content = noise(site.part + 9 if size == "large" else size)
        for number, key in enumerate("abcd"):
            Job(site, noise(50, number), name="a.png", conflict="rename", key=key).run()
        job = Job(site, content, name="a.png", conflict="rename", key="ours")
        first = job.run()
        for number, key in enumerate("efg"):
            Job(site, noise(50, number), name="a.png", conflict="rename", key=key).run()
        assert job.run().path == first.path
        assert len(site.visible()) == 8

    @pytest.mark.parametrize("size", [100, "large"])
    def test_skip_sends_nothing_and_says_so(self, site, size):
        size = site.part + 1 if size == "large" else size
        first = Job(site, noise(size, 1), key="first").run()
        before = site.received()
        receipt = Job(site, noise(size, 2), key="second", conflict="skip").run()
        assert receipt.skipped
        assert site.received() == before
        assert site.read(first) == noise(size, 1)
        assert site.unfinished() == []

    @pytest.mark.parametrize("size", [100, "large"])
    def test_fail_leaves_the_old_one_and_says_what_to_do(self, site, size):
        size = site.part + 1 if size == "large" else size
        first = Job(site, noise(size, 1), key="first").run()
        error = classified(site.destination(), Job(site, noise(size, 2), key="second"))
        assert type(error) is Permanent
        assert "exists already" in error.message
        assert site.read(first) == noise(size, 1)
        assert site.unfinished() == []

    @pytest.mark.parametrize("conflict", ["overwrite", "rename", "version", "skip", "fail"])
    def test_upload_resumes_after_the_worker_is_killed(self, site, conflict):
        content = noise(4 * site.part + 11)
        job = Job(site, content, conflict=conflict)
        job.stop_at = 2 * site.part + MIB
        with pytest.raises(Killed):
            job.run()
        assert site.visible() == []
        job.stop_at, before, job.paced = None, site.received(), 0
        receipt = job.run()
        assert site.read(receipt) == content
        assert job.paced == (2 * site.part + 11 if site.resumes else len(content)), "as much as is sent"
        assert not receipt.skipped
        assert site.received() - before == (2 * site.part + 11 if site.resumes else len(content))
        assert len(site.visible()) == 1
        assert site.unfinished() == []

    def test_an_upload_killed_again_and_again_arrives(self, site):
        content = noise(3 * site.part + 5)
        job = Job(site, content, conflict="rename")
        for stop in (1, site.part - 1, site.part, site.part + 1, 2 * site.part, 3 * site.part + 5):
            job.stop_at = stop
            with pytest.raises(Killed):
                job.run()
        job.stop_at = None
        assert site.read(job.run()) == content
        assert [path.rpartition("/")[2] for path in site.visible()] == ["file.bin"]

    @pytest.mark.parametrize("conflict", ["overwrite", "rename", "version", "skip", "fail"])
    @pytest.mark.parametrize("size", [100, "large"])
    def test_a_finished_upload_that_nobody_recorded_is_recognised(self, site, conflict, size):
        job = Job(site, noise(2 * site.part + 1 if size == "large" else size), conflict=conflict)
        first = job.run()
        before = site.received()
        assert job.paced == len(job.content)
        again = job.run()
        assert job.paced == len(job.content), "what is read to be compared waits for no limit of bandwidth"
        assert (again.path, again.skipped, again.verified) == (first.path, False, again.verified)
        assert again.verified in {"checksum", "readback"}
        assert site.received() == before
        assert len(site.visible()) == 1
        assert site.unfinished() == []

    def test_cancel_midway_and_discard_leave_nothing(self, site):
        job = Job(site, noise(3 * site.part))
        job.stop_at, job.stop = site.part + MIB, Cancelled("The user stopped it.")
        destination = site.destination()
        assert isinstance(classified(destination, job), Cancelled)
        assert site.unfinished() != [] or not site.resumes
        began = time.monotonic()
        destination.discard(job.checkpoint)
        assert time.monotonic() - began < CLEANED
        assert (site.visible(), site.unfinished()) == ([], [])
        site.destination().discard(job.checkpoint)
        site.destination().discard({})

    @pytest.mark.parametrize("size", [100, "large"])
    @pytest.mark.parametrize("damage", [lambda c: c[:-1], lambda c: c + b"x", lambda c: b"?" + c[1:], lambda c: b""])
    def test_a_damaged_artifact_never_becomes_visible(self, site, size, damage):
        job = Job(site, noise(site.part + 9 if size == "large" else size))
        job.reader = lambda content: io.BytesIO(damage(content))
        assert isinstance(classified(site.destination(), job), Transient)
        assert site.visible() == []
        job.reader = io.BytesIO
        assert site.read(job.run()) == job.content

    def test_a_source_that_cannot_seek_and_gives_little_at_a_time_arrives(self, site):
        job = Job(site, noise(2 * site.part + 3))
        job.reader, job.stop_at = Trickle, site.part + MIB
        with pytest.raises(Killed):
            job.run()
        job.stop_at = None
        assert site.read(job.run()) == job.content

    @pytest.mark.parametrize("conflict", ["fail", "rename", "skip"])
    def test_deliveries_that_race_for_one_name_are_all_right(self, site, conflict):
        jobs = [Job(site, noise(1000, seed), conflict=conflict, key=f"racer-{seed}") for seed in range(6)]
        outcomes: list[Any] = [None] * len(jobs)
        barrier = threading.Barrier(len(jobs))

        def race(index: int) -> None:
            destination = site.destination()
            barrier.wait()
            for _ in range(200):
                try:
                    outcomes[index] = jobs[index].run(destination)
                except Exception as error:  # noqa: BLE001 - sorted out below
                    outcomes[index] = destination.classify(error)
                if not isinstance(outcomes[index], Transient):
                    break
                time.sleep(0.05)  # another one has the name: each attempt is made again, as by the queue

        threads = [threading.Thread(target=race, args=(index,)) for index in range(len(jobs))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        won = [
            (job, one) for job, one in zip(jobs, outcomes, strict=True) if isinstance(one, Receipt) and not one.skipped
        ]
        for job, receipt in won:
            assert site.read(receipt) == job.content
        assert len({receipt.path for _, receipt in won}) == len(won) == len(site.visible())
        assert len(won) == (len(jobs) if conflict == "rename" else 1), outcomes
        if conflict == "fail":
            assert sum(type(one) is Permanent for one in outcomes) == len(jobs) - 1
        assert site.unfinished() == []

    @pytest.mark.parametrize("ending", ["resumed", "discarded"])
    @pytest.mark.parametrize("size", [100, "large"])
    def test_the_equal_file_of_another_delivery_is_neither_taken_for_ours_nor_removed(self, site, size, ending):
        content = noise(site.part + 9 if size == "large" else size)
        for save in range(1, 9):
            ours, theirs = (
                Job(site, content, name=f"{save}.bin", conflict="rename", key=f"{who}-{save}") for who in "ab"
            )
            ours.stop_at_save = save
            try:
                first = ours.run()
            except Killed:
                first = None
            time.sleep(site.apart)
            second = theirs.run()
            if ending == "resumed":
                ours.stop_at_save = None
                assert (first or ours.run()).path != second.path
                assert site.read(second) == content
            elif first is None:
                site.destination().discard(ours.checkpoint)
                assert site.read(second) == content
            if first is not None:
                break
        assert site.unfinished() == []

    @pytest.mark.parametrize("folder", ["../out", "a/../../out", "..", "a/..", "..\\out"])
    def test_a_folder_that_leads_upwards_is_refused(self, site, folder):
        job = Job(site, b"x")
        job.folder = folder
        assert isinstance(classified(site.destination(), job), Refused)
        assert site.visible() == []

    def test_our_own_errors_are_handed_on_as_they_are(self, site):
        for error in (Cancelled("x"), Permanent("x"), Transient("x", retry_after=3)):
            assert site.destination().classify(error) is error
        assert site.destination().classify(RuntimeError("what is this?")).message
