"""`longshore retention`: what the rules of a connection would remove."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from longshore.settings import settings


@click.command()
@click.argument("connection")
@click.option("--rules", help="Rules to try instead of the connection's own, as a JSON list.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: rules, keep, remove, bytes_removed, files.")
def retention(connection: str, rules: str | None, *, as_json: bool) -> None:
    """Show which delivered files the rules of CONNECTION (its id) would remove, and why. Removes nothing."""
    from app.client import Client

    try:
        body: dict[str, Any] = {} if rules is None else {"retention": json.loads(rules)}
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--rules") from error
    with Client.of(settings()) as client:
        found = client.call("POST", f"/api/connections/{connection}/retention/preview", json=body)
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    if not found["rules"]:
        click.echo("This connection has no rules: everything stays.")
        return
    table = Table(show_edge=False)
    table.add_column("")
    table.add_column("File", overflow="fold", ratio=2)
    for heading in ("Arrived", "Size"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Why", ratio=1)
    for file in found["files"]:
        action = "[red]remove" if file["action"] == "remove" else "[green]keep"
        path = f"{file['path']} (under its dated name)" if file["moved_aside"] else file["path"]
        table.add_row(action, path, file["arrived_at"][:16].replace("T", " "), decimal(file["size"]), file["why"])
    Console().print(table)
    click.echo(f"{found['keep']} kept, {found['remove']} would be removed ({decimal(found['bytes_removed'])}).")
