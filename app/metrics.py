"""`/metrics` for Prometheus: how long requests take, counted here; states and ages, read from the database."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any

from apiflask import APIFlask
from flask import Response, g, request
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import guard
from longshore import lateness, pulses
from longshore.db import clock, reading
from longshore.models import Delivery, Export
from longshore.queue import QUEUES
from longshore.states import SETTLED, TERMINAL, DeliveryState, ExportState

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)
"""Seconds; the last one is the longest `Prefer: wait`."""

PLAIN_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"description": "Prometheus' text format", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


ENDED: Mapping[type[Export | Delivery], Sequence[str]] = {
    Export: [str(state) for state in ExportState if state in TERMINAL],
    Delivery: [str(state) for state in DeliveryState if state in SETTLED],
}
OPEN: Mapping[type[Export | Delivery], Sequence[str]] = {
    Export: [str(state) for state in ExportState if state not in TERMINAL],
    Delivery: [str(state) for state in DeliveryState if state not in SETTLED],
}

SHARE = 30
"""Counting takes at most this part of the time, however long the tables are."""


class Counts:
    """How many exports and deliveries have ended how, and how schedules are: found by reading whole indexes.

    What took long to count stands for so much longer: milliseconds in a small database, a minute where it took two
    seconds. What waits or is late is few, and counted anew each time.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._until = -math.inf
        self._ended: dict[type[Export | Delivery], dict[str, int]] = {}
        self._schedules: dict[lateness.Health, int] = {}

    def read(self, session: Session, now: datetime) -> tuple[list[dict[str, int]], dict[lateness.Health, int]]:
        """Exports by state, deliveries by state; schedules by health."""
        with self._lock:
            began = self._monotonic()
            if began >= self._until:
                self._ended = {model: _by_state(session, model, states) for model, states in ENDED.items()}
                self._schedules = lateness.counts(session, now)
                done = self._monotonic()
                self._until = done + SHARE * (done - began)
            ended, schedules = list(self._ended.items()), self._schedules
        by_state = [found | _by_state(session, model, OPEN[model]) for model, found in ended]
        return by_state, schedules | {lateness.Health.LATE: lateness.count_late(session, now)}


def _by_state(session: Session, model: type[Export | Delivery], states: Sequence[str]) -> dict[str, int]:
    query = select(model.state, func.count()).where(model.state.in_(states)).group_by(model.state)
    return dict.fromkeys(states, 0) | {row[0]: row[1] for row in session.execute(query)}


class States(Collector):
    """What the database knows, at the moment of the question; every process would say the same."""

    def __init__(self) -> None:
        self._counts = Counts()

    def collect(self) -> Iterator[Metric]:
        """Exports and deliveries by state, ages of the oldest waiting ones, ages of the pulses."""
        with reading() as session:
            now = clock(session)
            by_state, by_health = self._counts.read(session, now)
            for name, found in zip(("exports", "deliveries"), by_state, strict=True):
                gauge = GaugeMetricFamily(f"longshore_{name}", f"{name.capitalize()} by state.", labels=["state"])
                for state, number in found.items():
                    gauge.add_metric([state], number)
                yield gauge
            ages = GaugeMetricFamily("longshore_queue_age_seconds", "Age of the oldest waiting row.", labels=["queue"])
            for queue, query in (
                ("render", select(func.min(Export.created_at)).where(Export.state == str(ExportState.INITIATED))),
                ("upload", select(func.min(Delivery.sent_at)).where(Delivery.state == str(DeliveryState.PENDING))),
            ):
                oldest = session.scalar(query)
                ages.add_metric([queue], (now - oldest).total_seconds() if oldest else 0)
            yield ages
            schedules = GaugeMetricFamily("longshore_schedules", "Schedules by health.", labels=["health"])
            for one, number in by_health.items():
                schedules.add_metric([str(one)], number)
            yield schedules
            yield GaugeMetricFamily(
                "longshore_schedule_lag_seconds",
                "Since the slot was due that waits longest to be taken up.",
                lateness.longest_late(session, now)[0],
            )
            seen = GaugeMetricFamily("longshore_pulse_age_seconds", "Since a part last worked.", labels=["part"])
            worked = pulses.read(session)
            for part in sorted({pulses.BEAT, *map(pulses.queue_name, QUEUES)} | worked.keys()):
                # a part that never worked has a series as well, or nothing would alert on it
                seen.add_metric([part], (now - worked[part]).total_seconds() if part in worked else math.inf)
            yield seen


def install(app: APIFlask) -> None:
    """Measure every request of this application, and serve `/metrics`."""
    registry = CollectorRegistry()
    registry.register(States())
    durations = Histogram(
        "longshore_http_request_seconds",
        "Time to the first byte of an answer.",
        ["method", "route", "status"],
        registry=registry,
        buckets=BUCKETS,
    )

    @app.after_request
    def measure(answer: Response) -> Response:
        # The rule, not the path: ids in labels would make a series for each export.
        route = request.url_rule.rule if request.url_rule else "unknown"
        method = request.method if request.method in guard.METHODS else "other"
        durations.labels(method, route, str(answer.status_code)).observe(guard.seconds(g))
        return answer

    @app.get("/metrics")
    @app.doc(tags=["Health"], security=[{}], responses=PLAIN_TEXT)
    def metrics() -> Response:
        """Show the figures in Prometheus' text format."""
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
