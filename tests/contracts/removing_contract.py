"""What `remove` must do, whoever the provider is: part of the destinations' contract."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from tests.contracts.site import Job, noise
from tests.contracts.versions_contract import all_at_once
from workers.destinations.base import Receipt


def recorded(receipt: Receipt) -> Receipt:
    """As it comes back from the database."""
    return Receipt(**json.loads(json.dumps(asdict(receipt))))


class RemovingContract:
    @pytest.mark.parametrize("size", [0, 100, "large"])
    def test_what_was_delivered_is_removed_once_and_nothing_beside_it(self, site, size):
        size = site.part + 1 if size == "large" else size
        other = Job(site, noise(50, 5), name="other.png", key="other").run()
        receipt = recorded(Job(site, noise(size, 1), name="a.png").run())
        assert site.destination().remove(receipt) is True
        assert site.visible() == [*site.contents()]
        assert site.read(other) == noise(50, 5)
        assert len(site.visible()) == 1
        assert site.destination().remove(receipt) is False

    @pytest.mark.parametrize("size", [100, "large"])
    def test_what_somebody_else_put_there_is_not_removed(self, site, size):
        size = site.part + 1 if size == "large" else size
        receipt = recorded(Job(site, noise(size, 1), name="a.png", key="first").run())
        later = Job(site, noise(size, 2), name="a.png", key="second", conflict="overwrite").run()
        assert site.destination().remove(receipt) is False
        assert site.read(later) == noise(size, 2)

    @pytest.mark.parametrize("size", [100, "large"])
    def test_what_was_moved_aside_is_removed_by_its_receipt_and_nothing_else(self, site, size):
        size = site.part + 1 if size == "large" else size
        contents = [noise(size, seed) for seed in range(3)]
        receipts = [
            recorded(Job(site, content, name="a.png", key=f"job-{number}", conflict="version").run())
            for number, content in enumerate(contents)
        ]
        remove = site.destination().remove_aside
        assert remove(receipts[0], receipts[1]) is True
        assert sorted(site.contents().values()) == sorted(contents[1:])
        assert remove(receipts[0], receipts[1]) is False
        assert remove(receipts[1], receipts[2]) is True
        assert list(site.contents().values()) == contents[2:]
        assert site.unfinished() == []

    def test_what_others_had_under_the_name_stays_where_it_was_moved_aside(self, site):
        gone = recorded(Job(site, noise(100, 1), name="a.png", key="ours").run())
        assert site.destination().remove(gone) is True
        Job(site, noise(100, 2), name="a.png", key="theirs").run()
        later = recorded(Job(site, noise(100, 3), name="a.png", key="later", conflict="version").run())
        assert site.destination().remove_aside(gone, later) is False
        assert sorted(site.contents().values()) == sorted([noise(100, 2), noise(100, 3)])

    def test_what_was_not_sent_is_not_removed(self, site):
        first = Job(site, b"mine", name="a.png", key="first").run()
        skipped = Job(site, b"mine", name="a.png", key="second", conflict="skip").run()
        assert site.destination().remove(recorded(skipped)) is False
        assert site.read(first) == b"mine"

    def test_removing_while_somebody_replaces_it_never_removes_the_new_one(self, site):
        if not site.atomic_remove:
            pytest.skip("this server deletes in two steps")
        receipt = recorded(Job(site, noise(1000, 1), name="a.png", key="first").run())
        later = Job(site, noise(1000, 2), name="a.png", key="second", conflict="overwrite")
        removed, arrived = all_at_once([lambda: site.destination().remove(receipt), later.run])
        arrived = later.run() if isinstance(arrived, Exception) else arrived
        assert removed in {True, False}
        assert isinstance(arrived, Receipt)
        assert later.content in site.contents().values()
