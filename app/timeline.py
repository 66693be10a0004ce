"""An export's history in plain words."""

from __future__ import annotations

from typing import Any

from longshore.models import Delivery, Event, Export
from workers.destinations import named, names

EXPORT = {
    "export.initiated": "Accepted: {kind} to {format}.",
    "export.processing": "Work on it began{again}.",
    "export.completed": "Done: everything arrived.",
    "export.partial": "Ended in part. {error}",
    "export.failed": "Failed. {error}",
    "export.cancelled": "Stopped.",
    "export.expired": "The artifact was deleted: its time was up, or it was downloaded.",
}
DELIVERY = {
    "delivery.pending": "In line again for {place}.",
    "delivery.uploading": "Upload to {place} began{again}.",
    "delivery.progress": "{percent} % sent to {place}{left}.",
    "delivery.waiting": "Waits until {place} works again: its deliveries failed in a row.",
    "connection.circuit_open": "Deliveries to {place} failed in a row: all of the connection wait for a while. {error}",
    "connection.circuit_closed": "{place} works again: deliveries of the connection go on.",
    "delivery.retrying": "Upload to {place} failed and will be tried again. {error}",
    "delivery.completed": "Arrived at {place}.",
    "delivery.failed": "Upload to {place} was given up. {error}",
    "delivery.cancelled": "Delivery to {place} was stopped.",
    "delivery.removed": "Removed from {place} again by a rule of its connection: {why}.",
    "delivery.let_go": "Not removed from {place}: it is gone, or no longer what was delivered.",
    "delivery.blocked": "Delivery to {place} waits until its connection is renewed. {error}",
}


def text(event: Event, export: Export, delivery: Delivery | None) -> str:
    """One event as a sentence; an event of a kind unknown here is shown by its name."""
    sentence = EXPORT.get(event.kind) or DELIVERY.get(event.kind)
    if sentence is None:
        return event.kind
    data: dict[str, Any] = event.data
    words = {
        "kind": export.kind,
        "format": export.format.upper(),
        "place": _place(delivery),
        "percent": data.get("percent", "?"),
        "error": data.get("error_message", ""),
        "why": data.get("why", ""),
        "left": f", {data['eta_seconds']} s left" if data.get("eta_seconds") else "",
        "again": f", attempt {data['attempt']}" if data.get("attempt", 1) > 1 else "",
    }
    return sentence.format(**words).strip()


def _place(delivery: Delivery | None) -> str:
    """The provider's name, and the folder where there is one."""
    if delivery is None:
        return "a deleted destination"
    label = named(delivery.destination).label if delivery.destination in names() else delivery.destination
    folder = delivery.folder if delivery.final_folder is None else delivery.final_folder
    return f"{label} ({folder})" if folder else label
