"""Write `.env.example`, every setting with its description and default: `python scripts/env_example.py`."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

HEAD = """\
# Every setting of Longshore, with its default. Durations are in seconds, sizes in bytes, unless a name says otherwise.
# Copy this to `.env` and uncomment what differs. docker-compose.yml hands `.env` to its containers; for a shell:
# set -a; . ./.env; set +a
# Secrets may come from files instead: a variable with `_FILE` at the end of its name holds the path.
# Written by `make env` from longshore/settings.py.
"""

PROCFILE = (
    ("WEB_CONCURRENCY", "2", "Processes of one web server."),
    ("WEB_THREADS", "32", "Threads of each; whoever waits for an export or its events holds one."),
    ("RENDER_CONCURRENCY", "2", "Renderings at once in one render worker; each has a browser of its own."),
    ("UPLOAD_CONCURRENCY", "4", "Deliveries at once in one upload worker."),
    ("FLOWER_ADDRESS", "127.0.0.1", "Address Flower listens on. It asks nobody who they are: keep it on loopback."),
)
"""What the Procfile reads beside the settings: name, default, meaning."""


def text() -> str:
    """The whole file."""
    from longshore.settings import PREFIX, SECRETS, Settings

    parts = [HEAD]
    for name, field in Settings.model_fields.items():
        variable = PREFIX + name.upper()
        default = field.get_default()
        value = default.get_secret_value() if hasattr(default, "get_secret_value") else default
        parts.append(entry(variable, shown(value), str(field.description), secret=name in SECRETS))
    parts.append("# Read by the Procfile:\n")
    parts.extend(entry(*one) for one in PROCFILE)
    return "\n".join(parts)


def shown(value: object) -> str:
    """A default as it would stand in the environment; paths inside the checkout are relative to it."""
    if value is None or value == ():
        return ""
    if isinstance(value, Path):
        return str(value.relative_to(ROOT) if value.is_relative_to(ROOT) else value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def entry(variable: str, value: str, description: str, *, secret: bool = False) -> str:
    """The description as a comment, the variable under it."""
    note = f" Or from a file: {variable}_FILE." if secret else ""
    return "\n".join(f"# {line}" for line in textwrap.wrap(description + note, 110)) + f"\n#{variable}={value}\n"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    (ROOT / ".env.example").write_text(text(), encoding="utf-8")
