"""`longshore export`: one file, through a running server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from longshore.settings import settings


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", "form", required=True, help="The format: svg, png, pdf …")
@click.option("--kind", help="What the document is; guessed from its name where left out.")
@click.option("--connection", help="Deliver to this connection (its id).")
@click.option("--folder", default="", help="Folder there; it and the name may hold fields, as reports/{year}.")
@click.option("--name", help="Name there, as '{name} {date}'; the extension is added.")
@click.option("--compress", type=click.Choice(["none", "gzip", "zstd"]), default="none", help="Compress what is sent.")
@click.option("--encrypt-to", multiple=True, help="Encrypt what is sent to this age public key. May be repeated.")
@click.option("--receipt", type=click.Path(path_type=Path), help="Where to write the signed receipt of the delivery.")
@click.option("--output", type=click.Path(path_type=Path), help="Where to write the file; default: beside the source.")
@click.option("--settings", "given", default="{}", help="Settings of the format, as JSON.")
@click.option("--wait", default=600.0, show_default=True, help="Seconds to wait for the end.")
def export(
    file: Path,
    form: str,
    kind: str | None,
    connection: str | None,
    folder: str,
    name: str | None,
    compress: str,
    encrypt_to: tuple[str, ...],
    receipt: Path | None,
    output: Path | None,
    given: str,
    wait: float,
) -> None:
    """Export FILE through a running server: with a bar, then the file, or where its delivery is."""
    from app.client import Client, ClientError
    from app.kinds import kind_of
    from app.progress_line import progress_of

    try:
        wanted = json.loads(given)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--settings") from error
    place: dict[str, Any] = {"folder": folder, "name": name, "compress": compress, "encrypt_to": list(encrypt_to)}
    if connection is None and (folder or name or compress != "none" or encrypt_to or receipt):
        raise click.UsageError("--folder, --name, --compress, --encrypt-to and --receipt need a --connection.")
    with Client.of(settings()) as client:
        told = kind or kind_of(file)
        fields = {"kind": told, "name": file.name if told == "file" else file.stem}
        with file.open("rb") as content:
            document = client.call("POST", "/api/files", data=fields, files={"file": (file.name, content)})
        deliveries = [{"connection_id": connection} | place] if connection else []
        body = {"file_id": document["id"], "format": form, "settings": wanted, "deliveries": deliveries}
        submitted = client.call("POST", "/api/export", json=body)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[phase]}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=Console(stderr=True)) as bars:
            bar = bars.add_task(f"{file.name} → {form}", total=100, phase="waiting")

            def show(one: dict[str, Any]) -> None:
                percent, words = progress_of(one)
                bars.update(bar, completed=percent, phase=words)

            ended = client.watch(submitted["id"], show, wait)
        for warning in ended["report"].get("warnings", []):
            click.echo(f"warning: {warning}", err=True)
        if ended["state"] != "completed":
            raise ClientError(f"{ended['state']}: {(ended.get('error') or {}).get('message', '')}")
        for delivery in ended["deliveries"]:
            click.echo(delivery["receipt"]["url"] or delivery["receipt"]["path"])
            if receipt:
                signed = client.call("GET", delivery["links"]["receipt"])
                receipt.write_text(json.dumps(signed, ensure_ascii=False), encoding="utf-8")
        if output or not connection:
            target = output or file.with_name(ended["artifact"]["filename"])
            if not output and target == file:
                target = file.with_name(f"{file.stem}-export{file.suffix}")
            with target.open("wb") as writer:
                writer.writelines(client.download(submitted["id"]))
            click.echo(target)
