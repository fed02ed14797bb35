"""`quantera keys`."""

from __future__ import annotations

from pathlib import Path

import click

from keepers.commands.base import config_option, one_line_errors
from keepers.commands.group import Guessing


@click.group(cls=Guessing)
def keys() -> None:
    """Make and look at keys."""


@keys.command("new")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Take the passphrase from a file's first line instead of asking for it.",
)
@click.option("--light", is_flag=True, help="Fast, weak key derivation: for local chains only.")
@one_line_errors
def keys_new(path: Path, passphrase_file: Path | None, light: bool) -> None:
    """Make a new key and write it to PATH as an encrypted keystore.

    \b
    Examples:
      quantera keys new keys/sender.json
      quantera keys new keys/local.json --light --passphrase-file keys/local.pass
    """
    from keepers.signers.keys import create_keystore, passphrase_from_file, require_free

    require_free(path)
    if passphrase_file is not None:
        secret = passphrase_from_file(passphrase_file)(f"keystore {path}")
    else:
        secret = str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=True))
    click.echo(create_keystore(path, secret, light=light))


@keys.command("list")
@config_option
@one_line_errors
def keys_list(config_path: Path) -> None:
    """Open every key of a config and show its address.

    \b
    Example:
      quantera keys list --config keeper.yaml
    """
    from keepers.config import load_config
    from keepers.signers.keyring import open_keys

    loaded = load_config(config_path, officer=True)
    names = ["sender", *(f"signer {number}" for number in range(1, len(loaded.keys.signers) + 1))]
    opened = open_keys(loaded, (loaded.keys.sender, *loaded.keys.signers))
    for name, signer in zip(names, opened, strict=True):
        click.echo(f"{name:<10}{signer.address}")
