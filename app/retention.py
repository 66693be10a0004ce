"""The rules of a connection as clients send them, and what would become of its files by them."""

from __future__ import annotations

from collections.abc import Sequence

from app.api.schemas_connection import RuleIn
from longshore.errors import Invalid
from longshore.retention import Rule


def checked(rules: Sequence[RuleIn]) -> list[Rule]:
    """Raises Invalid for two rules of one folder."""
    made = [one.rule() for one in rules]
    for number, rule in enumerate(made):
        if rule.folder in {one.folder for one in made[:number]}:
            named = repr(rule.folder) if rule.folder else "all folders"
            raise Invalid(f"There is a rule for {named} already.", field=f"retention.{number}.folder")
    return made


def stored(rules: Sequence[RuleIn]) -> list[dict[str, object]]:
    """For the connection's row. Raises as `checked`."""
    return [one.stored() for one in checked(rules)]
