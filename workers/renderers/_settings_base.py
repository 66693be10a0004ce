"""What the settings models share: types with their limits, faults that name a field, and which shapes are meant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

QUALITY_WORDS = {"low": 50, "medium": 75, "high": 90, "ultra": 100}
"""The seed's words for `quality`, as the number that image encoders take."""

_OLD_NAMES = {"selected_shapes": "selection", "frame_id": "frame"}
"""What older clients call `ids`, with the scope in which each counts."""


_COLOUR = re.compile(r"[a-zA-Z]{3,24}|#(?:[0-9a-fA-F]{3,4}){1,2}")


def _quality(value: Any) -> Any:
    return QUALITY_WORDS.get(value, value) if isinstance(value, str) else value


def _colour(value: str) -> str:
    if _COLOUR.fullmatch(value):
        return value
    message = "this is no colour. Use a CSS colour name, #rgb, #rrggbb, #rrggbbaa or transparent."
    raise ValueError(message)


def _line(value: str) -> str:
    if not any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in value):
        return value
    message = "only one line of text is possible, without tabs and control characters."
    raise ValueError(message)


def _identity(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Pixels = Annotated[int, Field(ge=1, le=16384)]
Quality = Annotated[int, BeforeValidator(_quality), Field(ge=1, le=100)]
Colour = Annotated[
    str, AfterValidator(_colour), WithJsonSchema({"type": "string", "examples": ["white", "#1f2937", "transparent"]})
]
ONE_LINE = AfterValidator(_line)
"""For text that has no room for more."""
Identity = Annotated[str, BeforeValidator(_identity), Field(min_length=1, max_length=200)]


def fault(field: str, message: str) -> ValidationError:
    """An error of one field, for validators that look at several."""
    error = PydanticCustomError("senseless", "{text}", {"text": message})  # braces in a message are no placeholders
    return ValidationError.from_exception_data("settings", [InitErrorDetails(type=error, loc=(field,), input=None)])


class Settings(BaseModel):
    """Fields that every format understands."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    theme: Literal["light", "dark"] = "light"
    """Colours for a light or a dark ground."""


class ScopeSettings(Settings):
    """Formats that can show a part of a canvas."""

    scope: Literal["full", "selection", "frame"] = "full"
    """The whole canvas, the shapes named in `ids` with the connections between them, or frames with what they hold.
    Kinds whose shapes have ids only."""
    ids: Annotated[tuple[Identity, ...], Field(max_length=1000)] = ()
    """Ids of shapes, for `scope` selection; ids or names of frames, for `scope` frame. 1,000 at most."""

    @model_validator(mode="before")
    @classmethod
    def _old_names(cls, given: Any) -> Any:
        """`export_scope`, `selected_shapes` and `frame_id` of older clients, which send all three at once."""
        if not isinstance(given, Mapping):
            return given
        new = dict(given)
        scope = new.pop("export_scope", None)
        named = {where: new.pop(old) for old, where in _OLD_NAMES.items() if old in new}
        wanted = {where: [value] if where == "frame" else value for where, value in named.items() if value}
        if scope is None and "scope" not in new:
            scope = next(iter(wanted), None)
        for name, value in (("scope", scope), ("ids", wanted.get(new.get("scope", scope)))):
            if value is not None and name in new and new[name] != value:
                raise fault(name, f"{name} is said twice, and differently. Send it once.")
            if value is not None:
                new[name] = value
        return new

    @model_validator(mode="after")
    def _means_something(self) -> Self:
        if self.scope != "full" and not self.ids:
            what = "the shapes" if self.scope == "selection" else "a frame"
            raise fault("ids", f"scope {self.scope} needs ids: name {what} to show.")
        if self.scope == "full" and self.ids:
            raise fault("ids", "ids mean nothing while scope is full. Set scope to selection or frame.")
        return self
