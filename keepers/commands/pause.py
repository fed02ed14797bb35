"""`quantera pause` and `unpause`."""

from __future__ import annotations

from pathlib import Path

import click

from keepers.commands.base import config_option, one_line_errors

bot_argument = click.argument(
    "bot",
    type=click.Choice(["all", "risk", "rebalance", "claims", "sanctions", "kyc", "execution", "training"]),
    default="all",
)


@click.command("pause")
@bot_argument
@config_option
@click.option("--reason", required=True, help="For those who ask why nothing happens.")
@one_line_errors
def pause_bots(bot: str, config_path: Path, reason: str) -> None:
    """Let bots rest: they go on watching and finish what they sent, but begin nothing.

    Takes effect at a bot's next look at the chain, on every replica, and outlasts restarts. The portfolio itself
    is not paused: that is for its guardian, on chain.

    \b
    Examples:
      quantera pause --config keeper.yaml --reason "venue incident"
      quantera pause rebalance --config keeper.yaml --reason "index change tomorrow"
    """
    import time

    from keepers.operations.pauses import bots_of, opened
    from keepers.store.pauses import Pause, pause

    with opened(config_path) as (config, store):
        for name in bots_of(config, bot):
            fresh = pause(store, Pause(name, reason, int(time.time())))
            click.echo(f"{name} {'paused' if fresh else 'was paused already; reason replaced'}")


@click.command("unpause")
@bot_argument
@config_option
@one_line_errors
def unpause_bots(bot: str, config_path: Path) -> None:
    """Let paused bots go on; they catch up with what they missed.

    \b
    Example:
      quantera unpause --config keeper.yaml
    """
    from keepers.operations.pauses import bots_of, opened
    from keepers.store.pauses import unpause

    with opened(config_path) as (config, store):
        for name in bots_of(config, bot):
            click.echo(f"{name} {'goes on' if unpause(store, name) else 'was not paused'}")
