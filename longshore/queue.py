"""The doorbell: a Celery message carries one id, sent after the row is committed. Losing one loses nothing.

A message that cannot be sent (Redis is down) is logged and left to the rescuer, which sends every waiting row again.
"""

from __future__ import annotations

from functools import cache
from math import ceil

import structlog
from celery import Celery
from kombu.exceptions import OperationalError
from redis import Redis
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from longshore.settings import settings

RENDER = "render"
UPLOAD = "upload"
QUEUES = (RENDER, UPLOAD)

TASKS = {RENDER: "longshore.render", UPLOAD: "longshore.upload"}
"""Task name by queue."""

PULSE = "longshore.pulse"
SWEEP = "longshore.sweep"
CLEAN = "longshore.clean"
RETAIN = "longshore.retain"

GRACE = 30.0
"""Seconds between an export's own deadline, the soft limit and the hard limit of its task."""

log = structlog.get_logger(__name__)


def hard_limit(queue: str) -> float:
    """Seconds after which Celery kills the child that runs a task of this queue."""
    deadline = settings().upload_deadline if queue == UPLOAD else settings().render_deadline
    return deadline + 2 * GRACE


@cache
def celery() -> Celery:
    """The Celery application: no results, no ETA, JSON only, acknowledged late.

    A row, not the broker, decides on a rerun. So `reject_on_worker_lost` stays off (it loops on a document that kills
    its worker) and the visibility timeout lies far above every limit (a shorter one runs long tasks twice).
    """
    app = Celery("longshore", set_as_current=False)
    app.conf.update(
        broker_url=settings().redis_url.get_secret_value(),
        broker_connection_timeout=2,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,  # a worker waits for Redis as long as it takes
        broker_transport_options={
            "visibility_timeout": 2 * max(hard_limit(queue) for queue in QUEUES) + 60,
            "socket_timeout": 5,
            "socket_connect_timeout": 2,
            "socket_keepalive": True,
            "health_check_interval": 10,
            "retry_on_timeout": True,
            # a publisher gives up at once: the rescuer is the retry
            "max_retries": 0,
        },
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_acks_late=True,
        task_default_queue=RENDER,
        task_create_missing_queues=True,
        task_publish_retry=False,
        task_store_errors_even_if_ignored=False,
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        worker_max_tasks_per_child=200,
        worker_max_memory_per_child=1_500_000,
        worker_send_task_events=True,
        worker_proc_alive_timeout=30,
        imports=["workers.tasks"],
        beat_schedule={
            "sweep": {"task": SWEEP, "schedule": 15.0, "options": {"queue": RENDER, "expires": 15}},
            "clean": {"task": CLEAN, "schedule": 600.0, "options": {"queue": RENDER, "expires": 600}},
            # by upload workers: they are the ones that reach the providers
            "retain": {"task": RETAIN, "schedule": 600.0, "options": {"queue": UPLOAD, "expires": 600}},
        }
        | {
            f"pulse-{queue}": {
                "task": PULSE,
                "schedule": 10.0,
                "args": [queue],
                "options": {"queue": queue, "expires": 30},
            }
            for queue in QUEUES
        },
    )
    return app


def send_after_commit(session: Session, queue: str, row_id: str, seconds: float | None = None) -> None:
    """Ring for a row once the caller's transaction is committed; never, if it is rolled back.

    `seconds` is the row's own deadline, from which the task's soft and hard limits follow.
    """
    if "messages" not in session.info:
        session.info["messages"] = []
        event.listen(session, "after_commit", _send_pending)
        event.listen(session, "after_soft_rollback", _drop_pending)
    session.info["messages"].append((session.get_nested_transaction(), queue, row_id, seconds))


def _drop_pending(session: Session, ended: SessionTransaction) -> None:
    """A savepoint that is rolled back takes its own messages with it, the transaction takes all."""
    if ended.parent is None:
        session.info["messages"].clear()
    elif ended.nested:
        session.info["messages"][:] = [one for one in session.info["messages"] if one[0] is not ended]


def _send_pending(session: Session) -> None:
    if session.in_nested_transaction():
        return  # SQLAlchemy announces the release of a savepoint as a commit, too
    messages = session.info["messages"][:]
    session.info["messages"].clear()
    for _savepoint, queue, row_id, seconds in messages:
        if not send(queue, row_id, seconds):
            return  # every further one would wait for the same timeout; the rescuer sends the rest


def send(queue: str, row_id: str, seconds: float | None = None) -> bool:
    """Send one message now. False where the broker cannot be reached; that is logged, not raised."""
    soft = hard_limit(queue) - GRACE if seconds is None else seconds + GRACE
    try:
        celery().send_task(
            TASKS[queue], args=[row_id], queue=queue, soft_time_limit=ceil(soft), time_limit=ceil(soft + GRACE)
        )
    except (OperationalError, OSError) as error:
        log.warning("message_not_sent", queue=queue, id=row_id, error=str(error))
        return False
    return True


def depth(queue: str) -> int:
    """Messages waiting in a queue. Raises kombu's OperationalError where the broker cannot be reached."""
    with celery().connection_for_read() as connection:
        client: Redis = connection.default_channel.client  # type: ignore[attr-defined]  # the Redis channel's own
        return int(client.llen(queue))
