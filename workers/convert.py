"""Run the steps of a plan on one document: from a source file to a finished, inspected output file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from longshore.errors import Invalid
from longshore.settings import settings
from workers import gate, needs
from workers.accepted import misfits
from workers.inspect import inspect
from workers.plan import plan
from workers.renderers.base import SETTINGS, Document, Fetch, Render
from workers.renderers.base import Settings as FormatSettings
from workers.scene.patience import patience


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

    Returns the finished document and the render with its warnings. Raises what the planner and the conversions raise,
    and Permanent for a file that is finished too late.
    """
    _keep_no_results()
    steps = plan(kind, form, partial(needs.check, settings=settings()))
    asked = read_settings(form, given)
    with _pictures() as fetch:
        deadline = time.monotonic() + seconds
        render = Render(folder=folder, settings=asked, deadline=deadline, title=title, fetch=fetch)
        for name, message in misfits(kind, form, asked):  # a schedule's preset may have changed since
            render.warn(f"The setting {name} was passed over. {message}")
        given_document = Document(path=source, form=kind, title=title)
        made = [given_document]
        with patience(render.seconds_left):
            for step in steps:
                render.seconds_left()
                made.append(step.convert(made[-1], render))
    inspect(made[-1].path, form)
    gate.check(given_document, made[1:], render)
    render.seconds_left()
    return made[-1], render


@cache
def _keep_no_results() -> None:
    """Libvips keeps what its last operations made, up to 100 MB, for the next to use; no two documents share any."""
    import pyvips

    pyvips.cache_set_max(0)


@contextmanager
def _pictures() -> Iterator[Fetch | None]:
    """What fetches a document's pictures, where the operator allows it."""
    if not settings().remote_images:
        yield None
        return
    from workers.pictures import Pictures

    pictures = Pictures(allow_private=settings().allow_private_networks)
    try:
        yield pictures.fetch
    finally:
        pictures.close()
