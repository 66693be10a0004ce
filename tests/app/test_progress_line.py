from __future__ import annotations

from typing import Any

from app.progress_line import progress_of


def delivery(**more: Any) -> dict[str, Any]:
    idle = {"state": "pending", "percent": 0.0, "rate": None, "eta_seconds": None, "waits_for": None}
    return {**idle, "bytes_sent": 0, "size": None, **more}


def sending(sent: int, size: int, rate: float, left: int | None) -> dict[str, Any]:
    percent = 100 * sent / size
    return delivery(state="uploading", bytes_sent=sent, size=size, percent=percent, rate=rate, eta_seconds=left)


def delivering(*deliveries: dict[str, Any]) -> tuple[float, str]:
    return progress_of({"phase": "delivering", "progress": 50.0, "deliveries": list(deliveries)})


def test_before_it_is_delivered_the_phase_is_told() -> None:
    assert progress_of({"phase": "rendering", "progress": 5.0, "deliveries": [delivery()]}) == (5.0, "rendering")


def test_a_delivery_tells_how_far_how_fast_and_how_long() -> None:
    assert delivering(sending(3_200_000, 10_000_000, 1_100_000, 6)) == (66.0, "3.2 MB of 10.0 MB, 1.1 MB/s, 6 s left")


def test_several_are_told_as_one() -> None:
    percent, words = delivering(sending(500, 1000, 100, 5), sending(0, 3_000_000_000, 1_000_000, 3000), delivery())
    assert (round(percent, 1), words) == (58.3, "500 B of 3.0 GB, 1.0 MB/s, 50:00 min left")


def test_hours_are_hours() -> None:
    assert delivering(sending(0, 10**12, 10**7, 100_000))[1].endswith("27:46 h left")


def test_what_waits_says_for_what() -> None:
    assert delivering(delivery(waits_for="The connection is switched off."))[1] == "The connection is switched off."
