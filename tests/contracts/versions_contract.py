"""What conflict policy `version` must do, whoever the provider is: part of the destinations' contract."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.contracts.site import Job, Killed, noise
from workers.destinations.base import Receipt

DATED = re.compile(r"a \(20\d\d-\d\d-\d\d \d\d\.\d\d\.\d\d\)( \(\d+\))?\.png")


def names(site: Any) -> list[str]:
    return sorted(path.rpartition("/")[2] for path in site.visible())


def bytes_of(site: Any) -> list[bytes]:
    return sorted(site.contents().values())


def all_at_once(works: list[Callable[[], Any]]) -> list[Any]:
    """What each gives, or raises; all begin together."""
    outcomes: list[Any] = [None] * len(works)
    barrier = threading.Barrier(len(works))

    def run(index: int) -> None:
        barrier.wait()
        try:
            outcomes[index] = works[index]()
        except Exception as error:  # noqa: BLE001 - the caller looks at it
            outcomes[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


class VersionsContract:
    def test_version_takes_a_free_name_as_it_is(self, site):
        receipt = Job(site, b"one", name="a.png", conflict="version").run()
        assert site.read(receipt) == b"one"
        assert names(site) == ["a.png"]

    @pytest.mark.parametrize("size", [100, "large"])
    def test_version_keeps_every_old_one_beside_with_its_date(self, site, size):
        size = site.part + 1 if size == "large" else size
        contents = [noise(size, seed) for seed in range(3)]
        for number, content in enumerate(contents):
            receipt = Job(site, content, name="a.png", conflict="version", key=f"job-{number}").run()
            assert receipt.path.endswith("/a.png")
            assert site.read(receipt) == content
            assert not receipt.skipped
        assert bytes_of(site) == sorted(contents)
        assert sum(bool(DATED.fullmatch(name)) for name in names(site)) == 2
        assert site.unfinished() == []

    def test_version_shortens_long_names_and_keeps_date_and_extension(self, site):
        for number in range(3):
            Job(site, noise(50, number), name="n" * 300 + ".png", conflict="version", key=f"job-{number}").run()
        assert len(bytes_of(site)) == 3
        assert all(len(name.encode()) <= 255 and name.endswith(".png") for name in names(site))
        assert sum("(20" in name for name in names(site)) == 2

    @pytest.mark.parametrize("size", [100, "large"])
    def test_version_killed_at_any_checkpoint_never_loses_the_old_one(self, site, size):
        size = 2 * site.part + 1 if size == "large" else size
        old = noise(size, 1)
        Job(site, old, name="a.png", key="first").run()
        job, stops = Job(site, noise(size, 2), name="a.png", conflict="version", key="second"), 0
        while True:
            stops += 1
            job.stop_at_save = stops
            try:
                receipt = job.run()
            except Killed:
                assert old in bytes_of(site)
            else:
                break
            assert stops < 30
        assert stops > 1 or size == 100, "what is small may need no checkpoint"
        assert site.read(receipt) == job.content
        assert bytes_of(site) == sorted([old, job.content])
        assert [bool(DATED.fullmatch(name)) for name in names(site)] == [True, False]

    def test_versions_that_race_for_one_name_all_arrive_and_none_is_lost(self, site):
        if not (site.atomic and site.atomic_copy):
            pytest.skip("this server takes names in two steps, or copies whatever has the name by then")
        old = noise(1000, 99)
        Job(site, old, name="a.png", key="old").run()
        jobs = [Job(site, noise(1000, seed), name="a.png", conflict="version", key=f"r-{seed}") for seed in range(4)]
        outcomes = all_at_once([lambda job=job: job.run(site.destination()) for job in jobs])
        for index, one in enumerate(outcomes):
            if isinstance(one, Exception):
                assert type(site.destination().classify(one)).__name__ == "Transient", one
                outcomes[index] = jobs[index].run()
        assert all(isinstance(one, Receipt) and not one.skipped for one in outcomes), outcomes
        assert bytes_of(site) == sorted([old, *(job.content for job in jobs)])
        assert names(site).count("a.png") == 1
        assert site.unfinished() == []
