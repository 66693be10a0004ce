"""Run the steps of a plan on one document: from a source file to a finished, inspected output file."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from longshore.errors import Invalid
from longshore.settings import settings
from workers import needs
from workers.inspect import inspect
from workers.plan import plan
from workers.renderers.base import SETTINGS, Document, Render
from workers.renderers.base import Settings as FormatSettings


def read_settings(form: str, given: dict[str, Any]) -> FormatSettings:
    """The settings of a format, validated. Raises Invalid naming the field."""
    try:
        return SETTINGS[form].model_validate(given)
    except KeyError as error:
        raise Invalid(f"{form!r} is not a format.", field="format") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise Invalid(f"settings.{name}: {first['msg']}", field=f"settings.{name}") from error


def convert(
    source: Path, kind: str, form: str, *, title: str, given: dict[str, Any], folder: Path, seconds: float
) -> tuple[Document, Render]:
    """Turn `source` into a file of format `form` in `folder`, within `seconds`.

    Returns the finished document and the render with its warnings. Raises what the planner and the conversions raise.
    """
    steps = plan(kind, form, partial(needs.check, settings=settings()))
    render = Render(
        folder=folder, settings=read_settings(form, given), deadline=time.monotonic() + seconds, title=title
    )
    document = Document(path=source, form=kind, title=title)
    for step in steps:
        render.seconds_left()
        document = step.convert(document, render)
    inspect(document.path, form)
    return document, render
