"""`celery -A workers worker -Q render` and `-Q upload`: what happens when a worker and its children start and stop."""

from __future__ import annotations

import sys
from typing import Any

from celery.signals import setup_logging, task_postrun, task_prerun, worker_process_init, worker_process_shutdown
from structlog.contextvars import bind_contextvars, clear_contextvars

from longshore.db import forget_engines
from longshore.logs import configure
from longshore.queue import celery
from workers import scratch
from workers.rescue import start_sweeping

app = celery()


@setup_logging.connect
def _log(**_: Any) -> None:
    configure()


@worker_process_init.connect
def _start_child(**_: Any) -> None:
    # Only children touch the database and the browser: neither survives a fork.
    forget_engines()
    scratch.sweep()
    start_sweeping()


@worker_process_shutdown.connect
def _stop_child(**_: Any) -> None:
    # Billiard's children end without atexit. An upload worker never loaded a browser, and need not now.
    if "workers.browser" in sys.modules:
        sys.modules["workers.browser"].browser().close()


@task_prerun.connect
def _bind(task_id: str, args: list[Any], **_: Any) -> None:
    bind_contextvars(task=task_id, id=args[0] if args else None)


@task_postrun.connect
def _unbind(**_: Any) -> None:
    clear_contextvars()
