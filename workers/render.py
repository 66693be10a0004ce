"""Render one export: claim it, convert its document, commit the artifact, ring for its deliveries."""

from __future__ import annotations

import mimetypes
import random
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from billiard.exceptions import SoftTimeLimitExceeded
from sqlalchemy.orm import Session

from longshore import conditions
from longshore.artifacts import store
from longshore.conditions import Conditions
from longshore.db import clock, transaction
from longshore.errors import Cancelled, LongshoreError, Permanent, Transient
from longshore.exports import fail, settle
from longshore.models import Artifact, Delivery, Export, File, FileVersion
from longshore.names import like, with_extension
from longshore.packages import PACKAGE, member_ended
from longshore.settings import settings
from longshore.skips import SKIPPED, skip
from longshore.states import DeliveryState
from workers import admission, sources
from workers.conditions import NotWanted, compare, judge, look, with_pictures
from workers.lease import Heartbeat, claim_export, end_attempt, hold
from workers.make import Made, Order, earlier, make
from workers.package import pack_members
from workers.renderers.base import FORMATS
from workers.retry import again
from workers.scratch import scratch

log = structlog.get_logger(__name__)

TOO_LONG = "Rendering took longer than the export's deadline. Simplify the document or ask for a longer deadline."
OUR_FAULT = "Rendering failed inside Longshore. The log of the render worker says more; please report it."


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed export, read in the transaction that claimed it. With `conditions` it may turn out not to be wanted."""

    export_id: str
    fence: int
    max_attempts: int
    order: Order
    conditions: dict[str, Any]


def render_export(export_id: str) -> None:
    """Render an export whose message arrived. Quiet where it is taken, done or not due: messages may come twice."""
    job = _claim(export_id)
    if job is None:
        return
    key = f"artifacts/{job.export_id}/{job.fence}"
    try:
        with Heartbeat(Export, {job.export_id: job.fence}, on_lost=_stop_browser) as heartbeat:
            made = _made(job, key, heartbeat)
            heartbeat.check()
            _commit(job, key, made)
    except NotWanted as reason:
        store().delete(key)
        _skip(job, reason.message)
    except Cancelled:
        store().delete(key)
        _end_cancelled(job)
    except SoftTimeLimitExceeded:
        _give_up_or_retry(job, Permanent(TOO_LONG))
    except LongshoreError as error:
        _give_up_or_retry(job, error)
    except Exception as error:
        log.exception("render_crashed", export_id=job.export_id)
        _give_up_or_retry(job, Transient(OUR_FAULT, detail=repr(error)))


def _claim(export_id: str) -> Job | None:
    with transaction() as session:
        now = clock(session)
        fence = claim_export(session, export_id, now=now)
        if fence is None:
            return None
        export = session.get_one(Export, export_id)
        name = like(export.name, session.get_one(File, export.file_id).name) if export.kind == "file" else export.name
        order = Order(export.owner, export.kind, export.format, name, export.settings, export.deadline)
        return Job(export.id, fence, export.max_attempts, order, dict(export.conditions))


def _made(job: Job, key: str, heartbeat: Heartbeat) -> Made:
    """The artifact's object. Raises NotWanted, and LongshoreError for what went wrong."""
    try:
        with scratch(f"{job.export_id}-{job.fence}-") as folder:
            source = folder / "source"
            version = sources.version_of(job.export_id, job.fence, folder, heartbeat.check)
            if job.order.kind == PACKAGE:
                sources.copy_to(version, source)
                return pack_members(job.order, source, folder, key, heartbeat.check)
            if asked := conditions.read(job.conditions):
                sources.copy_to(version, source)
                _judge(job, asked, version, source)
            mark, made = earlier(job.order, version.sha256, key)
            if made is None:
                if not source.exists():
                    sources.copy_to(version, source)
                made = make(job.order, mark, source, folder, key)
            return made
    except OSError as error:
        raise Transient("The worker's disk refused: free space in LONGSHORE_HOME.", detail=str(error)) from error


def _judge(job: Job, asked: Conditions, version: FileVersion, source: Path) -> None:
    """Hold the document against the schedule's conditions. Raises NotWanted, BadDocument, Cancelled if lost."""
    found = look(asked, job.order.kind, source)
    with transaction() as session:
        export = session.get_one(Export, job.export_id)
        mark = judge(session, asked, export, version, found, now=clock(session))
        if not hold(session, Export, job.export_id, job.fence, meaning=mark):
            raise Cancelled("Stopped.")


def _compare_pictures(session: Session, job: Job, fetched: str) -> None:
    """What lies elsewhere is known only now: whether its pictures, too, are those of the last delivery.

    Raises NotWanted.
    """
    export = session.get_one(Export, job.export_id)
    if fetched and export.meaning is not None:
        mark = with_pictures(export.meaning, fetched)
        compare(session, conditions.read(job.conditions), export, mark, now=clock(session))
        export.meaning = mark


def _commit(job: Job, key: str, made: Made) -> None:
    """Artifact row, end of the attempt and the deliveries' messages in one transaction.

    Raises Cancelled if lost, and NotWanted.
    """
    filename = with_extension(job.order.name, FORMATS[job.order.format].extension)
    with transaction() as session:
        now = clock(session)
        expires = now + timedelta(days=settings().artifact_days)
        mine = hold(
            session,
            Export,
            job.export_id,
            job.fence,
            phase="delivering",
            progress=50.0,
            lease_until=None,
            report=made.report,
            expires_at=expires,
            updated_at=now,
        )
        if not mine:
            raise Cancelled("Stopped.")
        _compare_pictures(session, job, made.fetched)
        export = session.get_one(Export, job.export_id)
        session.add(
            Artifact(
                export_id=export.id,
                owner=export.owner,
                key=key,
                filename=filename,
                media_type=_media_type(job.order.format, filename),
                size=made.stored.size,
                sha256=made.stored.sha256,
                fingerprint=made.fingerprint,
                created_at=now,
                expires_at=expires,
            )
        )
        end_attempt(session, export.id, None, now=now, outcome=made.outcome)
        session.flush()
        _ring(session, export.id)
        member_ended(session, export.id, now=now)
        settle(session, export.id, now=now)


def _media_type(form: str, filename: str) -> str:
    """The format's; that of an original is told from its name by Python's own table, the same on every machine."""
    known = FORMATS[form]
    if known.extension:
        return known.media_type
    guessed, packed = mimetypes.MimeTypes().guess_type(filename)
    if packed:
        return "application/gzip" if packed == "gzip" else known.media_type
    return guessed or known.media_type


def _ring(session: Session, export_id: str) -> None:
    waiting = Delivery.state == str(DeliveryState.PENDING)
    admission.ring(session, Delivery.export_id == export_id, waiting, now=clock(session))


def _give_up_or_retry(job: Job, error: LongshoreError) -> None:
    log.info("render_failed", export_id=job.export_id, code=error.code, message=error.message, detail=error.detail)
    wait = again(error, job.fence, job.max_attempts, random.random)
    with transaction() as session:
        now = clock(session)
        if wait is None:
            moved = fail(session, job.export_id, now=now, fence=job.fence, code=error.code, message=error.message)
            mine = moved is not None
        else:
            due = now + timedelta(seconds=wait)
            values = {"phase": "waiting", "error_code": error.code, "error_message": error.message, "updated_at": now}
            mine = hold(session, Export, job.export_id, job.fence, lease_until=None, not_before=due, **values)
        if mine:
            end_attempt(session, job.export_id, None, now=now, outcome=error.code, message=error.message)


def _skip(job: Job, reason: str) -> None:
    """End an export that its schedule does not want after all, with its run."""
    with transaction() as session:
        now = clock(session)
        if skip(session, job.export_id, now=now, fence=job.fence, reason=reason):
            end_attempt(session, job.export_id, None, now=now, outcome=SKIPPED, message=reason)


def _end_cancelled(job: Job) -> None:
    """Close the attempt if the user stopped it; if another worker took over, the attempt is that worker's to judge."""
    with transaction() as session:
        export = session.get(Export, job.export_id)
        if export is not None and export.attempt == job.fence:
            end_attempt(session, job.export_id, None, now=clock(session), outcome="cancelled")


def _stop_browser() -> None:
    from workers.browser import browser

    browser().kill()
