"""`longshore verify` and `longshore receipt`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import BinaryIO

import click

from longshore.errors import Invalid
from longshore.settings import SettingsError, settings


@click.command()
@click.argument("receipt", type=click.File("rb"))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--key", "keys", multiple=True, help="A public key: pub_…, or a file with a JWK (set). May be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: ok, finding, message, receipt.")
def verify(receipt: BinaryIO, file: Path | None, keys: tuple[str, ...], *, as_json: bool) -> None:
    """Check a RECEIPT (- is standard input), and that FILE is what it tells of. Offline: no server is asked.

    Without --key the keys of this machine's own installation are used. FILE may be the file as it was sent, or the
    artifact before it was compressed or encrypted.

    \b
    Exit status:
      0  all holds
      1  not genuine, or not a receipt
      2  wrong command line, or no key to check with
      3  genuine, but FILE is another file
      4  signed with a key that is not among those given
    """  # noqa: D301 - click wants the control character itself: what follows it is not wrapped
    from app.verify import EXIT, check, keys_of, lines, told

    try:
        known = keys_of(keys, settings())
    except (Invalid, SettingsError) as error:
        raise click.UsageError(str(error)) from error
    verdict = check(receipt, file, known)
    if as_json:
        click.echo(json.dumps(told(verdict), indent=2, ensure_ascii=False))
    else:
        click.echo(click.style(verdict.message, fg="green" if verdict.ok else "red"))
        for name, value in lines(verdict):
            click.echo(f"  {name:<9} {value}")
    sys.exit(EXIT[verdict.finding])


@click.group("receipt")
def receipt_group() -> None:
    """Keys that sign receipts."""


@receipt_group.command("key")
def receipt_key() -> None:
    """Print a new private key for LONGSHORE_SIGNING_KEYS."""
    from longshore.signing import new_key

    click.echo(new_key())


@receipt_group.command("keys")
@click.option("--json", "as_json", is_flag=True, help="Print a JWK set.")
def receipt_keys(*, as_json: bool) -> None:
    """Print the public keys of this installation, the one that signs first."""
    from longshore.signing import keyring, public_text

    ring = keyring()
    click.echo(json.dumps(ring.jwks(), indent=2) if as_json else "\n".join(map(public_text, ring.verify.values())))
