"""An export under way as a bar's length and a few words: what is sent, how fast, how long it will take."""

from __future__ import annotations

from typing import Any

KB, UNITS = 1000, ("B", "kB", "MB", "GB", "TB")
MINUTE, HOUR = 60, 3600


def progress_of(export: dict[str, Any]) -> tuple[float, str]:
    """Percent and words for an export as the API shows it. Its deliveries are the second half of the way."""
    deliveries = export.get("deliveries") or []
    if export["phase"] != "delivering" or not deliveries:
        return float(export["progress"]), str(export["phase"])
    done = sum(100.0 if one["state"] == "completed" else one["percent"] for one in deliveries) / len(deliveries)
    sending = [one for one in deliveries if one["state"] == "uploading" and one["rate"]]
    waiting = [one["waits_for"] for one in deliveries if one["waits_for"]]
    if not sending:
        return 50 + done / 2, waiting[0] if waiting else "delivering"
    sent, size = (sum(one[name] or 0 for one in sending) for name in ("bytes_sent", "size"))
    words = [f"{_bytes(sent)} of {_bytes(size)}", f"{_bytes(sum(one['rate'] for one in sending))}/s"]
    left = [one["eta_seconds"] for one in sending if one["eta_seconds"] is not None]
    if left:
        words.append(f"{_seconds(max(left))} left")
    return 50 + done / 2, ", ".join(words)


def _bytes(count: float) -> str:
    step = 0
    while count >= KB and step < len(UNITS) - 1:
        count, step = count / KB, step + 1
    return f"{count:.{1 if step else 0}f} {UNITS[step]}"


def _seconds(count: int) -> str:
    if count < MINUTE:
        return f"{count} s"
    if count < HOUR:
        return f"{count // MINUTE}:{count % MINUTE:02} min"
    return f"{count // HOUR}:{count % HOUR // MINUTE:02} h"
