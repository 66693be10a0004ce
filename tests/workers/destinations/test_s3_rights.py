from __future__ import annotations

import pytest

from longshore.errors import NeedsReconnect, Transient
from tests.contracts.s3_servers import Answer


def forbid(site, *methods):
    site.proxy.answer = lambda seen: Answer(403) if seen.method in methods else None


@pytest.mark.parametrize(
    ("forbidden", "rights"),
    [
        ((), {"write", "read", "delete"}),
        (("GET", "HEAD"), {"write", "delete"}),
        (("DELETE",), {"write", "read"}),
        (("GET", "HEAD", "DELETE"), {"write"}),
    ],
)
def test_the_rights_that_there_are_are_reported(on_moto, forbidden, rights):
    forbid(on_moto, *forbidden)
    report = on_moto.destination().test()
    assert set(report.rights) == rights
    assert bool(report.note) == bool(forbidden)
    left = on_moto.visible()
    assert len(left) == ("DELETE" in forbidden)
    assert all(key in report.note for key in left)


def test_a_key_that_may_not_write_asks_to_reconnect(on_moto):
    forbid(on_moto, "PUT")
    with pytest.raises(NeedsReconnect):
        on_moto.destination().test()


def test_an_archive_s_storage_class_can_be_written_and_not_read(on_moto):
    report = on_moto.destination(storage_class="GLACIER").test()
    assert set(report.rights) == {"write", "delete"}


@pytest.mark.parametrize("answer", [Answer(500), Answer(200, b"other bytes")])
def test_the_marker_is_removed_though_reading_it_fails(on_moto, answer):
    on_moto.proxy.answer = lambda seen: answer if seen.method == "GET" else None
    with pytest.raises(Transient):
        on_moto.destination().test()
    assert on_moto.visible() == []
