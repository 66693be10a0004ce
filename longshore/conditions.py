"""When an export of a schedule is not made after all. What is asked for here is answered by the worker.

Only a worker opens documents: they may be large, hostile, or behind a URL, and beat must not wait for any of that.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from longshore.stored import read as read_stored


class Conditions(BaseModel):
    """What skips an export. A condition that cannot be evaluated fails the export instead: silence is never success."""

    model_config = ConfigDict(extra="forbid")

    skip_unchanged: bool = Field(
        default=False,
        description="Skip where the document means the same as at the schedule's last delivery. Key order, the "
        "editor's camera and selection, versions and timestamps do not count.",
    )
    skip_empty: bool = Field(default=False, description="Skip where there is nothing in the document.")
    skip_older_than: float | None = Field(
        default=None,
        gt=0,
        le=3650 * 86400,
        description="Skip where the newest version of the stored document is older, in seconds.",
    )
    deliver_every: float | None = Field(
        default=None,
        gt=0,
        le=3650 * 86400,
        description="With `skip_unchanged`: deliver all the same once the last delivery is so old, in seconds.",
    )

    @model_validator(mode="after")
    def _agree(self) -> Conditions:
        if self.deliver_every is not None and not self.skip_unchanged:
            message = "deliver_every makes sense only with skip_unchanged"
            raise ValueError(message)
        return self

    def __bool__(self) -> bool:
        """Whether there is anything to look at."""
        return self.skip_unchanged or self.skip_empty or self.skip_older_than is not None


def read(stored: dict[str, Any]) -> Conditions:
    """The conditions of a row. Raises Invalid with the field's name: another version may have allowed them."""
    return read_stored(Conditions, stored, "conditions")
