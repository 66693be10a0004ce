"""Which of rclone's backends may be used, with which of its options: https://rclone.org/overview/.

What is not listed here does not reach rclone. A free rclone configuration could run programs and read files of the
machine it runs on, so backends and options are allowed one by one, and the others are refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Address = Literal["host", "url", "none"]


@dataclass(frozen=True, slots=True)
class Backend:
    """What one backend takes. `fixed` is sent as it is; `root` says what the option `bucket` is called there.

    `ports` are the ports below 1024 that its protocol uses. `addresses` name the options and secrets that are URLs.
    """

    label: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    fixed: Mapping[str, str] = field(default_factory=dict)
    root: str = ""
    ports: tuple[int, ...] = ()
    addresses: tuple[str, ...] = ()


SMALL = {"chunk_size": "8Mi", "upload_concurrency": "2"}
"""16 MiB in memory for one upload; rclone's own figures take up to 400."""

BACKENDS: Mapping[str, Backend] = {
    "azureblob": Backend(
        "Azure Blob Storage",
        ("bucket",),
        ("account", "endpoint"),
        one_of=("key", "sas_url"),
        fixed={"env_auth": "false", "no_check_container": "true", **SMALL},
        root="container",
        addresses=("endpoint", "sas_url"),
    ),
    "b2": Backend(
        "Backblaze B2",
        ("bucket", "account", "key"),
        ("endpoint",),
        fixed={"hard_delete": "true", **SMALL},
        root="bucket",
        addresses=("endpoint",),
    ),
    "box": Backend("Box", (), one_of=("config_credentials", "access_token"), fixed={"upload_cutoff": "50Mi"}),
    "ftp": Backend(
        "FTP",
        ("host", "user", "password"),
        ("port", "tls"),
        fixed={"concurrency": "4", "idle_timeout": "30s"},
        ports=(21, 990),
    ),
    "gcs": Backend(
        "Google Cloud Storage",
        ("bucket",),
        ("endpoint",),
        one_of=("service_account_credentials", "access_token"),
        fixed={"no_check_bucket": "true", "env_auth": "false", "bucket_policy_only": "true"},
        root="bucket",
        addresses=("endpoint",),
    ),
    "koofr": Backend(
        "Koofr, Digi Storage",
        ("user", "password"),
        ("provider", "endpoint"),
        addresses=("endpoint",),
    ),
    "mega": Backend("MEGA", ("user", "password"), fixed={"use_https": "true", "hard_delete": "true"}),
    "pcloud": Backend("pCloud", ("token",), ("hostname",)),
    "s3": Backend(
        "S3, in the dialect of one provider",
        ("bucket", "provider", "access_key_id", "secret_access_key"),
        ("region", "endpoint", "session_token"),
        fixed={"env_auth": "false", "no_check_bucket": "true", **SMALL},
        root="bucket",
        addresses=("endpoint",),
    ),
    "seafile": Backend("Seafile", ("url", "user", "password", "library"), addresses=("url",)),
    "sftp": Backend(
        "SFTP",
        ("host", "user", "host_keys"),
        ("port", "password", "key_file_pass"),
        one_of=("password", "key_pem"),
        fixed={"key_use_agent": "false", "idle_timeout": "30s"},
        ports=(22,),
    ),
    "smb": Backend(
        "SMB (Windows shares, Samba)",
        ("host", "user", "password", "bucket"),
        ("port", "domain"),
        fixed={"idle_timeout": "30s", "use_kerberos": "false"},
        root="share",
        ports=(139, 445),
    ),
    "swift": Backend(
        "OpenStack Swift",
        ("bucket", "auth"),
        ("user", "domain", "tenant", "tenant_domain", "region", "application_credential_id"),
        one_of=("key", "application_credential_secret"),
        fixed={"env_auth": "false", "chunk_size": "64Mi"},
        root="container",
        addresses=("auth",),
    ),
    "webdav": Backend(
        "WebDAV (Nextcloud, ownCloud ...)",
        ("url",),
        ("vendor", "user"),
        one_of=("password", "bearer_token"),
        addresses=("url",),
    ),
}

OWN = "Longshore has a destination of its own for it, which resumes and verifies more: use that one."
MACHINE = "it reads and writes files of the machine that runs Longshore."
WRAPS = "it wraps other backends, which would then pass unchecked."
ROTATES = "its tokens change at each use, and rclone would have to keep the new one in a file of this machine."
REFUSED_BACKENDS: Mapping[str, str] = {
    "local": MACHINE,
    "memory": "what it holds is gone with the process.",
    "http": "it only reads.",
    **dict.fromkeys(("alias", "archive", "cache", "chunker", "combine", "compress", "crypt", "hasher", "union"), WRAPS),
    **dict.fromkeys(("drive", "dropbox", "onedrive"), OWN),
    **dict.fromkeys(("hidrive", "jottacloud", "yandex", "zoho", "putio", "premiumizeme", "sharefile"), ROTATES),
    "hdfs": "it takes its rights from Kerberos tickets of this machine.",
    "oracleobjectstorage": "it takes its keys from files of this machine.",
}
"""Backends with the reason against them; all others are not listed because nobody has tried them with Longshore."""

RUNS = "it runs a program on the machine that runs Longshore."
READS = "it reads a file of the machine that runs Longshore. Send the content itself."
UNPROVEN = "the server could be anybody then."
REFUSED_OPTIONS: Mapping[str, str] = {
    **dict.fromkeys(("ssh", "bearer_token_command", "password_command", "token_command"), RUNS),
    **dict.fromkeys(
        ("key_file", "pubkey_file", "known_hosts_file", "service_account_file", "box_config_file", "kerberos_ccache",
         "shared_credentials_file", "service_principal_file", "client_certificate_path", "unix_socket", "ca_cert",
         "sse_customer_key_file"),
        READS,
    ),
    **dict.fromkeys(("server_command", "subsystem", "set_env"), "it runs a program on the server."),
    **dict.fromkeys(
        ("md5sum_command", "sha1sum_command", "crc32sum_command", "sha256sum_command", "blake3sum_command",
         "xxh3sum_command", "xxh128sum_command"),
        "a program of the user's choice would say that the file is right.",
    ),
    **dict.fromkeys(("env_auth", "use_msi", "use_az", "profile", "key_use_agent", "use_kerberos"),
                    "it would use the credentials of the machine that runs Longshore."),
    **dict.fromkeys(("socks_proxy", "http_proxy"), "every connection goes through Longshore's own check of addresses."),
    **dict.fromkeys(("no_check_certificate", "use_insecure_cipher", "pin_host_key", "auth_redirect"), UNPROVEN),
    **dict.fromkeys(("remote", "upstreams", "type"), "it leads to another backend, which would pass unchecked."),
    **dict.fromkeys(("auth_url", "token_url", "headers"), "it would send what is secret to any address."),
}  # fmt: skip
"""Options of rclone's with the reason against them, whatever the backend."""
