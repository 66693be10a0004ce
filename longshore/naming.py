"""Names and folders with fields in them: `{name} {date}` becomes `Plan 2026-11-21`. Pure: the instant is an argument.

A field is looked up in a table; nothing of a template is evaluated. `{{` and `}}` are braces.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from longshore.errors import Invalid
from longshore.names import MAX_BYTES, clean, cut, extension_of, with_extension

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LONGEST_FOLDER = 900
"""Bytes of a whole folder: below the 1024 of an S3 key, with room for a name."""

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_SLASH = re.compile(r"[/\\]+")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the fields say. `at` is an aware instant, shown in the time zone `zone`; `schedule` is empty without one."""

    at: datetime
    name: str
    format: str
    kind: str
    version: int
    sha256: str
    export_id: str
    schedule: str = ""
    zone: str = "UTC"

    def local(self) -> datetime:
        """The instant on the wall clock of the zone. Raises Invalid for a zone that this machine does not know."""
        try:
            return self.at.astimezone(ZoneInfo(self.zone))
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise Invalid(f"This machine knows no time zone {self.zone!r}.", field="timezone") from error


TEXTS: dict[str, Callable[[Facts], str]] = {
    "name": lambda facts: facts.name,
    "format": lambda facts: facts.format,
    "kind": lambda facts: facts.kind,
    "version": lambda facts: str(facts.version),
    "sha8": lambda facts: facts.sha256[:8],
    "export": lambda facts: facts.export_id,
    "schedule": lambda facts: facts.schedule or "once",
}
"""Fields that are no time. `{schedule}` is the schedule's type, so that `{schedule}/{name}` sorts backups."""

TIMES = {
    "date": "%Y-%m-%d",
    "time": "%H-%M-%S",
    "datetime": "%Y-%m-%d_%H-%M-%S",
    "year": "%Y",
    "month": "%m",
    "day": "%d",
    "hour": "%H",
    "minute": "%M",
    "weekday": "%A",
    "week": "%G-W%V",
}
"""Fields that are, as they are written by themselves. A week belongs to a year of its own (ISO 8601)."""

SHAPED = ("date", "time", "datetime")
"""Fields that take a shape of the user's own: `{date:%d.%m.%Y}`."""

DIRECTIVES: dict[str, Callable[[datetime], str]] = {
    "Y": lambda at: f"{at.year:04}",
    "y": lambda at: f"{at.year % 100:02}",
    "m": lambda at: f"{at.month:02}",
    "B": lambda at: MONTHS[at.month - 1],
    "b": lambda at: MONTHS[at.month - 1][:3],
    "d": lambda at: f"{at.day:02}",
    "j": lambda at: f"{at.timetuple().tm_yday:03}",
    "A": lambda at: DAYS[at.weekday()],
    "a": lambda at: DAYS[at.weekday()][:3],
    "u": lambda at: str(at.isoweekday()),
    "G": lambda at: f"{at.isocalendar().year:04}",
    "V": lambda at: f"{at.isocalendar().week:02}",
    "H": lambda at: f"{at.hour:02}",
    "I": lambda at: f"{(at.hour - 1) % 12 + 1:02}",
    "p": lambda at: "AM" if at.hour < 12 else "PM",  # noqa: PLR2004 - noon
    "M": lambda at: f"{at.minute:02}",
    "S": lambda at: f"{at.second:02}",
    "z": lambda at: f"{at:%z}",
    "%": lambda _at: "%",
}
"""What a shape may hold, as strftime means it; in English on every machine, whatever its locale."""

Token = str | tuple[str, str]
"""Text as it is, or a field and its shape."""


def known() -> list[str]:
    """The names of all fields."""
    return [*TEXTS, *TIMES]


def has_fields(template: str) -> bool:
    """Whether anything in it is to be filled in, or is a brace that was written twice."""
    return "{" in template or "}" in template


def check(template: str, field: str) -> None:
    """Raises Invalid, with the path `field`, for what cannot be filled in."""
    for token in _tokens(template, field):
        if isinstance(token, tuple):
            _value(token, _EXAMPLE, field)


def check_folder(template: str, field: str) -> None:
    """As `check`; and a folder with fields may not lead upwards."""
    check(template, field)
    if has_fields(template) and ".." in _SLASH.split(template):
        raise Invalid("A folder may not contain `..`. Name it from the connection's own folder downwards.", field=field)


def fill(template: str, facts: Facts, *, field: str = "name", room: int = MAX_BYTES) -> str:
    """The name, safe on every system and at most `room` bytes: where it is longer, `{name}` is shortened.

    Raises Invalid.
    """
    tokens = _tokens(template, field)
    filled = "".join(_value(token, facts, field) for token in tokens)
    over, times = len(filled.encode()) - room, tokens.count(("name", ""))
    if over > 0 and times:
        left = max(1, len(facts.name.encode()) - -(-over // times))
        names = cut(facts.name, left)
        filled = "".join(names if token == ("name", "") else _value(token, facts, field) for token in tokens)
    return cut(clean(filled), room)


def fill_folder(template: str, facts: Facts) -> str:
    """The folder, its parts separated by `/`. Only the fields' own shapes make further parts, never their values.

    One without fields stays as it is: the destination checks it. Raises Invalid.
    """
    if not has_fields(template):
        return template
    check_folder(template, "folder")
    filled = ""
    for token in _tokens(template, "folder"):
        value = _value(token, facts, "folder")
        filled += _SLASH.sub("_", value) if isinstance(token, tuple) and token[0] in TEXTS else value
    path = "/".join(clean(part) for part in _SLASH.split(filled) if part.strip())
    if len(path.encode()) > LONGEST_FOLDER:
        raise Invalid(f"The folder is longer than {LONGEST_FOLDER} bytes when filled in: {path[:80]}…", field="folder")
    return path


def address(folder: str, name: str, facts: Facts, filename: str, endings: str = "") -> tuple[str, str]:
    """Folder and name of a delivery: both filled in, the name ending as the artifact's `filename`, then in `endings`.

    An empty name takes the artifact's. Raises Invalid.
    """
    asked = fill(name, facts) if name else filename
    return fill_folder(folder, facts), with_extension(asked, extension_of(filename)) + endings


def _tokens(template: str, field: str) -> list[Token]:
    tokens: list[Token] = []
    end = 0
    for found in _TOKEN.finditer(template):
        tokens.append(template[end : found.start()])
        end = found.end()
        if found[0] in {"{{", "}}"}:
            tokens.append(found[0][0])
        elif found[1] is None:
            raise Invalid(
                f"A lone {found[0]} at character {found.start() + 1}: write it twice to mean it.", field=field
            )
        else:
            name, _, shape = found[1].partition(":")
            tokens.append((name, shape))
    return [*(token for token in tokens if token), template[end:]]


def _value(token: Token, facts: Facts, field: str) -> str:
    if isinstance(token, str):
        return token
    name, shape = token
    if name not in TEXTS and name not in TIMES:
        raise Invalid(f"There is no field {{{name}}}. Fields are: {_listed()}.", field=field)
    if shape and name not in SHAPED:
        raise Invalid(f"{{{name}}} takes no shape; {_or(SHAPED)} do, as {{date:%d.%m.%Y}}.", field=field)
    if name in TEXTS:
        return TEXTS[name](facts)
    at = facts.local()

    def directive(found: re.Match[str]) -> str:
        if found[1] not in DIRECTIVES:
            legal = " ".join(f"%{one}" for one in DIRECTIVES)
            raise Invalid(f"{found[0]} is not known in {{{name}:{shape}}}. Known are: {legal}", field=field)
        return DIRECTIVES[found[1]](at)

    return _DIRECTIVE.sub(directive, shape or TIMES[name])


def _listed() -> str:
    return ", ".join(f"{{{name}}}" for name in known())


def _or(names: tuple[str, ...]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


_EXAMPLE = Facts(datetime.fromisoformat("2026-11-21T09:00:00+00:00"), "n", "png", "svg", 1, "0" * 64, "0")
