"""Render one export: claim it, convert its document, commit the artifact, ring for its deliveries."""

from __future__ import annotations

import mimetypes
import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from billiard.exceptions import SoftTimeLimitExceeded
from sqlalchemy import select
from sqlalchemy.orm import Session

from longshore import files
from longshore.artifacts import CHUNK, Stored, store
from longshore.db import clock, reading, transaction
from longshore.errors import Cancelled, LongshoreError, Permanent, Transient
from longshore.exports import fail, settle
from longshore.models import Artifact, Delivery, Export, File
from longshore.names import like, with_extension
from longshore.queue import UPLOAD, send_after_commit
from longshore.settings import settings
from longshore.states import DeliveryState
from workers import reuse
from workers.convert import convert
from workers.lease import Heartbeat, claim_export, end_attempt, hold
from workers.renderers.base import FORMATS
from workers.retry import again
from workers.scratch import scratch

log = structlog.get_logger(__name__)

TOO_LONG = "Rendering took longer than the export's deadline. Simplify the document or ask for a longer deadline."
OUR_FAULT = "Rendering failed inside Longshore. The log of the render worker says more; please report it."


@dataclass(frozen=True, slots=True)
class Job:
    """What a claimed export needs to be rendered, read in the transaction that claimed it."""

    export_id: str
    owner: str
    fence: int
    max_attempts: int
    kind: str
    format: str
    name: str
    settings: dict[str, Any]
    deadline: float
    file_id: str
    file_version: int


@dataclass(frozen=True, slots=True)
class Made:
    """An artifact whose object is written. `outcome` is the attempt's, `report` is for the user."""

    stored: Stored
    report: dict[str, Any]
    fingerprint: str
    outcome: str = "completed"


def render_export(export_id: str) -> None:
    """Render an export whose message arrived. Quiet where it is taken, done or not due: messages may come twice."""
    job = _claim(export_id)
    if job is None:
        return
    key = f"artifacts/{job.export_id}/{job.fence}"
    try:
        with Heartbeat(Export, job.export_id, job.fence, on_lost=_stop_browser) as heartbeat:
            made = _make(job, key)
            heartbeat.check()
            _commit(job, key, made)
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
        return Job(
            export_id=export.id,
            owner=export.owner,
            fence=fence,
            max_attempts=export.max_attempts,
            kind=export.kind,
            format=export.format,
            name=like(export.name, session.get_one(File, export.file_id).name)
            if export.kind == "file"
            else export.name,
            settings=export.settings,
            deadline=export.deadline,
            file_id=export.file_id,
            file_version=export.file_version,
        )


def _make(job: Job, key: str) -> Made:
    """Write the artifact's object: a copy of one that would come out the same, else what rendering makes."""
    with reading() as session:
        version = files.version_of(session, job.file_id, job.file_version)
        began = time.monotonic()
        mark = reuse.fingerprint(version.sha256, job.kind, job.format, job.settings, job.name)
        earlier = reuse.find(session, job.owner, mark, now=clock(session))
    if earlier is not None and reuse.copy(earlier, key):
        return Made(earlier.stored, earlier.report | {"render_ms": _since(began)}, mark, "reused")
    return _render(job, key, version.key, mark)


def _render(job: Job, key: str, key_of_source: str, mark: str) -> Made:
    """Convert in a scratch folder and write the artifact's object."""
    try:
        with scratch(f"{job.export_id}-{job.fence}-") as folder:
            source = folder / "source"
            with store().open(key_of_source) as reader, source.open("wb") as writer:
                shutil.copyfileobj(reader, writer, CHUNK)
            output = folder / "output"
            output.mkdir()
            began = time.monotonic()
            document, render = convert(
                source,
                job.kind,
                job.format,
                title=job.name,
                given=job.settings,
                folder=output,
                seconds=job.deadline,
            )
            report = {"warnings": render.warnings, "render_ms": _since(began), "not_drawn": render.not_drawn}
            # what was fetched may be another picture tomorrow
            return Made(store().write(key, _read(document.path)), report, "" if render.fetched else mark)
    except OSError as error:
        raise Transient("The worker's disk refused: free space in LONGSHORE_HOME.", detail=str(error)) from error


def _since(began: float) -> float:
    """Milliseconds since a `time.monotonic()` instant."""
    return round(1000 * (time.monotonic() - began), 1)


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _commit(job: Job, key: str, made: Made) -> None:
    """Artifact row, end of the attempt and the deliveries' messages in one transaction. Raises Cancelled if lost."""
    filename = with_extension(job.name, FORMATS[job.format].extension)
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
        export = session.get_one(Export, job.export_id)
        session.add(
            Artifact(
                export_id=export.id,
                owner=export.owner,
                key=key,
                filename=filename,
                media_type=_media_type(job.format, filename),
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
    for delivery in session.scalars(select(Delivery).where(Delivery.export_id == export_id, waiting)):
        delivery.sent_at = clock(session)
        send_after_commit(session, UPLOAD, delivery.id)


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


def _end_cancelled(job: Job) -> None:
    """Close the attempt if the user stopped it; if another worker took over, the attempt is that worker's to judge."""
    with transaction() as session:
        export = session.get(Export, job.export_id)
        if export is not None and export.attempt == job.fence:
            end_attempt(session, job.export_id, None, now=clock(session), outcome="cancelled")


def _stop_browser() -> None:
    from workers.browser import browser

    browser().kill()
