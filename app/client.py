"""The API as the command line uses it: over HTTP, like any other client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import httpx

from longshore.settings import Settings

ENDED = frozenset({"completed", "partial", "failed", "cancelled", "expired"})
POLL = 0.15
"""Seconds between two looks at an export: often enough for a bar that moves."""


class ClientError(Exception):
    """The API refused or cannot be reached; the message is for people."""


class Client:
    """One server and one key. Every method raises ClientError."""

    def __init__(self, url: str, key: str) -> None:
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(10, read=90),
            trust_env=False,
        )
        self.url = url

    @classmethod
    def of(cls, config: Settings) -> Self:
        """The server and key of the settings, else of the last `longshore up` in this home."""
        url = config.url or _read(config.home / "url") or f"http://127.0.0.1:{config.port}"
        key = config.api_key.get_secret_value() or _read(config.home / "api-key")
        if not key:
            raise ClientError("No API key: set LONGSHORE_API_KEY, or start a server here with `make up`.")
        return cls(url, key)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(self, method: str, path: str, **options: Any) -> Any:
        """One request; its JSON answer."""
        try:
            answer = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise ClientError(f"Cannot reach Longshore at {self.url}: {error}. Is `make up` running?") from error
        if answer.is_success:
            return answer.json() if answer.content else None
        raise ClientError(_problem(answer))

    def ready(self) -> tuple[bool, str]:
        """Whether every part works, and what does not."""
        try:
            answer = self._http.get("/readyz", timeout=5)
            report = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            return False, str(error)
        return answer.status_code == httpx.codes.OK, str(report)

    def watch(self, export_id: str, on_change: Callable[[dict[str, Any]], None], seconds: float) -> dict[str, Any]:
        """Look at an export until it has ended; the finished one."""
        deadline = time.monotonic() + seconds
        while True:
            export: dict[str, Any] = self.call("GET", f"/api/export/{export_id}")
            on_change(export)
            if export["state"] in ENDED:
                return export
            if time.monotonic() > deadline:
                raise ClientError(f"Export {export_id} has not ended after {seconds:g} s; it goes on at the server.")
            time.sleep(POLL)

    def download(self, export_id: str) -> Iterator[bytes]:
        """The artifact's bytes."""
        try:
            with self._http.stream("GET", f"/api/export/{export_id}/download") as answer:
                if not answer.is_success:
                    answer.read()
                    raise ClientError(_problem(answer))
                yield from answer.iter_bytes()
        except httpx.HTTPError as error:
            raise ClientError(f"The download broke off: {error}. Try again.") from error


def _problem(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
    except ValueError:
        return f"{answer.status_code} {answer.reason_phrase}"
    text = str(problem.get("detail") or problem.get("title") or answer.reason_phrase)
    fields = [f"{one.get('field')}: {one.get('message')}" for one in problem.get("errors", [])]
    return "; ".join([text, *fields])


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""
