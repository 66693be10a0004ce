"""Every knob, typed, read once from the environment, failing at start with the variable's name.

Variables begin with `LONGSHORE_`. A secret may also come from a file: `LONGSHORE_VAULT_KEYS_FILE=/run/secrets/vault`.
`.env.example` lists them all.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AliasChoices, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from longshore import bandwidth
from longshore.errors import Invalid

ROOT = Path(__file__).resolve().parent.parent
"""The checkout, or the folder the packages are installed in."""

SECRETS = (
    "database_url",
    "redis_url",
    "vault_keys",
    "signing_keys",
    "jwt_secret",
    "google_client_secret",
    "dropbox_client_secret",
    "microsoft_client_secret",
    "store_access_key_id",
    "store_secret_access_key",
    "api_key",
)
"""Settings with a `_FILE` variant."""

PREFIX = "LONGSHORE_"


class Settings(BaseSettings):
    """The settings of one process. Durations are in seconds, sizes in bytes, unless a name says otherwise."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    home: Path = Field(Path("var"), description="Where state lives: database, artifacts, deliveries, keys, logs.")
    host: str = Field("127.0.0.1", description="Address the API listens on.")
    port: int = Field(
        8097,
        ge=0,
        le=65535,
        validation_alias=AliasChoices("PORT", "LONGSHORE_PORT"),
        description="Port of the API; 0 takes a free one. `PORT` is read too.",
    )
    flower_port: int = Field(5555, ge=0, le=65535, description="Port of Flower, on loopback.")
    public_url: str = Field("", description="Base of the links in answers, where a proxy stands before the API.")
    database_url: SecretStr = Field(SecretStr(""), description="SQLAlchemy URL; empty: SQLite in the home.")
    redis_url: SecretStr = Field(SecretStr("redis://127.0.0.1:6379/0"), description="Celery's broker.")
    store_url: str = Field("", description="Artifact store: `file:///folder` or `s3://bucket/prefix`; empty: the home.")
    store_endpoint: str = Field("", description="Endpoint of an S3-compatible artifact store.")
    store_region: str = Field("us-east-1", description="Region of an S3 artifact store.")
    store_access_key_id: SecretStr = Field(SecretStr(""), description="Key id of an S3 artifact store.")
    store_secret_access_key: SecretStr = Field(SecretStr(""), description="Secret key of an S3 artifact store.")
    folder_root: Path | None = Field(None, description="Where `folder` deliveries go; each owner has a folder in it.")
    assets: Path = Field(ROOT / "assets" / "dist", description="JavaScript bundles, as `make assets` builds them.")
    browser: Path | None = Field(None, description="Browser program; empty: the first one found on PATH.")
    vault_keys: SecretStr = Field(
        SecretStr(""),
        description="Fernet keys separated by commas, the first encrypts; empty: a key file in the home.",
    )
    signing_keys: SecretStr = Field(
        SecretStr(""),
        description="Keys of receipts, separated by commas, the first signs; empty: a key file in the home.",
    )
    jwt_secret: SecretStr = Field(
        SecretStr(""), description="HS256 secret, 32 bytes or more; empty: no JWT is accepted."
    )
    jwt_audience: str = Field("longshore", description="The `aud` a JWT must carry.")
    google_client_id: str = Field("", description="OAuth client by which people connect Google Drive in a browser.")
    google_client_secret: SecretStr = Field(SecretStr(""), description="Its secret.")
    google_endpoint: str = Field("", description="A gateway in Google's place, for its logins and its API.")
    dropbox_client_id: str = Field("", description="Key of the app by which people connect Dropbox in a browser.")
    dropbox_client_secret: SecretStr = Field(SecretStr(""), description="Its secret; may stay empty (PKCE).")
    dropbox_endpoint: str = Field("", description="A gateway in Dropbox's place, for its logins and its API.")
    microsoft_client_id: str = Field("", description="Application by which people connect OneDrive in a browser.")
    microsoft_client_secret: SecretStr = Field(SecretStr(""), description="Its secret; may stay empty (PKCE).")
    microsoft_endpoint: str = Field("", description="A gateway in Microsoft's place, for its logins and its API.")
    allow_private_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="CIDRs of private networks that endpoints may lie in, separated by commas.",
    )
    egress_https_only: bool = Field(default=False, description="Refuse http URLs of users; https stays.")
    egress_ports: Annotated[tuple[Annotated[int, Field(ge=1, le=65535)], ...], NoDecode] = Field(
        (),
        description="Ports that URLs of users may name, separated by commas; empty: any, less those of other services.",
    )
    remote_images: bool = Field(
        default=False,
        description="Fetch pictures that documents refer to by http(s) address; else they become placeholders.",
    )
    lease: float = Field(30, gt=0, description="A worker that is silent for so long has lost its row.")
    heartbeat: float = Field(10, gt=0, description="How often a worker extends its lease; at most half of it.")
    sweep: float = Field(1, gt=0, description="How often the workers look for lost and due rows.")
    max_attempts: int = Field(3, ge=1, le=100, description="Tries at rendering, and at each delivery.")
    uploads_per_connection: int = Field(
        3, ge=1, le=100, description="Deliveries of one connection that run at once, where it names no number."
    )
    circuit_failures: int = Field(
        5, ge=0, le=1000, description="Failures in a row that let a connection's deliveries wait; 0: never."
    )
    circuit_window: float = Field(120, gt=0, description="A failure that is older begins a new row.")
    circuit_pause: float = Field(30, gt=0, description="First such wait; it doubles up to ten times as long.")
    bandwidth: str = Field(
        "", description="Limit of all uploads of one worker, as `10M` or `08:00,512k 19:00,off`; empty: none."
    )
    bandwidth_timezone: str = Field("UTC", description="Time zone of the hours in it.")
    render_deadline: float = Field(60, gt=0, le=600, description="Longest rendering of one export.")
    upload_deadline: float = Field(6 * 3600, gt=0, description="Longest single attempt at one delivery.")
    reuse: bool = Field(
        default=True, description="Copy an owner's artifact that would come out the same, instead of rendering."
    )
    crowd: int = Field(
        1000, ge=0, description="More schedules than that due at once are taken up over `LONGSHORE_SPREAD`; 0 is never."
    )
    spread: float = Field(60, ge=0, le=3600, description="Longest that a slot in a crowd waits.")
    artifact_days: float = Field(7, gt=0, description="How long an artifact is kept.")
    history_days: float = Field(
        90,
        ge=0,
        le=36500,
        description="How long an export that ended is remembered, with its deliveries, attempts, receipts and events; "
        "0: for ever.",
    )
    run_days: float = Field(
        90, ge=0, le=36500, description="How long what became of a slot of a schedule is remembered; 0: for ever."
    )
    runs_kept: int = Field(
        100, ge=1, le=1_000_000, description="Runs of each schedule, the newest, that are kept whatever their age."
    )
    max_body: int = Field(64 * 1024 * 1024, gt=0, description="Largest request body.")
    max_pixels: int = Field(100_000_000, gt=0, description="Largest picture, read or written, in pixels.")
    url: str = Field("", description="Where the command line finds the API; empty: the last `longshore up` here.")
    api_key: SecretStr = Field(SecretStr(""), description="The command line's key; empty: `api-key` in the home.")
    log_format: str = Field("json", pattern="^(json|text)$", description="`json` or `text` log lines.")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least level that is logged.")

    @model_validator(mode="before")
    @classmethod
    def _read_files(cls, values: Any) -> Any:
        """`<NAME>_FILE` holds the path of a file with the secret."""
        for name in SECRETS:
            variable = f"{PREFIX}{name.upper()}_FILE"
            path = os.environ.get(variable)
            if path:
                try:
                    values[name] = Path(path).read_text(encoding="utf-8").strip()
                except OSError as error:
                    message = f"{variable}: cannot read {path}: {error.strerror}"
                    raise ValueError(message) from error
        for name in ("allow_private_networks", "egress_ports"):
            listed = values.get(name)
            if isinstance(listed, str):
                values[name] = tuple(part.strip() for part in listed.split(",") if part.strip())
        return values

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.heartbeat > self.lease / 2:
            message = f"{PREFIX}HEARTBEAT ({self.heartbeat:g}) must be at most half of {PREFIX}LEASE ({self.lease:g})"
            raise ValueError(message)
        try:
            bandwidth.read(self.bandwidth, self.bandwidth_timezone, f"{PREFIX}BANDWIDTH")
        except Invalid as error:
            raise ValueError(error.message) from error
        secret = self.jwt_secret.get_secret_value()
        if secret and len(secret.encode()) < 32:  # noqa: PLR2004 - RFC 7518 section 3.2: a key as long as the hash
            message = f"{PREFIX}JWT_SECRET must have at least 32 bytes"
            raise ValueError(message)
        return self

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the database."""
        given = self.database_url.get_secret_value()
        if given.startswith("postgresql://"):
            return given.replace("postgresql://", "postgresql+psycopg://", 1)
        return given or f"sqlite:///{self.home.resolve() / 'longshore.db'}"

    @property
    def deliveries(self) -> Path:
        """Root of the `folder` destination."""
        return (self.folder_root or self.home / "deliveries").resolve()


def environment() -> dict[str, str]:
    """A copy of this process's environment, for the processes it starts."""
    return dict(os.environ)


class SettingsError(Exception):
    """A variable is missing or senseless; the message names it."""


@cache
def settings() -> Settings:
    """The settings of this process, read at the first call. Raises SettingsError."""
    try:
        return Settings()
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise SettingsError("; ".join(_said(one["loc"], one["msg"]) for one in problems)) from error


def _said(where: tuple[int | str, ...], message: str) -> str:
    """A problem by its variable, and by its place where that holds a list."""
    if not where:
        return message
    name = str(where[0]).upper()
    variable = name if name == "PORT" else PREFIX + name
    place = f"number {where[1] + 1} of the list: " if len(where) > 1 and isinstance(where[1], int) else ""
    return f"{variable}: {place}{message}"
