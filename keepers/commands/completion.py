"""`quantera completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes a shell complete quantera's commands and options.

    \b
    Examples:
      quantera completion bash > ~/.local/share/bash-completion/completions/quantera
      quantera completion zsh > "${fpath[1]}/_quantera"
      quantera completion fish > ~/.config/fish/completions/quantera.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None  # the choice sees to it
    root = context.find_root().command
    # Not `source()`: for bash that asks an installed bash for its version, which need not be this machine's.
    click.echo(kind.source_template % kind(root, {}, "quantera", "_QUANTERA_COMPLETE").source_vars())
