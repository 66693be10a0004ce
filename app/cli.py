"""The `longshore` command."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from app.cli_export import export
from app.cli_receipts import receipt_group, verify
from app.cli_retention import retention
from app.cli_schedule import schedule_group
from longshore import VERSION
from longshore.errors import LongshoreError
from longshore.settings import SettingsError, settings


class Group(click.Group):
    """Turns our errors into one line on stderr and exit code 1: a stack trace is for bugs."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        from app.client import ClientError

        try:
            return super().invoke(context)
        except (LongshoreError, SettingsError, ClientError) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="longshore")
def main() -> None:
    """Turn documents into files and deliver them."""


@main.command()
def up() -> None:
    """Start API, workers, beat and Flower in the foreground, with a Redis of their own if none is named."""
    from app.up import run

    sys.exit(run(settings()))


@main.command()
def demo() -> None:
    """Export and deliver the bundled samples with real parts, verify every file, stop everything."""
    from app.demo import run

    sys.exit(run(settings()))


@main.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    from longshore.schema import upgrade

    upgrade()
    click.echo("The database is up to date.")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(*, as_json: bool) -> None:
    """Show what is missing on this machine, and the command that mends it. Exits 1 where something is missing."""
    from app.doctor import examine

    findings = examine(settings())
    if as_json:
        fields = ("name", "ok", "found", "remedy")
        click.echo(json.dumps([{name: getattr(one, name) for name in fields} for one in findings], indent=2))
    else:
        table = Table(show_edge=False)
        for heading in ("", "Part", "Found", "Mend it with"):
            table.add_column(heading)
        for one in findings:
            table.add_row("[green]ok" if one.ok else "[red]missing", one.name, one.found, one.remedy)
        Console().print(table)
    sys.exit(0 if all(one.ok for one in findings) else 1)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON: kind, format, available, needs, settings.")
def formats(*, as_json: bool) -> None:
    """List what can become what on this machine. Needs no server."""
    from workers import needs
    from workers.accepted import schema
    from workers.plan import matrix

    cells = matrix(partial(needs.check, settings=settings()))
    if as_json:
        rows = [
            {
                "kind": cell.kind,
                "format": cell.format,
                "available": cell.available,
                "needs": list(cell.needs),
                "settings": schema(cell.kind, cell.format)["properties"],
            }
            for cell in cells
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    table = Table(show_edge=False)
    for heading in ("Kind", "Format", "Here", "Way", "Get it with"):
        table.add_column(heading)
    for cell in cells:
        way = " → ".join([cell.kind, *(step.target for step in cell.steps)])
        table.add_row(cell.kind, cell.format, "yes" if cell.available else "[red]no", way, " and ".join(cell.remedies))
    Console().print(table)


@main.group()
def key() -> None:
    """API keys."""


@key.command("create")
@click.option("--owner", required=True, help="Whose exports the key sees.")
@click.option("--name", default="command line", show_default=True, help="A name to know it by.")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(["read", "write", "admin"]), help="May be repeated."
)
def key_create(owner: str, name: str, scopes: tuple[str, ...]) -> None:
    """Make an API key and print it. It is shown this once."""
    from app.auth import create_key
    from longshore.db import clock, transaction

    with transaction() as session:
        _row, token = create_key(session, owner, name, list(scopes or ("read", "write")), clock(session))
    click.echo(token)


@main.group("vault")
def vault_group() -> None:
    """Keys that encrypt stored credentials."""


@vault_group.command("key")
def vault_key() -> None:
    """Print a new key for LONGSHORE_VAULT_KEYS."""
    from cryptography.fernet import Fernet

    click.echo(Fernet.generate_key().decode())


@vault_group.command("rotate")
def vault_rotate() -> None:
    """Wrap every stored secret with the first key of LONGSHORE_VAULT_KEYS; the old ones may go then."""
    from longshore.rotation import rotate

    click.echo(f"{rotate()} secrets are wrapped with the first key.")


for _command in (export, verify, receipt_group, retention, schedule_group):
    main.add_command(_command)


if __name__ == "__main__":
    main()
