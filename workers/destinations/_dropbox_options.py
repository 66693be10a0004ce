"""What a connection to Dropbox is told."""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError


class DropboxOptions(BaseModel):
    """Where, and with what link."""

    model_config = ConfigDict(extra="forbid")

    folder: str = Field("", max_length=1000, description="Folder in the Dropbox, or in the app's own; made if missing.")
    shared_link: Literal["", "public", "team"] = Field(
        "", description="Who may open the link in the receipt: `public`, `team`; empty: who has access to the file."
    )
    chunk_mb: int = Field(
        8, ge=4, le=64, multiple_of=4, description="MiB of a chunk; a smaller file is one request. Held in memory."
    )
    endpoint_url: str = Field("", max_length=500, description="A server that speaks Dropbox's API; empty: Dropbox.")


class DropboxSecrets(BaseModel):
    """A refresh token with the key of its app, which lasts; or an access token alone, which lasts four hours."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    refresh_token: SecretStr | None = Field(None, min_length=1, description="Of `token_access_type=offline`.")
    app_key: SecretStr | None = Field(
        None,
        min_length=1,
        validation_alias=AliasChoices("app_key", "client_id"),
        description="Key of the app that the refresh token was issued to.",
    )
    app_secret: SecretStr | None = Field(
        None,
        min_length=1,
        validation_alias=AliasChoices("app_secret", "client_secret"),
        description="Secret of the app; none where the token was issued with PKCE.",
    )
    access_token: SecretStr | None = Field(
        None, min_length=1, validate_default=True, description="Needed where there is no refresh token."
    )

    @field_validator("access_token")
    @classmethod
    def _lasting_or_given(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if info.data.get("refresh_token") and not info.data.get("app_key"):
            raise PydanticCustomError("app_key", "a refresh token needs the app_key of its app beside it")
        if value is None and not info.data.get("refresh_token"):
            raise PydanticCustomError("missing", "Field required")
        return value
