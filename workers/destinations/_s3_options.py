"""What a connection to S3 is told: options and keys."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlencode

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

TAG = r"^[\w +\-=.:/@]*$"
"""What Amazon takes in tags: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html."""
TagName = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=TAG)]
TagValue = Annotated[str, StringConstraints(max_length=256, pattern=TAG)]


class S3Options(BaseModel):
    """Where, and how to speak to it."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    bucket_name: str = Field(
        validation_alias=AliasChoices("bucket_name", "bucket"), min_length=3, max_length=255, description="The bucket."
    )
    region: str = Field("us-east-1", pattern=r"^[A-Za-z0-9-]{1,63}$", description="Region of the bucket.")
    folder: str = Field("", max_length=700, description="Prefix of every key.")
    endpoint_url: str = Field("", max_length=500, description="Endpoint of a service other than Amazon's.")
    addressing_style: Literal["auto", "path", "virtual"] = Field("auto", description="Bucket in the path or the host.")
    storage_class: str = Field("", max_length=40, description="As STANDARD_IA; empty: the bucket's default.")
    sse: Literal["", "AES256", "aws:kms", "aws:kms:dsse"] = Field("", description="Encryption at rest.")
    sse_kms_key_id: str = Field("", max_length=2048, description="Key of `aws:kms`; empty: the account's.")
    acl: str = Field("", max_length=40, description="Canned ACL, as bucket-owner-full-control; empty: none.")
    checksums: Literal["when_supported", "when_required"] = Field(
        "when_supported", description="`when_required` for endpoints that refuse x-amz-checksum headers."
    )
    tags: dict[TagName, TagValue] = Field(
        default_factory=dict, max_length=10, description='Tags of every object, as {"team": "data"}; ten at most.'
    )
    part_size_mb: int = Field(8, ge=5, le=1024, description="MiB of a part; a smaller file is one request.")

    @property
    def stored(self) -> dict[str, str]:
        """How every object is stored, copies of old ones, too, as parameters of botocore's client."""
        wanted = {
            "ACL": self.acl,
            "StorageClass": self.storage_class,
            "ServerSideEncryption": self.sse,
            "SSEKMSKeyId": self.sse_kms_key_id,
        }
        return {name: value for name, value in wanted.items() if value}

    @property
    def about(self) -> dict[str, str]:
        """How what is sent is stored. A copy of an old object keeps its own tags."""
        return self.stored | ({"Tagging": tagging(self.tags)} if self.tags else {})


class S3Secrets(BaseModel):
    """Keys, as the provider issues them."""

    model_config = ConfigDict(extra="forbid")

    access_key_id: SecretStr = Field(min_length=1, description="Access key id.")
    secret_access_key: SecretStr = Field(min_length=1, description="Secret access key.")
    session_token: SecretStr | None = Field(None, description="Of temporary credentials.")

    @property
    def keys(self) -> tuple[str, str, str | None]:
        """Key id, secret key and session token, in the clear."""
        token = self.session_token
        return (
            self.access_key_id.get_secret_value(),
            self.secret_access_key.get_secret_value(),
            token.get_secret_value() if token else None,
        )


def tagging(tags: dict[str, str]) -> str:
    """As the header `x-amz-tagging` has them."""
    return urlencode(tags)
