"""The options and secrets of every backend of `_rclone_backends`, under rclone's own names."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from workers.destinations._rclone_backends import BACKENDS, REFUSED_BACKENDS, REFUSED_OPTIONS

WHERE = ("backend", "folder", "read_back")
"""Options that are Longshore's, not a backend's."""


class Allowed(BaseModel):
    """Settings without any that are refused by name."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _refused(cls, data: Any) -> Any:
        for name in data if isinstance(data, dict) else ():
            if name in REFUSED_OPTIONS:
                reason = {"name": name, "why": REFUSED_OPTIONS[name]}
                raise PydanticCustomError("refused", "{name} is not allowed: {why}", reason)
        return data


class RcloneOptions(Allowed):
    """Where; each option says which backends take it."""

    backend: str = Field(description=f"Of rclone's backends: {', '.join(sorted(BACKENDS))}.")
    folder: str = Field("", max_length=1000, description="Folder below the login folder or bucket; made if missing.")
    read_back: bool = Field(
        default=True,
        description="Read a file back where its provider keeps no checksum; false: compare the size only.",
    )
    host: str = Field("", max_length=255, pattern=r"^[^\s/\\@,'\"]*$", description="ftp, sftp, smb: name or address.")
    port: int | None = Field(None, ge=1, le=65535, description="ftp, sftp, smb: where it is not the usual one.")
    url: str = Field("", max_length=1000, description="seafile, webdav: address of the server, of the user's folder.")
    user: str = Field(
        "", max_length=255, pattern=r"^[^\r\n]*$", description="ftp, koofr, mega, seafile, sftp, smb, swift, webdav."
    )
    bucket: str = Field(
        "",
        max_length=255,
        pattern=r"^[^/\\]*$",
        description="b2, gcs, s3; container of azureblob, swift; share of smb.",
    )
    account: str = Field("", max_length=255, description="azureblob: storage account; b2: key id.")
    provider: str = Field(
        "", max_length=60, description="s3: as Minio, Wasabi, Other; koofr: koofr, digistorage, other."
    )
    endpoint: str = Field("", max_length=500, description="azureblob, b2, gcs, koofr, s3: another endpoint.")
    region: str = Field("", max_length=63, description="s3, swift.")
    vendor: Literal["", "fastmail", "infinitescale", "nextcloud", "owncloud", "rclone", "sharepoint", "other"] = Field(
        "", description="webdav: what the server is; Nextcloud's and ownCloud's checksums are compared."
    )
    tls: Literal["", "explicit", "implicit"] = Field("", description="ftp: encrypt by AUTH TLS, or from the start.")
    host_keys: str = Field(
        "", max_length=8000, description="sftp: keys of the server, as `ssh-ed25519 AAAA...`, with commas between them."
    )
    domain: str = Field("", max_length=255, description="smb: domain of the login; swift: of the user.")
    hostname: Literal["", "api.pcloud.com", "eapi.pcloud.com"] = Field("", description="pcloud: the second in Europe.")
    library: str = Field("", max_length=255, description="seafile: name of the library.")
    auth: str = Field("", max_length=500, description="swift: address of the identity service.")
    tenant: str = Field("", max_length=255, description="swift: project.")
    tenant_domain: str = Field("", max_length=255, description="swift: domain of the project.")
    application_credential_id: str = Field("", max_length=255, description="swift.")

    @field_validator("backend")
    @classmethod
    def _allowed(cls, value: str) -> str:
        if value in REFUSED_BACKENDS:
            raise PydanticCustomError(
                "refused", "{name} is not allowed: {why}", {"name": value, "why": REFUSED_BACKENDS[value]}
            )
        if value not in BACKENDS:
            raise PydanticCustomError(
                "unknown", "must be one of: {names}", {"names": ", ".join(sorted(BACKENDS)), "given": value}
            )
        return value

    @model_validator(mode="after")
    def _fitting(self) -> RcloneOptions:
        kind = BACKENDS[self.backend]
        takes = {*kind.required, *kind.optional, *kind.one_of}
        given = {name for name in type(self).model_fields if name not in WHERE and getattr(self, name)}
        if strange := sorted(given - takes):
            known = ", ".join(name for name in type(self).model_fields if name in takes)
            raise PydanticCustomError(
                "strange",
                "{backend} has no option {name}. It has: {known}",
                {"backend": self.backend, "name": strange[0], "known": known or "none"},
            )
        if lacking := [name for name in kind.required if name in type(self).model_fields and not getattr(self, name)]:
            raise PydanticCustomError(
                "lacking", "{backend} needs the option {name}", {"backend": self.backend, "name": lacking[0]}
            )
        return self


class RcloneSecrets(Allowed):
    """Credentials; each says which backends take it."""

    password: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("password", "pass"),
        description="ftp, koofr (an app password), mega, seafile, sftp, smb, webdav.",
    )
    key_pem: SecretStr | None = Field(None, description="sftp: private key in PEM or OpenSSH's format.")
    key_file_pass: SecretStr | None = Field(None, description="sftp: password of the private key.")
    bearer_token: SecretStr | None = Field(None, description="webdav: instead of a password.")
    access_key_id: SecretStr | None = Field(None, description="s3.")
    secret_access_key: SecretStr | None = Field(None, description="s3.")
    session_token: SecretStr | None = Field(None, description="s3: of temporary credentials.")
    key: SecretStr | None = Field(None, description="azureblob: account key; b2: application key; swift: password.")
    sas_url: SecretStr | None = Field(None, description="azureblob: SAS URL of the container, instead of a key.")
    service_account_credentials: SecretStr | None = Field(None, description="gcs: content of the JSON key file.")
    access_token: SecretStr | None = Field(None, description="box, gcs: lasts an hour.")
    config_credentials: SecretStr | None = Field(None, description="box: content of the app's config.json (JWT).")
    token: SecretStr | None = Field(None, description="pcloud: JSON that `rclone authorize pcloud` prints.")
    application_credential_secret: SecretStr | None = Field(None, description="swift.")

    @field_validator("service_account_credentials", "config_credentials", "token", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return json.dumps(value) if isinstance(value, dict) else value

    @field_validator("service_account_credentials")
    @classmethod
    def _a_key_of_google(cls, value: SecretStr | None) -> SecretStr | None:
        """Other kinds of Google credentials can name programs and files of this machine."""
        if value is None:
            return None
        try:
            kind = json.loads(value.get_secret_value()).get("type")
        except (ValueError, AttributeError):
            kind = None
        if kind != "service_account":
            raise PydanticCustomError("key", 'must be the JSON key of a service account ("type": "service_account")')
        return value


def given(secrets: RcloneSecrets) -> dict[str, str]:
    """The secrets in the clear, for the length of one call."""
    found = ((name, getattr(secrets, name)) for name in type(secrets).model_fields)
    return {name: value.get_secret_value() for name, value in found if value and value.get_secret_value()}
