"""From a connection's settings to what rclone is told: everything of it allowed, every address checked."""

from __future__ import annotations

import json
from urllib.parse import quote, urlsplit

from workers.destinations._rclone_backends import BACKENDS
from workers.destinations._rclone_daemon import Daemon
from workers.destinations._rclone_guard import checked
from workers.destinations._rclone_settings import WHERE, RcloneOptions, RcloneSecrets, given
from workers.destinations.base import NeedsReconnect, Place, Refused, Transient

OBSCURED = frozenset({"password", "key_file_pass"})
"""What rclone expects in its own disguise."""
USER_AND_PASS = frozenset({"ftp", "mega", "seafile", "sftp", "smb", "webdav"})
"""Backends whose password is called `pass`."""
PROXIED = frozenset({"ftp", "sftp"})
"""Backends that are not HTTP and can dial through the guard."""


def config(options: RcloneOptions, secrets: RcloneSecrets, place: Place, daemon: Daemon) -> dict[str, str]:
    """The remote for rclone's calls. Raises Refused, Transient (no address now), NeedsReconnect (secrets lack)."""
    kind, clear = BACKENDS[options.backend], given(secrets)
    _complete(options, clear)
    _check_addresses(options, clear, place)
    told = {"type": options.backend, "_root": options.bucket, "description": "", **kind.fixed}
    for name in type(options).model_fields:
        if name not in {*WHERE, "bucket", "tls"} and getattr(options, name):
            told[name] = str(getattr(options, name))
    for name, value in clear.items():
        said = "pass" if name == "password" and options.backend in USER_AND_PASS else name
        told[said] = daemon.obscured(value) if name in OBSCURED else value
    if "key_pem" in told:
        told["key_pem"] = told["key_pem"].strip().replace("\r\n", "\n").replace("\n", "\\n")
    if "config_credentials" in told:
        told["box_sub_type"] = "enterprise"
    if options.tls:
        told["tls" if options.tls == "implicit" else "explicit_tls"] = "true"
    if options.backend in PROXIED:
        told["socks_proxy"] = daemon.guard.place
    if options.backend == "smb":
        told["host"] = _addresses(options, place)[0]
    return told


def address(options: RcloneOptions) -> str:
    """The place for people and receipts, without anything secret: `sftp://host:22`, `gcs://bucket`."""
    if options.url:
        return options.url.rstrip("/")
    host = options.host + (f":{options.port}" if options.port else "")
    share = f"/{quote(options.bucket)}" if host and options.bucket else quote(options.bucket)
    return f"{options.backend}://{host}{share}" if host or share else f"{options.backend}://{quote(_who(options))}"


def _who(options: RcloneOptions) -> str:
    return options.user or options.account or options.backend


def account(options: RcloneOptions) -> str:
    """Whose it is."""
    who = options.user or options.account
    return f"{who} at {address(options)}" if who else address(options)


def _complete(options: RcloneOptions, clear: dict[str, str]) -> None:
    """Hold the secrets against what the backend takes. Raises NeedsReconnect."""
    kind = BACKENDS[options.backend]
    takes = {*kind.required, *kind.optional, *kind.one_of}
    if strange := sorted(set(clear) - takes):
        known = ", ".join(name for name in RcloneSecrets.model_fields if name in takes)
        raise NeedsReconnect(f"{options.backend} has no secret {strange[0]}. It has: {known}. Edit the connection.")
    secret = [name for name in kind.required if name in RcloneSecrets.model_fields]
    if lacking := [name for name in secret if name not in clear]:
        raise NeedsReconnect(f"{options.backend} needs the secret {lacking[0]}. Edit the connection.")
    if kind.one_of and not clear.keys() & set(kind.one_of):
        raise NeedsReconnect(f"{options.backend} needs one of {', '.join(kind.one_of)}. Edit the connection.")


def _check_addresses(options: RcloneOptions, clear: dict[str, str], place: Place) -> None:
    """Every address that the settings name; the guard checks again what is dialled. Raises Refused, Transient."""
    for name in BACKENDS[options.backend].addresses:
        url = clear.get(name) or getattr(options, name, "")
        if url:
            place.check_url(url if "://" in url else f"https://{url}")
    if options.host:
        _addresses(options, place)
    if options.backend == "gcs" and "service_account_credentials" in clear:
        token = str(json.loads(clear["service_account_credentials"]).get("token_uri", ""))
        host = urlsplit(token).hostname or "googleapis.com"
        if not f".{host}".endswith(".googleapis.com"):
            raise Refused("The key of the service account names a token_uri that is not Google's.")


def _addresses(options: RcloneOptions, place: Place) -> list[str]:
    ports = BACKENDS[options.backend].ports
    port = options.port or (ports[-1] if options.tls == "implicit" or options.backend == "smb" else ports[0])
    try:
        return checked(options.host, port, place.check_url)
    except OSError as error:
        raise Transient(
            f"The name {options.host} has no address now. Check its spelling.", detail=str(error)
        ) from error
