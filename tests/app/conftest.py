"""The API in this process, without workers: requests make rows, and rows for the rest are made by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.auth import create_key
from longshore.artifacts import store
from longshore.db import clock, transaction
from longshore.models import Artifact, Delivery, Export, Receipt
from longshore.settings import settings
from longshore.states import DeliveryState, ExportState, move

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30" fill="red"/></svg>'


class Client(FlaskClient):
    """Reads every answer to its end and closes it, as a server does."""

    def open(self, *args: Any, **options: Any) -> TestResponse:
        return super().open(*args, **{"buffered": True, **options})


@dataclass
class Api:
    """A client of one owner."""

    client: FlaskClient
    token: str

    def __call__(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        return self.client.open(f"/api{path}", method=method, headers=headers, **options)

    def ok(self, method: str, path: str, **options: Any) -> Any:
        answer = self(method, path, **options)
        assert answer.status_code < 300, answer.get_data(as_text=True)
        return answer.get_json()

    def problem(self, status: int, method: str, path: str, **options: Any) -> dict[str, Any]:
        answer = self(method, path, **options)
        assert answer.status_code == status, answer.get_data(as_text=True)
        assert answer.content_type == "application/problem+json"
        body: dict[str, Any] = answer.get_json()
        assert body["status"] == status
        return body

    def file(self, **fields: Any) -> dict[str, Any]:
        body: dict[str, Any] = {"name": "drawing", "kind": "svg", "content": SVG} | fields
        return self.ok("POST", "/files", json=body)

    def export(self, **fields: Any) -> dict[str, Any]:
        body: dict[str, Any] = {"source": {"kind": "svg", "content": SVG, "name": "drawing"}, "format": "png"} | fields
        return self.ok("POST", "/export", json=body)


def new_application() -> APIFlask:
    app = create_app(configure_logs=False)
    app.test_client_class = Client
    return app


@cache
def application(max_body: int) -> APIFlask:
    """One for many tests, since to build one takes longer than most of them.

    Of the settings an application keeps `max_body` only, and of the requests what `/metrics` counts.
    """
    app = new_application()
    assert app.config["MAX_CONTENT_LENGTH"] == max_body
    return app


@pytest.fixture
def client(database: str) -> FlaskClient:
    return application(settings().max_body).test_client()


@pytest.fixture
def key() -> Callable[..., str]:
    def make(owner: str, *scopes: str) -> str:
        with transaction() as session:
            return create_key(session, owner, "test", scopes or ("read", "write"), clock(session))[1]

    return make


@pytest.fixture
def alice(client: FlaskClient, key: Callable[..., str]) -> Api:
    return Api(client, key("alice"))


@pytest.fixture
def bob(client: FlaskClient, key: Callable[..., str]) -> Api:
    return Api(client, key("bob"))


@pytest.fixture
def admin(client: FlaskClient, key: Callable[..., str]) -> Api:
    return Api(client, key("alice", "admin"))


@pytest.fixture
def finish() -> Callable[..., bytes]:
    """What the workers do to an export, in one step: artifact, receipts, states. The artifact's bytes."""

    def do(export_id: str, content: bytes = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, days: float = 7) -> bytes:
        with transaction() as session:
            now = clock(session)
            export = session.get_one(Export, export_id)
            move(session, export_id, ExportState.PROCESSING, now=now)
            key = f"artifacts/{export_id}/1"
            stored = store().write(key, [content])
            artifact = Artifact(
                export_id=export_id,
                owner=export.owner,
                key=key,
                filename=f"{export.name}.png",
                media_type="image/png",
                size=stored.size,
                sha256=stored.sha256,
                created_at=now,
                expires_at=now + timedelta(days=days),
            )
            session.add(artifact)
            for delivery in session.query(Delivery).where(Delivery.export_id == export_id):
                move(session, delivery.id, DeliveryState.UPLOADING, now=now)
                receipt = Receipt(
                    delivery_id=delivery.id,
                    provider_id="p1",
                    path="/out/drawing.png",
                    url="file:///out/drawing.png",
                    size=stored.size,
                    sha256=stored.sha256,
                    checksum="sha256:x",
                    verified="readback",
                    skipped=False,
                    extra={"bucket": "b", "key": "k"},
                    created_at=now,
                )
                session.add(receipt)
                sent = {"bytes_sent": stored.size, "size": stored.size, "finished_at": now}
                move(session, delivery.id, DeliveryState.COMPLETED, now=now, **sent)
            values = {"progress": 100.0, "phase": "completed", "finished_at": now, "expires_at": artifact.expires_at}
            move(session, export_id, ExportState.COMPLETED, now=now, **values)
        return content

    return do
