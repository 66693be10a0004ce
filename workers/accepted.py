"""Which settings a kind and a format take: those that some step of the way between them follows. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from workers.plan import way
from workers.renderers.base import KINDS, SETTINGS, PageSettings, Settings

WHOLE: dict[str, object] = {"scope": "full", "ids": ()}
"""What may always be asked for: a document without parts is shown whole."""


@cache
def accepted(kind: str, form: str) -> frozenset[str]:
    """The names of the settings that change something; none where no way leads there."""
    return _named(kind, form, paper=False) | _named(kind, form, paper=True)


def misfits(kind: str, form: str, asked: Settings) -> Iterator[tuple[str, str]]:
    """The settings that were given and change nothing, each with a message for people."""
    given = [name for name in type(asked).model_fields if name in asked.model_fields_set]
    fits = isinstance(asked, PageSettings) and asked.page_size == "fit"
    for name in given:
        if name in WHOLE and getattr(asked, name) == WHOLE[name]:
            continue
        if name not in accepted(kind, form):
            yield name, _why(name, kind, form)
        elif fits and name not in _named(kind, form, paper=False):
            yield name, f"{name} counts only on paper: set page_size, too. A page that fits its drawing has no margin."


def schema(kind: str, form: str) -> dict[str, Any]:
    """The JSON schema of what may be asked for."""
    whole = SETTINGS[form].model_json_schema()
    known = accepted(kind, form)
    return {**whole, "properties": {name: one for name, one in whole["properties"].items() if name in known}}


@cache
def _named(kind: str, form: str, *, paper: bool) -> frozenset[str]:
    names = [step.on_paper if paper else step.follows for step in way(kind, form)]
    return frozenset(SETTINGS[form].model_fields) & frozenset().union(*names)


def _why(name: str, kind: str, form: str) -> str:
    """Where the setting counts, or else what does here."""
    others = [one for one in KINDS if name in accepted(one, form)]
    if others:
        return f"{name} changes nothing when {kind} becomes {form}; it is for {', '.join(others)}. Leave it out."
    known = [one for one in SETTINGS[form].model_fields if one in accepted(kind, form)]
    return f"{name} changes nothing in {form}. Leave it out; what counts: {', '.join(known) or 'nothing'}."
