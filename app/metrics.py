"""`/metrics` for Prometheus: how long requests take, counted here; states and ages, read from the database."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from apiflask import APIFlask
from flask import Response, g, request
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from app import guard
from longshore import lateness, pulses
from longshore.db import clock, reading
from longshore.models import Delivery, Export
from longshore.queue import QUEUES
from longshore.states import DeliveryState, ExportState

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)
"""Seconds; the last one is the longest `Prefer: wait`."""

PLAIN_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"description": "Prometheus' text format", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


class States(Collector):
    """What the database knows, at the moment of the question; every process would say the same."""

    def collect(self) -> Iterator[Metric]:
        """Exports and deliveries by state, ages of the oldest waiting ones, ages of the pulses."""
        count = func.count()
        with reading() as session:
            now = clock(session)
            for model, states, name in (
                (Export, ExportState, "longshore_exports"),
                (Delivery, DeliveryState, "longshore_deliveries"),
            ):
                found = {row[0]: row[1] for row in session.execute(select(model.state, count).group_by(model.state))}
                gauge = GaugeMetricFamily(name, f"{name.partition('_')[2].capitalize()} by state.", labels=["state"])
                for state in states:
                    gauge.add_metric([str(state)], found.get(str(state), 0))
                yield gauge
            ages = GaugeMetricFamily("longshore_queue_age_seconds", "Age of the oldest waiting row.", labels=["queue"])
            for queue, query in (
                ("render", select(func.min(Export.created_at)).where(Export.state == str(ExportState.INITIATED))),
                ("upload", select(func.min(Delivery.sent_at)).where(Delivery.state == str(DeliveryState.PENDING))),
            ):
                oldest = session.scalar(query)
                ages.add_metric([queue], (now - oldest).total_seconds() if oldest else 0)
            yield ages
            watched = lateness.watch(session, now)
            schedules = GaugeMetricFamily("longshore_schedules", "Schedules by health.", labels=["health"])
            for one, number in watched.counts.items():
                schedules.add_metric([str(one)], number)
            yield schedules
            yield GaugeMetricFamily(
                "longshore_schedule_lag_seconds",
                "Since the slot was due that waits longest to be taken up.",
                watched.lag,
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
