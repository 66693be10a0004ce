"""The Celery tasks: shells around plain functions. Each message carries one id."""

from __future__ import annotations

from longshore import pulses
from longshore.db import clock, transaction
from longshore.queue import CLEAN, PULSE, RENDER, RETAIN, SWEEP, TASKS, UPLOAD, celery
from workers.clean import clean
from workers.deliver import deliver
from workers.render import render_export
from workers.rescue import sweep
from workers.retain import retain

app = celery()


@app.task(name=TASKS[RENDER])
def render(export_id: str) -> None:
    """Render one export."""
    render_export(export_id)


@app.task(name=TASKS[UPLOAD])
def upload(delivery_id: str) -> None:
    """Deliver one artifact."""
    deliver(delivery_id)


@app.task(name=SWEEP)
def sweep_rows() -> None:
    """Look for lost and due rows."""
    sweep()


@app.task(name=CLEAN)
def clean_up() -> None:
    """Remove what has had its time."""
    clean()


@app.task(name=RETAIN)
def remove_old() -> None:
    """Remove what the rules of connections no longer keep."""
    retain()


@app.task(name=PULSE)
def pulse(queue: str) -> None:
    """Prove that a message of this queue reaches a worker that reaches the database."""
    with transaction() as session:
        pulses.write(session, pulses.queue_name(queue), now=clock(session))
