"""`quantera risk liquidity`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from keepers.commands.base import config_option, one_line_errors


@click.command("liquidity")
@config_option
@click.option(
    "--sell", "sell_bps", type=int, default=10_000, show_default=True, metavar="BPS", help="Part of each asset sold."
)
@click.option(
    "--depth", type=float, default=1.0, show_default=True, metavar="FRACTION", help="Part of the depth that is there."
)
@click.option(
    "--participation",
    "participation_bps",
    type=int,
    default=2_000,
    show_default=True,
    metavar="BPS",
    help="Part of a day's depth that can be sold in a day.",
)
@click.option("--at", "block", type=click.IntRange(min=0), help="Block to read at; the newest if not given.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, WAD USD as strings.")
@one_line_errors
def liquidity(
    config_path: Path, sell_bps: int, depth: float, participation_bps: int, block: int | None, as_json: bool
) -> None:
    """Tell what selling the portfolio through the listed markets would cost, also with less depth than there is.

    Each asset is routed to the settlement token by itself, at one block; nothing is sent. Assets that no market takes
    are named, and left out of the whole.

    \b
    Example:
      quantera risk liquidity --config keeper.yaml
      quantera risk liquidity --sell 5000 --depth 0.25 --json --config keeper.yaml
    """
    from keepers.config import load_config
    from keepers.operations import risk_liquidity as work
    from keepers.routing.unwind import Unwind

    found = work.liquidity(load_config(config_path), Unwind(sell_bps, depth, participation_bps), block)
    click.echo(json.dumps(work.as_object(found)) if as_json else "\n".join(work.lines(found)))
