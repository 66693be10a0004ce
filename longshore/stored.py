"""Models in the columns of rows, which another version may have written."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from longshore.errors import Invalid

Model = TypeVar("Model", bound=BaseModel)


def read(model: type[Model], stored: dict[str, Any], name: str) -> Model:
    """What the column `name` holds. Raises Invalid with the path of the first field that is refused now."""
    try:
        return model.model_validate(stored)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field = ".".join((name, *map(str, first["loc"])))
        raise Invalid(f"{field}: {first['msg']}", field=field) from error
