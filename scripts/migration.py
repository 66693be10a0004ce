"""Hold the migrations against the models, on an empty SQLite of its own.

`python scripts/migration.py check` fails where the models ask for something that no migration brings.
`python scripts/migration.py new "add a column"` writes the migration that brings it, numbered and named by date.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ROOT / "migrations" / "versions"


def main(arguments: list[str]) -> int:
    """The exit status."""
    from alembic import command
    from alembic.util import CommandError

    from longshore.schema import alembic_config, upgrade

    match arguments:
        case ["check"]:
            message = ""
        case ["new", message] if message.strip():
            message = message.strip()
        case _:
            sys.stderr.write('usage: make migration m="what it does", in a few words\n')
            return 2
    try:
        upgrade()
        if message:
            command.revision(alembic_config(), message, autogenerate=True, rev_id=next_number())
        else:
            command.check(alembic_config())
    except CommandError as error:
        sys.stderr.write(f'{error}\nWrite the migration with: make migration m="what it does"\n')
        return 1
    return 0


def next_number() -> str:
    """One more than the highest number in use."""
    found = re.findall(r"^revision = ['\"](\d{4})", "\n".join(map(Path.read_text, VERSIONS.glob("*.py"))), re.MULTILINE)
    return f"{max(map(int, found), default=0) + 1:04}"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as home:
        os.environ["LONGSHORE_HOME"] = home  # noqa: TID251 - set before the settings are read, not read
        os.environ.pop("LONGSHORE_DATABASE_URL", None)  # noqa: TID251 - nobody's database is touched
        os.environ.pop("LONGSHORE_DATABASE_URL_FILE", None)  # noqa: TID251
        status = main(sys.argv[1:])
    sys.exit(status)
